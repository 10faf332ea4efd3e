//! The service over gRPC: parse, call, answer.

mod admin;
mod messages;
mod public;

use kleis_proto::{
    call,
    method::MAX_ORDER,
    registration::v1::{
        registration_admin_service_server::RegistrationAdminServiceServer,
        registration_service_server::RegistrationServiceServer,
    },
};
use kleis_store::registry::RegistryStore;
use kleis_types::Problem;
use tonic::Status;

use crate::{Call, Registration, RegistrationError};

pub use admin::RULES as ADMIN_RULES;
pub use public::RULES as PUBLIC_RULES;

/// Room in a message for what stands around the longest order. What is longer is not even read.
const ROOM: usize = 1024;

/// The service that the edge may reach.
pub fn public<S: RegistryStore>(
    registration: Registration<S>,
) -> RegistrationServiceServer<Adapter<S>> {
    RegistrationServiceServer::new(Adapter::new(registration))
        .max_decoding_message_size(MAX_ORDER + ROOM)
}

/// The service of the admin listener.
pub fn admin<S: RegistryStore>(
    registration: Registration<S>,
) -> RegistrationAdminServiceServer<Adapter<S>> {
    RegistrationAdminServiceServer::new(Adapter::new(registration))
        .max_decoding_message_size(MAX_ORDER + ROOM)
}

/// Registration behind gRPC.
#[derive(Debug)]
pub struct Adapter<S>(Registration<S>);

impl<S: RegistryStore> Adapter<S> {
    /// The adapter of both services, for those who serve it otherwise than [`public`] and
    /// [`admin`].
    pub fn new(registration: Registration<S>) -> Self {
        Self(registration)
    }
}

/// Tells the caller; what is ours to mend goes into the log as well.
fn refuse(call: &Call, error: &RegistrationError) -> Status {
    if error.is_internal() {
        tracing::error!(trace_id = call.trace_text(), %error, "registration failed");
    }
    call::refuse(call, &Problem::from(error))
}

#[cfg(test)]
mod tests {
    use kleis_proto::{
        registration::v1::{registration_admin_service_server, registration_service_server},
        rules,
    };

    use super::{ADMIN_RULES, PUBLIC_RULES};

    #[test]
    fn every_rpc_has_its_rule() {
        let none: [&str; 0] = [];
        let public = rules::faults(registration_service_server::SERVICE_NAME, PUBLIC_RULES);
        assert_eq!(public.unwrap(), none);
        let admin = rules::faults(registration_admin_service_server::SERVICE_NAME, ADMIN_RULES);
        assert_eq!(admin.unwrap(), none);
    }
}
