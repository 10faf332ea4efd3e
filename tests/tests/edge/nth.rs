//! Putting one false message after another in the place of the true one.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use kleis_e2e::{Exchange, Mischief, Reply, mutation};

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    There,
    Back,
}

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
    fn forms(&self, message: &[u8]) -> mutation::Forms<Vec<u8>> {
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

/// Puts the form of one number in the place of the true message.
#[derive(Clone)]
pub(crate) struct Nth {
    memory: Arc<Memory>,
    number: usize,
    applied: Arc<Mutex<String>>,
    left: Arc<AtomicUsize>,
}

impl Nth {
    pub(crate) fn new(memory: &Arc<Memory>, number: usize) -> Self {
        Self {
            memory: Arc::clone(memory),
            number,
            applied: Arc::default(),
            left: Arc::default(),
        }
    }

    /// How many forms are left after this one.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }

    /// What was put in the place of the true message; empty if nothing was.
    pub(crate) fn applied(&self) -> String {
        self.applied.lock().unwrap().clone()
    }

    fn apply(&self, way: Way, method: &str, message: Vec<u8>) -> Vec<u8> {
        if way != self.memory.way || method != self.memory.rpc {
            return message;
        }
        let mut forms = self.memory.forms(&message);
        if self.number >= forms.len() {
            return message;
        }
        let (name, other) = forms.swap_remove(self.number);
        *self.applied.lock().unwrap() = name;
        self.left.store(forms.len() - self.number, Ordering::SeqCst);
        other
    }
}

impl Mischief for Nth {
    fn request(&self, method: &str, message: Vec<u8>) -> Vec<u8> {
        self.apply(Way::There, method, message)
    }

    fn reply(&self, method: &str, reply: Reply) -> Reply {
        match reply {
            Reply::Message(message) => Reply::Message(self.apply(Way::Back, method, message)),
            refused @ Reply::Refused(_) => refused,
        }
    }
}
