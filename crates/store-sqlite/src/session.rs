//! What acts and readers hold.

use std::{marker::PhantomData, sync::Arc};

use kleis_store::{AuditDuty, StoreError};
use kleis_types::Random;

use crate::{chain::Chain, link::Link, schema::Schema};

/// A transaction on the database `D`: a snapshot to read, or the work of an act.
pub struct Session<D, M> {
    pub(crate) link: Link,
    pub(crate) mode: M,
    database: PhantomData<fn() -> D>,
}

/// A consistent snapshot to read from.
pub type Reader<D> = Session<D, Reading>;
/// A write transaction.
pub type Tx<D> = Session<D, Writing>;

/// What a reader keeps beside its connection: nothing.
#[derive(Debug)]
pub struct Reading(());

/// What an act keeps beside its connection.
pub struct Writing {
    pub(crate) chain: Chain,
    pub(crate) duty: AuditDuty,
    pub(crate) random: Arc<dyn Random>,
}

impl<D: Schema> Reader<D> {
    pub(crate) fn reading(link: Link) -> Self {
        Self {
            link,
            mode: Reading(()),
            database: PhantomData,
        }
    }
}

impl<D: Schema> Tx<D> {
    pub(crate) fn writing(link: Link, chain: Chain, random: Arc<dyn Random>) -> Self {
        let mode = Writing {
            chain,
            duty: AuditDuty::default(),
            random,
        };
        Self {
            link,
            mode,
            database: PhantomData,
        }
    }

    /// Whether the work of the act named `act` may stay.
    pub(crate) fn settle(&mut self, act: &'static str) -> Result<(), StoreError> {
        let duty = std::mem::take(&mut self.mode.duty);
        match self.link.failure() {
            Some(error) => Err(error.clone()),
            None => duty.settle(act),
        }
    }
}
