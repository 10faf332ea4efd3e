//! One transaction for each change.
//!
//! [`Carried`] is the frame around every order: the same order again is answered as before, another
//! one under its `jti` is refused, and the order is kept with its result and the signed reply. Inside the frame stands a
//! [`Work`], which reads what it needs and writes through the [`Ledger`], so that no record changes
//! without its audit row and no status without its entry in the list.

pub(crate) mod activate_key;
pub(crate) mod approvals;
pub(crate) mod begin_key;
pub(crate) mod bootstrap;
mod carried;
pub(crate) mod codes;
pub(crate) mod complete_key;
pub(crate) mod create_code;
pub(crate) mod deliver;
pub(crate) mod describe_certificate;
mod encryption_key;
pub(crate) mod enrol;
pub(crate) mod expire;
pub(crate) mod grant_role;
pub(crate) mod import_registrants;
mod issue;
mod kept;
mod ledger;
pub(crate) mod life;
mod notices;
mod proof;
pub(crate) mod provision;
mod publish;
mod register;
pub(crate) mod register_file;
pub(crate) mod renew;
mod replies;
pub(crate) mod requests;
pub(crate) mod revoke_certificate;
pub(crate) mod revoke_key;
pub(crate) mod roles;
pub(crate) mod serials;
pub(crate) mod signer;
pub(crate) mod sourcing;

pub(crate) use carried::{Answer, Carried, Refusal, Verdict, Work};
pub(crate) use issue::Issuer;
pub(crate) use kept::OrderSeal;
pub(crate) use ledger::{Account, Ledger};
pub(crate) use replies::Replies;
