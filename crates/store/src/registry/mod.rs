//! The registration service's records, which the directory reads: registrants, certificates,
//! encryption keys, and the ready-made JWK Sets.

mod model;
mod traits;

pub use model::{
    Certificate, ChangeEvent, EncryptionKey, EnrolmentCode, KeySession, KeyUse, PublicKeyClaim,
    Registrant, Role, StatusEntry, StoredJwkSet,
};
pub use traits::{RegistryRead, RegistryStore, RegistryTx};
