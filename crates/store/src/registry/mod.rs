//! The registration service's records, which the directory reads: registrants, certificates,
//! encryption keys, and the ready-made JWK Sets.

mod model;
mod notice;
mod request;
mod role;
mod serial;
mod traits;

pub use kleis_types::Role;
pub use model::{
    Certificate, ChangeEvent, EncryptionKey, EnrolmentCode, KeySession, KeyUse, PublicKeyClaim,
    Registrant, StatusEntry, StoredJwkSet,
};
pub use notice::{Delivery, DeliveryCounts, Notice};
pub use request::{Approval, CertificateRequest, PlacedRequest, RequestFilter};
pub use role::RoleGrant;
pub use serial::SerialReservation;
pub use traits::{RegistryRead, RegistryStore, RegistryTx};
