//! Telling owners, in the transaction of what they are told of.

use kleis_store::{
    Audited as _,
    registry::{Certificate, EncryptionKey, Notice, Registrant, RegistryTx},
};
use kleis_types::{Channel, Contact, Identifier, NoticeKind};

use super::Ledger;
use crate::RegistrationError;

/// Tells the owner of a certificate. Kleis' own services are told nothing.
pub(super) async fn of_certificate<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    kind: NoticeKind,
    certificate: &Certificate,
) -> Result<(), RegistrationError> {
    let notice = Notice {
        subject: certificate.resource(),
        device: Some(certificate.device.clone()),
        reason: certificate.reason,
        ends_at: (kind == NoticeKind::Ending).then_some(certificate.not_after),
        ..about(ledger, kind, &certificate.owner)
    };
    tell(ledger, notice).await
}

/// Tells the owner of an encryption key.
pub(super) async fn of_key<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    kind: NoticeKind,
    key: &EncryptionKey,
) -> Result<(), RegistrationError> {
    let notice = Notice {
        subject: key.resource(),
        device: Some(key.device.clone()),
        reason: key.reason,
        ends_at: (kind == NoticeKind::Ending).then_some(key.expires_at),
        ..about(ledger, kind, &key.owner)
    };
    tell(ledger, notice).await
}

/// Tells a registrant of its own standing.
pub(super) async fn of_registrant<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    registrant: &Registrant,
) -> Result<(), RegistrationError> {
    let kind = if registrant.active {
        NoticeKind::Restored
    } else {
        NoticeKind::Suspended
    };
    let notice = Notice {
        subject: registrant.resource(),
        ..about(ledger, kind, &registrant.id)
    };
    tell(ledger, notice).await
}

fn about<Tx: RegistryTx>(ledger: &Ledger<'_, Tx>, kind: NoticeKind, owner: &Identifier) -> Notice {
    Notice {
        id: 0,
        registrant: owner.with_application(None),
        owner: owner.clone(),
        kind,
        subject: String::new(),
        device: None,
        reason: None,
        at: ledger.at(),
        ends_at: None,
    }
}

/// Keeps the notice, and puts it on its way to where its registrant is told things now.
async fn tell<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    mut notice: Notice,
) -> Result<(), RegistrationError> {
    if notice.owner.as_service().is_some() {
        return Ok(());
    }
    let mut channels = Vec::new();
    if let Some(registrant) = ledger.tx.registrant(&notice.owner).await? {
        channels = channels_of(&registrant.contact);
        notice.registrant = registrant.id;
    }
    ledger.tx.put_notice(&notice, &channels).await?;
    Ok(())
}

fn channels_of(contact: &Contact) -> Vec<Channel> {
    let mail = contact.mail.as_ref().map(|_| Channel::Mail);
    let webhook = contact.webhook.as_ref().map(|_| Channel::Webhook);
    mail.into_iter().chain(webhook).collect()
}
