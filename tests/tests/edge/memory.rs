//! What the edge remembers, and can put in the place of what it sees now.

use kleis_e2e::{Exchange, Reply, Way, mutation};

/// What the edge has seen on one way of one RPC, and of others: with what it can replace what it sees now.
pub(crate) struct Memory {
    rpc: &'static str,
    way: Way,
    same: Vec<Vec<u8>>,
    others: Vec<Vec<u8>>,
}

impl Memory {
    pub(crate) fn new(rpc: &'static str, way: Way, seen: &[Exchange]) -> Self {
        let of = |exchange: &Exchange| match (way, &exchange.reply) {
            (Way::There, _) => Some(exchange.request.clone()),
            (Way::Back, Reply::Message(message)) => Some(message.clone()),
            (Way::Back, Reply::Refused(_)) => None,
        };
        let same = seen.iter().filter(|exchange| exchange.method == rpc);
        let mut same: Vec<_> = same.filter_map(of).collect();
        same.sort();
        same.dedup();
        let mut others = Vec::new();
        for other in ["BeginKey", "CreateKeys", "GetStatusList"] {
            let is_other = |seen: &&Exchange| {
                seen.method != rpc && seen.method.ends_with(&format!("/{other}"))
            };
            others.extend(seen.iter().find(is_other).and_then(of));
        }
        Self {
            rpc,
            way,
            same,
            others,
        }
    }

    /// Every form in which a message could be false.
    pub(crate) fn forms(&self, message: &[u8]) -> mutation::Forms<Vec<u8>> {
        let same: Vec<_> = self.same.iter().map(Vec::as_slice).collect();
        let is_request = self.way == Way::There;
        let mut forms = mutation::of_message(self.rpc, is_request, message, &same);
        let replayed = same.iter().filter(|other| **other != message);
        forms.extend(replayed.map(|other| ("replayed".to_owned(), other.to_vec())));
        // What says nothing reads everything as nothing.
        if !message.is_empty() {
            let others = self.others.iter();
            forms.extend(others.map(|other| ("of another kind".to_owned(), other.clone())));
        }
        forms
    }
}
