//! What a source of registrants has said, brought into the register.

use kleis_store::registry::{RegistryRead, RegistryTx};
use kleis_types::{InstallationId, Timestamp};
use kleis_wrap::RootKek;

use super::{
    Ledger,
    approvals::Approvals,
    enrol::proven_for,
    proof::{self, CodeFor},
    register::put,
};
use crate::{
    Behind, RegistrationError, SourceError,
    command::{self, Proof, RegistrantEntry},
};

/// Whether a request for a certificate is proved as the records have it now. Nobody is asked on the
/// network for one that is not: the act will refuse it.
pub(crate) async fn looks_proved<R: RegistryRead>(
    reader: &mut R,
    command: &command::Enrol,
    installation: &InstallationId,
    (kek, approvals): (&RootKek, &Approvals),
    now: Timestamp,
) -> Result<bool, RegistrationError> {
    let code = match &command.proof {
        Proof::Code(code) => code,
        // It was verified when it was read.
        Proof::Endorsement(..) => return Ok(true),
        Proof::Token(token) => return Ok(token.identifiers.contains(&command.identifier)),
    };
    let whose = CodeFor::Identity(&command.identifier, approvals);
    let request = proven_for(command, installation);
    let found = reader.enrolment_code(&code.code_id.to_string()).await?;
    let usable = found.filter(|found| proof::is_usable(found, whose, now));
    usable.map_or(Ok(false), |found| {
        proof::is_right(&found, kek, code, request)
    })
}

/// Brings the register to what the source has said. An answer neither restores whom an operator has
/// suspended, nor suspends anybody.
pub(super) async fn settle<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    said: &Result<Behind, SourceError>,
) -> Result<(), RegistrationError> {
    let entry = match said {
        Ok(Behind::Register) => return Ok(()),
        Ok(Behind::Registrant(entry)) if entry.active => entry,
        Ok(Behind::Registrant(_) | Behind::Nobody) => {
            return Err(RegistrationError::RegistrantInactive);
        }
        Err(error) => return Err((*error).into()),
    };
    let mut entry = entry.clone();
    for identifier in &entry.identifiers {
        let Some(former) = ledger.tx.registrant(identifier).await? else {
            continue;
        };
        if !former.active {
            return Err(RegistrationError::RegistrantInactive);
        }
        known_as(&mut entry, &former.id);
        break;
    }
    match put(ledger, &entry).await {
        Ok(_) => Ok(()),
        Err(fault) => {
            let problem = fault.problem()?;
            tracing::error!(
                code = %problem.code(),
                detail = problem.detail(),
                "the source of registrants contradicts the register"
            );
            Err(SourceError::Contradiction.into())
        }
    }
}

/// The register keeps the name by which it knows somebody, if the source knows it too.
fn known_as(entry: &mut RegistrantEntry, id: &kleis_types::Identifier) {
    if let Some(place) = entry.identifiers.iter().position(|one| one == id) {
        entry.identifiers[..=place].rotate_right(1);
        entry.id = id.clone();
    }
}
