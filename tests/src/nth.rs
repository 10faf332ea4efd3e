//! Putting one false message after another in the place of the true one.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use crate::{Mischief, Reply, mutation};

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A request.
    There,
    /// A reply.
    Back,
}

/// Every form in which a message could be false.
type FormsOf = dyn Fn(&[u8]) -> mutation::Forms<Vec<u8>> + Send + Sync;

/// Puts the form of one number in the place of the true message, on one way of one method. Clones tell of the same.
#[derive(Clone)]
pub struct Nth {
    way: Way,
    method: String,
    number: usize,
    forms: Arc<FormsOf>,
    passed: Arc<Mutex<Passed>>,
}

/// What has passed of the message.
#[derive(Default)]
enum Passed {
    /// None has come.
    #[default]
    Nothing,
    /// The true one: there is no form of that number.
    Truth,
    /// The form of this name; so many are left after it.
    Form { name: String, left: usize },
}

impl Nth {
    /// The form of this number, from 0.
    pub fn new(
        way: Way,
        method: &str,
        number: usize,
        forms: impl Fn(&[u8]) -> mutation::Forms<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            way,
            method: method.to_owned(),
            number,
            forms: Arc::new(forms),
            passed: Arc::default(),
        }
    }

    /// How many forms are left after this one.
    pub fn left(&self) -> usize {
        match *self.passed.lock().unwrap() {
            Passed::Form { left, .. } => left,
            Passed::Nothing | Passed::Truth => 0,
        }
    }

    /// Whether a message has come, and there was no form of that number.
    pub fn is_exhausted(&self) -> bool {
        matches!(*self.passed.lock().unwrap(), Passed::Truth)
    }

    /// What was put in the place of the true message; empty if nothing was.
    pub fn applied(&self) -> String {
        match &*self.passed.lock().unwrap() {
            Passed::Form { name, .. } => name.clone(),
            Passed::Nothing | Passed::Truth => String::new(),
        }
    }

    fn apply(&self, way: Way, method: &str, message: Vec<u8>) -> Vec<u8> {
        if way != self.way || method != self.method {
            return message;
        }
        let mut forms = (self.forms)(&message).into_iter().skip(self.number);
        let mut passed = self.passed.lock().unwrap();
        if let Some((name, form)) = forms.next() {
            let left = forms.len();
            *passed = Passed::Form { name, left };
            return form;
        }
        // A second message, sent after a first one that was made false, takes nothing back.
        if matches!(*passed, Passed::Nothing) {
            *passed = Passed::Truth;
        }
        message
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

impl fmt::Debug for Nth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nth")
            .field("method", &self.method)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
