//! An order that was kept: what it asked, and whether it holds.

use std::fmt::Display;

use kleis_jose::jws::Compact;
use kleis_proto::method::max_order;
use kleis_store::StoredOrder;
use kleis_trust::{
    Anchors, VerifiedSigner, order, reply,
    standing::{History, Standing, standing},
    typ,
};
use kleis_types::{InstallationId, Service, Timestamp, base64url, strict_json};
use kleis_wrap::{OrderFields, RootKek};
use serde::Serialize;
use serde_json::Value;

use super::Mask;

/// Whether something holds, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict {
    /// Absent: it was not, or cannot be, looked at.
    pub(super) holds: Option<bool>,
    /// The stable name of the check that failed.
    pub(super) reason: Option<&'static str>,
    /// For people.
    pub(super) told: String,
}

impl Verdict {
    fn good(told: impl Into<String>) -> Self {
        Self {
            holds: Some(true),
            reason: None,
            told: told.into(),
        }
    }

    fn bad(reason: &'static str, told: &dyn Display) -> Self {
        Self {
            holds: Some(false),
            reason: Some(reason),
            told: told.to_string(),
        }
    }

    fn open(told: &str) -> Self {
        Self {
            holds: None,
            reason: None,
            told: told.to_owned(),
        }
    }

    fn failed(&self) -> bool {
        self.holds == Some(false)
    }
}

/// Who signed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignerStory {
    pub(super) identifier: String,
    pub(super) device: String,
    pub(super) serial: String,
    pub(super) x5t: String,
}

/// What was answered.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplyStory {
    pub(super) verdict: Verdict,
    pub(super) issued_at: Option<Timestamp>,
    pub(super) body: Value,
}

/// An order.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderStory {
    pub(super) jti: String,
    pub(super) method: String,
    pub(super) digest: String,
    pub(super) received_at: Timestamp,
    pub(super) expires_at: Timestamp,
    /// The row, by its MAC.
    pub(super) row: Verdict,
    /// The order itself.
    pub(super) signature: Verdict,
    pub(super) signer: Option<SignerStory>,
    /// Whether the certificate was good when the order was received.
    pub(super) certificate: Verdict,
    /// The claims as they stand there, whether or not the signature holds.
    pub(super) claims: Value,
    pub(super) result: Value,
    pub(super) reply: Option<ReplyStory>,
}

/// By what orders are judged.
pub(crate) struct Judge<'a> {
    pub(crate) anchors: &'a Anchors,
    pub(crate) installation: &'a InstallationId,
    pub(crate) kek: Option<&'a RootKek>,
    pub(crate) mask: Mask<'a>,
    pub(crate) now: Timestamp,
}

/// An order whose signature was looked at.
pub(crate) struct Looked {
    verdict: Verdict,
    /// The signer, if it had a certificate and all is well.
    signer: Option<VerifiedSigner>,
    jti: Option<kleis_trust::Jti>,
    digest: [u8; 32],
}

impl Looked {
    /// The thumbprint of the certificate whose history is to be looked at.
    pub(crate) fn x5t(&self) -> Option<&str> {
        let signer = self.signer.as_ref()?;
        Some(signer.certificate().x5t_s256())
    }
}

impl Judge<'_> {
    /// Verifies what stands in the order, as of when it was received.
    pub(crate) fn look(&self, kept: &StoredOrder) -> Looked {
        let (compact, method) = (&kept.compact, &kept.method);
        let (max, at) = (max_order(method), kept.received_at);
        let typ = Compact::parse(compact, max)
            .ok()
            .and_then(|jws| jws.header().typ().map(str::to_owned));
        let read = if typ.as_deref() == Some(typ::ENROLMENT) {
            order::verify_enrolment::<Value>(compact, max, method, self.anchors, at).map(|order| {
                let key = order.key().thumbprint().to_string();
                (order.jti(), *order.digest(), key, None)
            })
        } else {
            order::verify_kept::<Value>(compact, max, method, self.anchors, at).map(|order| {
                let signer = order.signer().clone();
                let x5t = signer.certificate().x5t_s256().to_owned();
                (order.jti(), *order.digest(), x5t, Some(signer))
            })
        };
        let refused = |verdict| Looked {
            verdict,
            signer: None,
            jti: None,
            digest: kept.digest,
        };
        let (jti, digest, name, signer) = match read {
            Ok(read) => read,
            Err(error) => return refused(Verdict::bad(error.reason(), &error)),
        };
        let differs = |what: &str| {
            let told = format!("the row names another {what} than the order in it");
            refused(Verdict::bad("ROW_DIFFERS", &told))
        };
        if kept.jti != jti.to_string() {
            return differs("jti");
        }
        if kept.digest != digest {
            return differs("digest");
        }
        if kept.signer != name {
            return differs("signer");
        }
        Looked {
            verdict: Verdict::good("holds"),
            signer,
            jti: Some(jti),
            digest,
        }
    }

    /// The whole of it. `history` is that of the signer's certificate, where the records have one.
    pub(crate) fn tell(
        &self,
        kept: StoredOrder,
        looked: Looked,
        history: Option<&History>,
        service: Service,
    ) -> OrderStory {
        let row = self.row(&kept);
        let reply = self.reply(&kept, &looked, service);
        let claims = Compact::parse(&kept.compact, max_order(&kept.method))
            .ok()
            .and_then(|jws| strict_json::value(jws.unverified_payload(), kept.compact.len()).ok());
        let result = serde_json::from_str(&kept.result).unwrap_or_default();
        OrderStory {
            certificate: certificate(looked.signer.as_ref(), history, kept.received_at),
            signer: looked.signer.as_ref().map(|signer| self.signer(signer)),
            signature: looked.verdict,
            claims: self.mask.value(claims.unwrap_or_default()),
            result: self.mask.value(result),
            reply,
            row,
            jti: kept.jti,
            method: kept.method,
            digest: base64url::encode(&kept.digest),
            received_at: kept.received_at,
            expires_at: kept.expires_at,
        }
    }

    fn signer(&self, signer: &VerifiedSigner) -> SignerStory {
        let (identity, certificate) = (signer.identity(), signer.certificate());
        SignerStory {
            identifier: self.mask.text(&identity.primary().to_string()),
            device: identity.device().to_string(),
            serial: certificate.serial().to_string(),
            x5t: certificate.x5t_s256().to_owned(),
        }
    }

    fn row(&self, kept: &StoredOrder) -> Verdict {
        let Some(kek) = self.kek else {
            return Verdict::open("not checked: the root KEK is not at hand");
        };
        let fields = OrderFields {
            jti: &kept.jti,
            digest: &kept.digest,
            method: &kept.method,
            signer: &kept.signer,
            result: &kept.result,
            reply: &kept.reply,
            received_at: kept.received_at,
            expires_at: kept.expires_at,
        };
        match kek.verify_order_mac(self.installation, &fields, &kept.mac) {
            Ok(()) => Verdict::good("as it was written"),
            Err(_) => Verdict::bad(
                "ORDER_TAMPERED",
                &"was tampered with: its MAC does not verify",
            ),
        }
    }

    fn reply(&self, kept: &StoredOrder, looked: &Looked, service: Service) -> Option<ReplyStory> {
        if kept.reply.is_empty() {
            return None;
        }
        let (compact, method) = (&kept.reply, &kept.method);
        let read = reply::verify_kept::<Value>(compact, self.anchors, service, method, self.now);
        Some(match read {
            Err(error) => ReplyStory {
                verdict: Verdict::bad(error.reason(), &error),
                issued_at: None,
                body: Value::Null,
            },
            Ok(reply) => {
                let answers = looked
                    .jti
                    .is_some_and(|jti| reply.answers(jti, &looked.digest));
                ReplyStory {
                    verdict: if answers {
                        Verdict::good("holds")
                    } else {
                        let told = "it answers another order";
                        Verdict::bad(reply::ReplyError::OtherOrder.reason(), &told)
                    },
                    issued_at: Some(reply.issued_at()),
                    body: self.mask.value(reply.into_body()),
                }
            }
        })
    }
}

/// How the certificate stood when it signed.
fn certificate(
    signer: Option<&VerifiedSigner>,
    history: Option<&History>,
    at: Timestamp,
) -> Verdict {
    let Some(signer) = signer else {
        return Verdict::open("there was none, or it is not known which");
    };
    let Some(history) = history else {
        let told = "the register has no such certificate";
        return Verdict::bad("CERTIFICATE_UNKNOWN", &told);
    };
    match standing(signer, history, at) {
        Ok(Standing::Good) => Verdict::good("good then"),
        Ok(Standing::SupersededSince(since)) => {
            Verdict::good(format!("good then; superseded since {since}"))
        }
        Ok(Standing::RevokedSince(since, reason)) => {
            Verdict::good(format!("good then; revoked since {since} ({reason})"))
        }
        Err(error) => Verdict::bad(error.reason(), &error),
    }
}

impl OrderStory {
    /// What proves that somebody has tampered. A certificate that does not count any more is none of
    /// that.
    pub(super) fn findings(&self) -> u64 {
        let reply = self.reply.as_ref().map(|reply| &reply.verdict);
        let verdicts = [Some(&self.row), Some(&self.signature), reply];
        let failed = verdicts.into_iter().flatten().filter(|one| one.failed());
        failed.count() as u64
    }
}
