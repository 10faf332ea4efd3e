//! The contracts that whoever asks for a certificate accepts.

use std::collections::BTreeMap;

use kleis_jose::digest;
use kleis_types::{ErrorCode, Identifier, Problem, base64url};

/// A contract, as the operator has written it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Its media type, as in RFC 9110 section 8.3.
    pub media_type: String,
    /// Its bytes, which whoever accepts it has read.
    pub text: Vec<u8>,
}

impl Contract {
    /// SHA-256 of its bytes, base64url: what an order that accepts it names.
    pub fn digest(&self) -> String {
        base64url::encode(&digest::sha256(&self.text))
    }
}

/// The contract of each identifier type that has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contracts(BTreeMap<String, (String, Contract)>);

impl Contracts {
    /// These contracts, by the names of the types.
    pub fn new(contracts: impl IntoIterator<Item = (String, Contract)>) -> Self {
        let with_digest =
            |(name, contract): (String, Contract)| (name, (contract.digest(), contract));
        Self(contracts.into_iter().map(with_digest).collect())
    }

    /// The contract of a type, and its digest.
    pub fn of(&self, type_name: &str) -> Option<&(String, Contract)> {
        self.0.get(type_name)
    }

    /// Refuses a request that does not accept the contract of its type as it stands now, or that
    /// accepts one where there is none: whoever signed that has read something else.
    pub(crate) fn check(&self, identifier: &Identifier, accepted: &str) -> Result<(), Problem> {
        let wanted = self.of(identifier.type_name());
        if wanted.map_or("", |(digest, _)| digest) == accepted {
            Ok(())
        } else {
            Err(Problem::from(ErrorCode::ContractNotAccepted).at("contract"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_is_accepted_as_it_stands() {
        let contract = |text: &str| Contract {
            media_type: "text/plain".to_owned(),
            text: text.into(),
        };
        let contracts = Contracts::new([("NIHII".to_owned(), contract("one"))]);
        let doctor: Identifier = "NIHII:18749704".parse().unwrap();
        let person: Identifier = "SSIN:85073003328".parse().unwrap();
        let code = |identifier: &Identifier, accepted: &str| {
            let checked = contracts.check(identifier, accepted);
            checked.map_err(|problem| (problem.code(), problem.field().map(str::to_owned)))
        };
        let refused = Err((ErrorCode::ContractNotAccepted, Some("contract".to_owned())));
        assert_eq!(code(&doctor, &contract("one").digest()), Ok(()));
        assert_eq!(code(&doctor, &contract("two").digest()), refused);
        assert_eq!(code(&doctor, ""), refused);
        assert_eq!(code(&person, ""), Ok(()));
        assert_eq!(code(&person, &contract("one").digest()), refused);
    }
}
