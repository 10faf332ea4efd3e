//! What a notice says, in the form in which it goes out: no secret, and of a person no identifier.

use kleis_jose::digest;
use kleis_store::registry::Notice;
use kleis_trust::{Jti, Signer, SigningError, notice as signed};
use kleis_types::{
    Contact, InstallationId, Kind, MailAddress, NoticeKind, Timestamp, TypeTable, WebhookUrl, lp,
};

/// A notice, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Letter {
    /// By mail.
    Mail {
        /// To whom.
        to: MailAddress,
        /// The subject.
        subject: String,
        /// The text, lines that end with a line feed.
        text: String,
        /// The `Message-ID`, without its angle brackets: the same for the same notice.
        message_id: String,
    },
    /// To a webhook.
    Webhook {
        /// Where to.
        to: WebhookUrl,
        /// The body of the request, JSON.
        body: Vec<u8>,
    },
}

/// The name of a notice for those who are told, the same however often it comes.
pub(crate) fn jti(installation: &InstallationId, id: u64) -> Jti {
    let fields = lp::encode(&[
        b"kleis-notice-v1",
        installation.to_string().as_bytes(),
        &id.to_be_bytes(),
    ]);
    let digest = digest::sha256(&fields);
    let mut name = [0; Jti::LEN];
    name.copy_from_slice(&digest[..Jti::LEN]);
    Jti::from(name)
}

/// The mail of a notice, if there is an address.
pub(crate) fn mail(
    notice: &Notice,
    contact: &Contact,
    installation: &InstallationId,
    types: &TypeTable,
) -> Option<Letter> {
    let to = contact.mail.clone()?;
    let jti = jti(installation, notice.id);
    Some(Letter::Mail {
        to,
        subject: format!("Kleis: {}", headline(notice.kind)),
        text: text(notice, installation, types, &jti.to_string()),
        message_id: format!("{jti}@{installation}.kleis.invalid"),
    })
}

/// The call of a webhook, if there is one.
pub(crate) fn webhook(
    notice: &Notice,
    contact: &Contact,
    signer: &Signer,
    types: &TypeTable,
    now: Timestamp,
) -> Result<Option<Letter>, SigningError> {
    let Some(to) = contact.webhook.clone() else {
        return Ok(None);
    };
    let installation = signer.identity().installation();
    let named = |prefix: &str| notice.subject.strip_prefix(prefix).map(str::to_owned);
    let said = signed::Notice {
        jti: jti(installation, notice.id),
        kind: notice.kind,
        at: notice.at,
        owner: is_organisation(notice, types).then(|| notice.owner.clone()),
        device: notice.device.clone(),
        certificate: named("certificate:"),
        key: named("key:"),
        reason: notice.reason,
        ends_at: notice.ends_at,
    };
    let compact = signed::sign(signer, &said, now)?;
    // A compact serialisation has nothing that JSON escapes.
    let body = format!("{{\"notice\":\"{compact}\"}}").into_bytes();
    Ok(Some(Letter::Webhook { to, body }))
}

fn is_organisation(notice: &Notice, types: &TypeTable) -> bool {
    types.kind(&notice.owner) == Kind::Organisation
}

fn headline(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::DeviceAdded => "a new device was registered",
        NoticeKind::DeviceRecovered => "a device was registered on the word of operators",
        NoticeKind::CertificateRenewed => "a certificate was renewed",
        NoticeKind::CertificateRevoked => "a certificate was revoked",
        NoticeKind::KeyRevoked => "an encryption key was revoked",
        NoticeKind::Suspended => "your registration is suspended",
        NoticeKind::Restored => "your registration holds again",
        NoticeKind::Ending => "a certificate or key ends soon",
    }
}

fn advice(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::DeviceAdded | NoticeKind::DeviceRecovered | NoticeKind::CertificateRenewed => {
            "If nobody of yours has done this, revoke the device from another one of yours\n\
             (kleis devices revoke), or tell the operators of the registry at once."
        }
        NoticeKind::CertificateRevoked | NoticeKind::KeyRevoked => {
            "Senders do not use it any more. If nobody of yours has done this, tell the operators\n\
             of the registry."
        }
        NoticeKind::Suspended => {
            "Until it holds again nothing is issued, and your certificates and keys count for\n\
             nothing. The operators of the registry can tell why."
        }
        NoticeKind::Restored => {
            "Your certificates and keys count again, but for those that were revoked or have ended."
        }
        NoticeKind::Ending => "Renew it before, so that senders go on finding a key of yours.",
    }
}

fn text(notice: &Notice, installation: &InstallationId, types: &TypeTable, jti: &str) -> String {
    let mut lines = vec![
        format!("What:         {}", headline(notice.kind)),
        format!("When:         {}", notice.at.rfc3339()),
    ];
    let mut line = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{:<14}{value}", format!("{name}:"))));
    };
    let owner = is_organisation(notice, types).then(|| notice.owner.to_string());
    let named = |prefix: &str| notice.subject.strip_prefix(prefix).map(str::to_owned);
    line("For", owner);
    line("Device", notice.device.as_ref().map(ToString::to_string));
    line("Certificate", named("certificate:"));
    line("Key", named("key:"));
    line("Reason", notice.reason.map(|reason| reason.to_string()));
    line("Ends", notice.ends_at.map(Timestamp::rfc3339));
    line("Installation", Some(installation.to_string()));
    line("Notice", Some(jti.to_owned()));
    format!(
        "{}\n\n{}\n\nThis mail asks for no answer, no password and no click.\n",
        lines.join("\n"),
        advice(notice.kind)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(owner: &str, kind: NoticeKind) -> Notice {
        let owner: kleis_types::Identifier = owner.parse().unwrap();
        Notice {
            id: 5,
            registrant: owner.with_application(None),
            owner,
            kind,
            subject: "certificate:0a0b".to_owned(),
            device: Some("laptop".parse().unwrap()),
            reason: None,
            at: Timestamp::from_unix(1_800_000_000),
            ends_at: Some(Timestamp::from_unix(1_800_000_060)),
        }
    }

    fn installation() -> InstallationId {
        "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap()
    }

    #[test]
    fn a_mail_says_what_happened_and_names_no_person() {
        let contact = Contact::parse("jane@practice.example", "").unwrap();
        for kind in NoticeKind::ALL {
            let of = |owner| {
                let notice = notice(owner, *kind);
                mail(&notice, &contact, &installation(), TypeTable::belgian())
            };
            let Some(Letter::Mail {
                subject,
                text,
                message_id,
                ..
            }) = of("SSIN:85073003328")
            else {
                panic!("no mail")
            };
            assert!(subject.starts_with("Kleis: ") && subject.is_ascii());
            assert!(text.is_ascii() && text.contains("0a0b") && text.contains("laptop"));
            assert!(!text.contains("85073003328") && !subject.contains("85073003328"));
            assert!(text.lines().all(|line| line.len() <= 100), "{text}");
            assert!(message_id.ends_with("@AAAAAAAAAAAAAAAAAAAAAA.kleis.invalid"));
            let Some(Letter::Mail { text, .. }) = of("CBE:0123456749/EHR") else {
                panic!("no mail")
            };
            assert!(text.contains("CBE:0123456749/EHR"));
        }
        let nobody = Contact::default();
        let notice = notice("SSIN:85073003328", NoticeKind::Suspended);
        assert_eq!(
            mail(&notice, &nobody, &installation(), TypeTable::belgian()),
            None
        );
    }

    #[test]
    fn the_same_notice_has_the_same_name() {
        let here = installation();
        assert_eq!(jti(&here, 5), jti(&here, 5));
        assert_ne!(jti(&here, 5), jti(&here, 6));
        let elsewhere = "BAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
        assert_ne!(jti(&here, 5), jti(&elsewhere, 5));
    }
}
