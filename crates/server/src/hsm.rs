//! The key of the issuing CA in hardware, by PKCS #11.
//!
//! The key pair is made in the token and does not leave it: sensitive, not extractable, for nothing
//! but signing. The token signs a hash (CKM_ECDSA, which all of them have); the CA verifies every
//! signature before it uses it.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};
use kleis_jose::digest;
use kleis_pki::{CaSigner, CaSigningError};
use kleis_runtime::{Pkcs11Key, secret_file};

/// secp384r1, 1.3.132.0.34, as the DER that CKA_EC_PARAMS has.
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
/// What stands before the point in CKA_EC_POINT: an OCTET STRING of 97 octets.
const POINT: &[u8] = &[0x04, 0x61];
/// A coordinate of the curve, and half of a raw signature, in octets.
const COORDINATE: usize = 48;
const MAX_PIN: usize = 1024;

/// Why the token cannot be used. All of it is the operator's to mend.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HsmError {
    #[error("the PKCS #11 module does not load: {0}")]
    Module(Error),
    #[error("there is no token, or more than one, labelled {0:?}")]
    Token(String),
    #[error(transparent)]
    PinFile(#[from] secret_file::SecretFileError),
    #[error("the file of the PIN holds no text")]
    PinText,
    #[error("the token does not let us in: {0}")]
    Login(Error),
    #[error("the token has no private key, or more than one, labelled {0:?}")]
    Key(String),
    #[error("the token has a key labelled {0:?} already: name another one for a new key")]
    Taken(String),
    #[error("the token's key labelled {0:?} is no P-384 key with its public half beside it")]
    Curve(String),
    #[error("the token's key labelled {0:?} is not the one of this installation")]
    Other(String),
    #[error("it is not in the data directory: name its token in [ca.pkcs11]")]
    NotNamed,
    #[error("that of a former CA is in a token: name it in former_keys of [ca.pkcs11]")]
    FormerNotNamed,
    #[error("the token refused: {0}")]
    Refused(#[from] Error),
}

/// A key in a token, and a way to it.
pub(crate) struct HsmKey {
    token: Token,
    /// One at a time: a session is for one thread, and the CA's signatures are few.
    session: Mutex<Session>,
    label: String,
    point: Vec<u8>,
}

/// A token, and what opens it.
struct Token {
    module: Pkcs11,
    slot: Slot,
    pin: AuthPin,
}

impl HsmKey {
    /// Makes a key in the token, for a new installation.
    pub(crate) fn generate(config: &Pkcs11Key) -> Result<Self, HsmError> {
        let token = Token::open(config)?;
        let session = token.session()?;
        if !session.find_objects(&private(&config.key))?.is_empty() {
            return Err(HsmError::Taken(config.key.clone()));
        }
        let label = || Attribute::Label(config.key.clone().into_bytes());
        let public = [
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::EcParams(P384.to_vec()),
            Attribute::Verify(true),
            label(),
        ];
        let secret = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            label(),
        ];
        session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &secret)?;
        Self::find(token, session, config)
    }

    /// Finds the key of an installation that is there.
    pub(crate) fn open(config: &Pkcs11Key) -> Result<Self, HsmError> {
        let token = Token::open(config)?;
        let session = token.session()?;
        Self::find(token, session, config)
    }

    fn find(token: Token, session: Session, config: &Pkcs11Key) -> Result<Self, HsmError> {
        let label = config.key.clone();
        // Looked for now, so that a key that is not there is told at the start.
        find_private(&session, &label)?;
        let public = [
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::KeyType(KeyType::EC),
            Attribute::Label(label.clone().into_bytes()),
        ];
        let curve = || HsmError::Curve(label.clone());
        let [public] = session.find_objects(&public)?[..] else {
            return Err(curve());
        };
        let wanted = [AttributeType::EcParams, AttributeType::EcPoint];
        let (mut params, mut point) = (None, None);
        for attribute in session.get_attributes(public, &wanted)? {
            match attribute {
                Attribute::EcParams(der) => params = Some(der),
                Attribute::EcPoint(der) => point = der.strip_prefix(POINT).map(<[u8]>::to_vec),
                _ => {}
            }
        }
        if params.as_deref() != Some(P384) {
            return Err(curve());
        }
        let point = point.filter(|point| point.len() == 2 * COORDINATE + 1);
        Ok(Self {
            token,
            session: Mutex::new(session),
            point: point.ok_or_else(curve)?,
            label,
        })
    }

    fn sign_hash(&self, hash: &[u8]) -> Result<Vec<u8>, HsmError> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let sign = |session: &Session| -> Result<Vec<u8>, HsmError> {
            let key = find_private(session, &self.label)?;
            Ok(session.sign(&Mechanism::Ecdsa, key, hash)?)
        };
        match sign(&session) {
            // The token was taken out and put back, or lost its session otherwise: once more.
            Err(HsmError::Refused(error)) => {
                tracing::warn!(%error, "the token refused to sign; opening a new session");
                *session = self.token.session()?;
                sign(&session)
            }
            signed => signed,
        }
    }
}

impl Token {
    fn open(config: &Pkcs11Key) -> Result<Self, HsmError> {
        let module = Pkcs11::new(&config.module).map_err(HsmError::Module)?;
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        match module.initialize(arguments) {
            // By this process, a while ago: a module is initialised once.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(HsmError::Module(error)),
        }
        let mut found = Vec::new();
        for slot in module.get_slots_with_initialized_token()? {
            if module.get_token_info(slot)?.label() == config.token {
                found.push(slot);
            }
        }
        let [slot] = found[..] else {
            return Err(HsmError::Token(config.token.clone()));
        };
        let pin = secret_file::read(&config.pin_file, MAX_PIN)?;
        let pin = std::str::from_utf8(pin.expose()).map_err(|_| HsmError::PinText)?;
        let pin = AuthPin::new(pin.trim_end().into());
        Ok(Self { module, slot, pin })
    }

    /// A session in which the user is logged in: so are all of this process at once.
    fn session(&self) -> Result<Session, HsmError> {
        let session = self.module.open_rw_session(self.slot)?;
        match session.login(UserType::User, Some(&self.pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error) => Err(HsmError::Login(error)),
        }
    }
}

impl CaSigner for HsmKey {
    fn public_point(&self) -> &[u8] {
        &self.point
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CaSigningError> {
        let raw = self.sign_hash(&digest::sha384(message));
        let raw = raw.map_err(|error| CaSigningError(error.to_string()))?;
        to_der(&raw)
            .ok_or_else(|| CaSigningError("the token's signature has a wrong length".into()))
    }
}

impl fmt::Debug for HsmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HsmKey")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

fn private(label: &str) -> [Attribute; 3] {
    [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(KeyType::EC),
        Attribute::Label(label.as_bytes().to_vec()),
    ]
}

fn find_private(session: &Session, label: &str) -> Result<ObjectHandle, HsmError> {
    match session.find_objects(&private(label))?[..] {
        [key] => Ok(key),
        _ => Err(HsmError::Key(label.to_owned())),
    }
}

/// A raw signature (r and s, of the length of a coordinate each) as a SEQUENCE of two INTEGERs.
fn to_der(raw: &[u8]) -> Option<Vec<u8>> {
    if raw.len() != 2 * COORDINATE {
        return None;
    }
    let (r, s) = raw.split_at_checked(COORDINATE)?;
    let content = [integer(r), integer(s)].concat();
    Some([&[0x30, u8::try_from(content.len()).ok()?], &content[..]].concat())
}

/// An unsigned number of at most 48 octets as an INTEGER.
fn integer(number: &[u8]) -> Vec<u8> {
    let first = number.iter().position(|octet| *octet != 0);
    let magnitude = first.and_then(|at| number.get(at..)).unwrap_or(&[0]);
    let sign = usize::from(magnitude.first().is_some_and(|first| *first >= 0x80));
    let length = u8::try_from(magnitude.len() + sign).unwrap_or(u8::MAX);
    [&[0x02, length][..], &[0][..sign], magnitude].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_written_in_their_shortest_form() {
        let mut raw = [0; 96];
        raw[47] = 1;
        raw[48] = 0x80;
        let der = to_der(&raw).unwrap();
        assert_eq!(der[..5], [0x30, 54, 0x02, 0x01, 0x01]);
        assert_eq!(der[5..9], [0x02, 49, 0x00, 0x80]);
        assert_eq!(der.len(), 56);
        assert_eq!(to_der(&[0; 96]).unwrap(), [0x30, 6, 2, 1, 0, 2, 1, 0]);
        for length in [0, 64, 95, 97] {
            assert_eq!(to_der(&vec![1; length]), None);
        }
    }
}
