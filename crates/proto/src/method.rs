//! The RPCs that take an order, by the name that stands in the order's claim `method`
//! (`docs/formats.md` section 4): `PACKAGE.SERVICE/RPC`, the path of the call without its first
//! slash.

/// Declares a module of method names of one service, and the list of them.
macro_rules! methods {
    ($(#[$meta:meta])* $module:ident, $service:literal, $($name:ident = $rpc:literal),+ $(,)?) => {
        $(#[$meta])*
        pub mod $module {
            $(
                #[doc = concat!("`", $service, "/", $rpc, "`.")]
                pub const $name: &str = concat!($service, "/", $rpc);
            )+

            /// All of the above.
            pub const ALL: &[&str] = &[$($name),+];
        }
    };
}

methods! {
    /// The orders of the public side of registration.
    registration, "kleis.registration.v1.RegistrationService",
    ENROL = "Enrol",
    SUBMIT_CERTIFICATE_REQUEST = "SubmitCertificateRequest",
    GET_CERTIFICATE_REQUEST = "GetCertificateRequest",
    WITHDRAW_CERTIFICATE_REQUEST = "WithdrawCertificateRequest",
    VALIDATE_CERTIFICATE_REQUEST = "ValidateCertificateRequest",
    RENEW_CERTIFICATE = "RenewCertificate",
    BEGIN_KEY = "BeginKey",
    COMPLETE_KEY = "CompleteKey",
    ACTIVATE_KEY = "ActivateKey",
    REVOKE_KEY = "RevokeKey",
    REVOKE_CERTIFICATE = "RevokeCertificate",
    DESCRIBE_CERTIFICATE = "DescribeCertificate",
}

methods! {
    /// The orders of the admin side of registration.
    registration_admin, "kleis.registration.v1.RegistrationAdminService",
    BOOTSTRAP_OPERATOR = "BootstrapOperator",
    IMPORT_REGISTRANTS = "ImportRegistrants",
    CREATE_ENROLMENT_CODE = "CreateEnrolmentCode",
    APPROVE_ENROLMENT_CODE = "ApproveEnrolmentCode",
    REVOKE_ENROLMENT_CODE = "RevokeEnrolmentCode",
    APPROVE_CERTIFICATE_REQUEST = "ApproveCertificateRequest",
    REJECT_CERTIFICATE_REQUEST = "RejectCertificateRequest",
    REVOKE_CERTIFICATE_AS_OPERATOR = "RevokeCertificateAsOperator",
    GRANT_ROLE = "GrantRole",
    WITHDRAW_ROLE = "WithdrawRole",
}

methods! {
    /// The orders of custody.
    custody, "kleis.custody.v1.CustodyService",
    CREATE_KEYS = "CreateKeys",
    DEPOSIT_KEYS = "DepositKeys",
    GET_KEY = "GetKey",
    CONFIRM_READ = "ConfirmRead",
    DESCRIBE_KEY = "DescribeKey",
    SHRED_KEY = "ShredKey",
}

/// The longest order that any method but `DepositKeys` takes, in bytes of its compact
/// serialisation.
pub const MAX_ORDER: usize = 65_536;

/// The longest `DepositKeys` order, in bytes of its compact serialisation.
pub const MAX_DEPOSIT_ORDER: usize = 524_288;

/// The longest order that a method takes, in bytes of its compact serialisation.
pub fn max_order(method: &str) -> usize {
    if method == custody::DEPOSIT_KEYS {
        MAX_DEPOSIT_ORDER
    } else {
        MAX_ORDER
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::tests::descriptors;

    /// The names of all RPCs whose request is an order, as the protos have them.
    fn in_protos() -> BTreeSet<String> {
        let files = descriptors().file;
        let takes_order = |file: &prost_types::FileDescriptorProto, input: &str| {
            let name = input.rsplit('.').next();
            let request = file.message_type.iter().find(|m| m.name.as_deref() == name);
            let request = request.expect("requests stand beside their service");
            request.field.iter().any(|f| f.name() == "order")
        };
        let mut found = BTreeSet::new();
        for file in &files {
            for service in &file.service {
                for method in &service.method {
                    if takes_order(file, method.input_type()) {
                        let (package, service) = (file.package(), service.name());
                        found.insert(format!("{package}.{service}/{}", method.name()));
                    }
                }
            }
        }
        found
    }

    #[test]
    fn names_are_those_of_the_protos() {
        let ours = [registration::ALL, registration_admin::ALL, custody::ALL].concat();
        let unique: BTreeSet<String> = ours.iter().map(ToString::to_string).collect();
        assert_eq!(unique.len(), ours.len(), "a name stands there twice");
        assert_eq!(unique, in_protos());
    }

    #[test]
    fn an_order_has_nothing_but_its_jws_around_it() {
        for file in descriptors().file {
            for message in file.message_type {
                let fields: Vec<_> = message
                    .field
                    .iter()
                    .map(prost_types::FieldDescriptorProto::name)
                    .collect();
                if fields.contains(&"order") {
                    assert_eq!(fields, ["order"], "{}", message.name());
                }
            }
        }
    }

    #[test]
    fn a_deposit_may_be_longer() {
        assert_eq!(max_order(custody::DEPOSIT_KEYS), 524_288);
        assert_eq!(max_order(custody::GET_KEY), 65_536);
        assert_eq!(max_order("no such method"), 65_536);
    }
}
