//! What `Debug` shows of records.

/// Gives a record a `Debug` with these fields alone: names and states, never documents, keys in
/// whatever wrapping, or texts that name a person. ([`Identifier`](kleis_types::Identifier) shows no
/// more than its type.)
macro_rules! shows {
    ($record:ident { $($field:ident),+ $(,)? }) => {
        impl std::fmt::Debug for $record {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($record))
                    $( .field(stringify!($field), &self.$field) )+
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use shows;

#[cfg(test)]
mod tests {
    use kleis_types::{RecordState, Timestamp};

    use crate::{StoredOrder, custody::Record, registry::Registrant};

    #[test]
    fn records_show_neither_persons_nor_what_is_kept_for_them() {
        let at = Timestamp::from_unix(1);
        let person = "SSIN:85073003328";
        let registrant = Registrant {
            id: person.parse().unwrap(),
            name: "Doe Jane".to_owned(),
            identifiers: vec![person.parse().unwrap()],
            active: true,
            contact: kleis_types::Contact::default(),
            version: 1,
        };
        let record = Record {
            key_id: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            owner: person.to_owned(),
            algorithm: "oct-256".to_owned(),
            policy: b"85".to_vec(),
            wrapping_key: "w".to_owned(),
            wrapped: vec![201, 202],
            created_at: at,
            expires_at: at,
            state: RecordState::Active,
            reads: 0,
            destroy_at: None,
            version: 1,
            mac: [203; 32],
        };
        let order = StoredOrder {
            jti: "j".to_owned(),
            digest: [204; 32],
            method: "m".to_owned(),
            signer: "s".to_owned(),
            compact: person.to_owned(),
            result: person.to_owned(),
            reply: person.to_owned(),
            received_at: at,
            expires_at: at,
            mac: [205; 32],
        };
        let shown = format!("{registrant:?} {record:?} {order:?}");
        for hidden in ["85073003328", "Jane", "56, 53", "20"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        for told in ["SSIN:***", "AAAAAAAAAAAAAAAAAAAAAA", "Active", "\"j\""] {
            assert!(shown.contains(told), "{shown}");
        }
    }
}
