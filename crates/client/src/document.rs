//! Sealed documents (docs/formats.md section 9), and signatures.

use std::fmt;

use kleis_jose::jwe::{self, Recipient};
use kleis_jose::jws::{self, Header};
use kleis_jose::{ContentEncryption, Jwk, KeyAlgorithm, Thumbprint};
use kleis_trust::recipient::VerifiedRecipient;
use kleis_trust::sealed::{self, Addressee};
use kleis_trust::status::{Status, StatusView as _};
use kleis_trust::{VerifiedSigner, is_reserved_typ};
use kleis_types::{Identifier, strict_json};
use serde_json::Value;

use crate::{ClientError, Kleis, Receipt};

/// The longest document that is opened, in bytes.
pub(crate) const MAX: usize = 64 << 20;
/// The media type of a compact JWS inside a JWE (RFC 7516 section 4.1.12).
const SIGNED: &str = "JWT";

/// Readers that the sender does not know, by way of custody.
pub enum Readers {
    /// A policy: a fresh key is made under it.
    Policy(Vec<u8>),
    /// A key that is in custody already, with its name.
    Key(Jwk),
}

/// A sealed document.
#[derive(Debug)]
pub struct Sealed {
    /// The JWE, general JSON serialisation.
    pub jwe: String,
    /// Who can open it: each key of each recipient.
    pub keys: Vec<(Identifier, Thumbprint)>,
    /// The custody key that unknown readers fetch.
    pub custody_key: Option<String>,
}

/// Who wrote something.
#[derive(Debug, Clone)]
pub struct SenderInfo {
    /// The primary identity.
    pub identifier: Identifier,
    /// The device.
    pub device: String,
    /// The status of the sender's certificate at present.
    pub status: Status,
}

/// An opened document.
pub struct Opened {
    /// The document.
    pub content: Vec<u8>,
    /// Its media type.
    pub media_type: String,
    /// Who wrote it.
    pub sender: SenderInfo,
    /// To whom.
    pub addressees: Vec<Addressee>,
    /// The release of the key, where it came from custody.
    pub receipt: Option<Receipt>,
}

/// A verified signature.
pub struct VerifiedDocument {
    /// What was signed.
    pub content: Vec<u8>,
    /// The media type, where the signer gave one.
    pub media_type: Option<String>,
    /// Who signed.
    pub signer: SenderInfo,
}

impl fmt::Debug for Readers {
    /// Which of the two: a policy names persons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Policy(_) => "Policy(..)",
            Self::Key(_) => "Key(..)",
        })
    }
}

impl fmt::Debug for Opened {
    /// What it is and who wrote it, never what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("media_type", &self.media_type)
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for VerifiedDocument {
    /// What it is and who signed it, never what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedDocument")
            .field("media_type", &self.media_type)
            .field("signer", &self.signer)
            .finish_non_exhaustive()
    }
}

impl Kleis {
    /// Signs a document, naming its recipients, and seals it to all of their verified keys and to the unknown readers.
    pub async fn seal(
        &self,
        content: &[u8],
        media_type: &str,
        recipients: &[VerifiedRecipient],
        readers: Option<Readers>,
    ) -> Result<Sealed, ClientError> {
        let input = |error: &dyn std::fmt::Display| ClientError::Input(error.to_string());
        let custody_key = match readers {
            None => None,
            Some(Readers::Key(key)) => Some(key),
            Some(Readers::Policy(policy)) => {
                self.create_keys(&policy, 1).await?.pop().map(|key| key.jwk)
            }
        };
        let custody_id = custody_key.as_ref().and_then(Jwk::kid).map(str::to_owned);
        let mut addressees: Vec<Addressee> = recipients
            .iter()
            .map(|recipient| recipient.identifier().clone().into())
            .collect();
        addressees.extend(custody_id.clone().map(Addressee::CustodyKey));
        let signed = sealed::sign(self.signer()?, media_type, &addressees, content)
            .map_err(|error| input(&error))?;
        let known = recipients.iter().flat_map(VerifiedRecipient::keys);
        let mut to: Vec<Recipient<'_>> = known
            .map(|key| Recipient {
                key: key.jwk(),
                alg: key.algorithm(),
            })
            .collect();
        to.extend(custody_key.as_ref().map(|key| Recipient {
            key,
            alg: KeyAlgorithm::A256Kw,
        }));
        let header = jwe::Header::default().with_cty(SIGNED);
        let enc = ContentEncryption::A256Gcm;
        let jwe = jwe::encrypt_json(&to, enc, &header, signed.as_bytes(), self.random.as_ref())
            .map_err(|error| input(&error))?;
        let keys = recipients.iter().flat_map(|recipient| {
            let kids = recipient.keys().iter();
            kids.map(|key| (recipient.identifier().clone(), key.kid().clone()))
        });
        Ok(Sealed {
            jwe,
            keys: keys.collect(),
            custody_key: custody_id,
        })
    }

    /// Opens a sealed document with a key of this home, or else with one from custody, and verifies who wrote it, and that it was written to us.
    ///
    /// # Errors
    /// [`ClientError::NotVerified`], also where its sender was revoked or suspended. One that was superseded or has expired since is told in
    /// [`SenderInfo::status`].
    pub async fn open_document(&self, jwe: &[u8]) -> Result<Opened, ClientError> {
        let kids = recipient_kids(jwe)?;
        // Before the key: a read that custody has counted must not be lost for want of the list.
        let status = self.status_list().await?;
        let (keys, reader, receipt) = self.key_for(&kids).await?;
        let opened = jwe::decrypt_json(&keys, jwe, MAX)
            .map_err(|error| ClientError::not_verified("the document", "NOT_DECRYPTED", error))?;
        if opened.header().typ().is_some_and(is_reserved_typ)
            || opened.header().cty() != Some(SIGNED)
        {
            let detail = "it is not a sealed document: nothing of Kleis' own is opened here";
            return Err(ClientError::not_verified(
                "the document",
                "NOT_A_DOCUMENT",
                detail,
            ));
        }
        let plaintext = opened.into_plaintext();
        let compact = std::str::from_utf8(plaintext.expose())
            .map_err(|error| ClientError::not_verified("the document", "NOT_A_DOCUMENT", error))?;
        let now = self.now();
        let anchors = &self.anchors;
        let document = sealed::verify(compact, MAX, &reader, anchors, status.as_ref(), now)
            .map_err(|error| ClientError::not_verified("the document", error.reason(), error))?;
        Ok(Opened {
            media_type: document.media_type().to_owned(),
            addressees: document.addressees().to_vec(),
            sender: sender_info(document.sender(), document.sender_status()),
            receipt,
            content: document.into_content(),
        })
    }

    /// Signs something with our certified key: a compact JWS with our chain. `typ` may not be one of Kleis' own.
    pub fn sign_document(
        &self,
        content: &[u8],
        typ: Option<&str>,
        media_type: Option<&str>,
    ) -> Result<String, ClientError> {
        let typ = typ.unwrap_or("JOSE");
        if is_reserved_typ(typ) {
            return Err(ClientError::Input(format!(
                "the type {typ} is reserved: a signature of that type could be used as an order or a proof in your name"
            )));
        }
        let signer = self.signer()?;
        let mut header = Header::default()
            .with_typ(typ)
            .with_x5c(signer.chain().to_vec());
        if let Some(media_type) = media_type {
            header = header.with_cty(media_type);
        }
        let key = self.home.auth_key()?;
        jws::sign(&key, &header, content).map_err(|error| ClientError::Input(error.to_string()))
    }

    /// Verifies a compact JWS that carries its signer's chain: chain, signature, and that the certificate is in use.
    pub async fn verify_document(&self, compact: &str) -> Result<VerifiedDocument, ClientError> {
        let refuse = |reason: &'static str, detail: &dyn std::fmt::Display| {
            ClientError::not_verified("the signature", reason, detail)
        };
        let token = jws::Compact::parse(compact.trim(), MAX)
            .map_err(|error| refuse("SIGNATURE_MALFORMED", &error))?;
        if token.header().typ().is_some_and(is_reserved_typ) {
            return Err(refuse(
                "RESERVED_TYPE",
                &"it is one of Kleis' own messages, no document",
            ));
        }
        let status = self.status_list().await?;
        let now = self.now();
        let signer = self
            .anchors
            .verify_in_use(token.header().x5c(), status.as_ref(), now)
            .map_err(|error| refuse(error.reason(), &error))?;
        let content = token
            .verify(signer.certificate().public_key())
            .map_err(|error| refuse("SIGNATURE_INVALID", &error))?;
        let status = status.status(signer.identity().status_index());
        Ok(VerifiedDocument {
            content,
            media_type: token.header().cty().map(str::to_owned),
            signer: sender_info(&signer, status),
        })
    }

    /// The key that opens a document: one of our own, or one that custody releases to us. And as whom we read.
    async fn key_for(
        &self,
        kids: &[String],
    ) -> Result<(Vec<Jwk>, Vec<Addressee>, Option<Receipt>), ClientError> {
        let mut keys = Vec::new();
        for kid in kids {
            if let Ok(thumbprint) = kid.parse::<Thumbprint>() {
                keys.extend(self.home.decryption_key(&thumbprint)?);
            } else {
                // The name by which another key store knew one of ours: the document says it so.
                let key = self.home.decryption_key_by_alias(kid)?;
                keys.extend(key.map(|key| key.with_member("kid", kid.as_str().into())));
            }
        }
        if !keys.is_empty() {
            let identity = self.signer()?.identity();
            let reader = identity.identifiers().iter().cloned().map(Addressee::from);
            return Ok((keys, reader.collect(), None));
        }
        // Custody's ids are 16 bytes, thumbprints 32: the two cannot be confused.
        let custody = kids.iter().find_map(|kid| {
            let name: Addressee = format!("custody:{kid}").parse().ok()?;
            Some((kid, name))
        });
        match custody {
            Some((kid, name)) => {
                let receipt = self.custody_key(kid).await?;
                Ok((vec![receipt.key.jwk.clone()], vec![name], Some(receipt)))
            }
            None => Err(ClientError::NotFound(
                "this home has no key for the document: it was not sealed to this device"
                    .to_owned(),
            )),
        }
    }
}

/// The `kid`s of a JWE's recipients, in order.
fn recipient_kids(jwe: &[u8]) -> Result<Vec<String>, ClientError> {
    let malformed = |detail: &dyn std::fmt::Display| {
        ClientError::Input(format!(
            "not a sealed document (JWE in JSON serialisation): {detail}"
        ))
    };
    let value = strict_json::value(jwe, MAX).map_err(|error| malformed(&error))?;
    let recipients: Vec<&Value> = match value.get("recipients") {
        Some(Value::Array(recipients)) => recipients.iter().collect(),
        _ => vec![&value],
    };
    if recipients.len() > jwe::MAX_RECIPIENTS {
        return Err(malformed(&"it has too many recipients"));
    }
    // Each once: a key that lies under a passphrase is slow to open.
    let mut kids: Vec<String> = Vec::new();
    for recipient in recipients {
        if let Some(kid) = recipient["header"]["kid"].as_str()
            && !kids.iter().any(|known| known == kid)
        {
            kids.push(kid.to_owned());
        }
    }
    Ok(kids)
}

fn sender_info(signer: &VerifiedSigner, status: Status) -> SenderInfo {
    SenderInfo {
        identifier: signer.identity().primary().clone(),
        device: signer.identity().device().to_string(),
        status,
    }
}
