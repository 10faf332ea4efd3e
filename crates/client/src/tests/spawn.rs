//! A server that uses the SDK spawns its calls on a runtime of many threads: the compiler says that it may.

use kleis_proto::lookup::Lookup;
use kleis_types::{RevocationReason, Role, Timestamp};

use crate::{Enrolment, Kleis, PublishOptions, Receipt};

fn is_fit_to_be_spawned<T: Send>(_: T) {}

/// Never called: that it compiles is the test.
#[expect(dead_code, reason = "that it compiles is the test")]
fn every_call_is_fit_to_be_spawned(
    kleis: &Kleis,
    wanted: &Lookup,
    (enrolment, options): (Enrolment, PublishOptions),
    receipt: &Receipt,
) {
    let identifier = wanted.identifier();
    let reason = RevocationReason::Superseded;
    let time = Timestamp::from_unix(0);
    is_fit_to_be_spawned(kleis.certificates());
    is_fit_to_be_spawned(kleis.confirm_read(receipt));
    is_fit_to_be_spawned(kleis.create_enrolment_code(identifier, 60));
    is_fit_to_be_spawned(kleis.create_keys(b"", 1));
    is_fit_to_be_spawned(kleis.custody_key(""));
    is_fit_to_be_spawned(kleis.deposit_keys(b"", &[]));
    is_fit_to_be_spawned(kleis.describe_key(""));
    is_fit_to_be_spawned(kleis.enrol(enrolment));
    is_fit_to_be_spawned(kleis.grant_operator(identifier));
    is_fit_to_be_spawned(kleis.grant_role(identifier, Role::Auditor));
    is_fit_to_be_spawned(kleis.import_registrants(&[], |_| ()));
    is_fit_to_be_spawned(kleis.keys());
    is_fit_to_be_spawned(kleis.lookup(wanted));
    is_fit_to_be_spawned(kleis.open_document(b""));
    is_fit_to_be_spawned(kleis.publish_key(options));
    is_fit_to_be_spawned(kleis.recipient(identifier));
    is_fit_to_be_spawned(kleis.recipients(&[]));
    is_fit_to_be_spawned(kleis.registrants());
    is_fit_to_be_spawned(kleis.revoke_certificate("", reason));
    is_fit_to_be_spawned(kleis.revoke_certificate_as_operator("", reason));
    is_fit_to_be_spawned(kleis.roles());
    is_fit_to_be_spawned(kleis.seal(b"", "", &[], None));
    is_fit_to_be_spawned(kleis.shred_key(""));
    is_fit_to_be_spawned(kleis.signers(identifier));
    is_fit_to_be_spawned(kleis.status_list());
    is_fit_to_be_spawned(kleis.withdraw_role(identifier, Role::Auditor));
    is_fit_to_be_spawned(kleis.verify_document(""));
    is_fit_to_be_spawned(kleis.verify_document_at("", time, None));
    is_fit_to_be_spawned(kleis.certificate_history(""));
}
