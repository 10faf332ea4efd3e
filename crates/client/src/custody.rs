//! Symmetric keys in custody.

use std::fmt;

use kleis_jose::{Jwk, KeyType, digest};
use kleis_proto::custody::v1::{
    ConfirmReadOrder, ConfirmReadRequest, ConfirmReadResult, CreateKeysOrder, CreateKeysRequest,
    CreateKeysResult, DepositKeysOrder, DepositKeysRequest, DepositKeysResult, DescribeKeyOrder,
    DescribeKeyRequest, DescribeKeyResult, GetKeyOrder, GetKeyRequest, GetKeyResult, ReleasedKey,
    ShredKeyOrder, ShredKeyRequest, ShredKeyResult,
};
use kleis_proto::method;
use kleis_trust::order::{Draft, SignedOrder};
use kleis_trust::{Jti, deposit, release};
use kleis_types::{SecretBytes, Service, base64url};
use serde::de::DeserializeOwned;

use crate::home::Pending;
use crate::{ClientError, Kleis};

/// A symmetric key with its name in custody.
#[derive(Debug, Clone)]
pub struct CustodyKey {
    /// The key id.
    pub key_id: String,
    /// SHA-256 of its policy, base64url.
    pub policy_hash: String,
    /// The key, an `oct` JWK with `kid` = the key id.
    pub jwk: Jwk,
}

/// What a release brought.
#[derive(Clone)]
pub struct Receipt {
    /// The key.
    pub key: CustodyKey,
    /// The owner, text form.
    pub owner: String,
    /// How many reads are left; `None` without a limit.
    pub reads_left: Option<u32>,
    /// The `jti` that the release was counted under, for [`Kleis::confirm_read`].
    pub read: String,
}

impl fmt::Debug for Receipt {
    /// Without the owner, who may be a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("key", &self.key)
            .field("reads_left", &self.reads_left)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

/// A key as its owner sees it.
pub type KeyDescription = DescribeKeyResult;

impl Kleis {
    /// Lets custody make fresh 256-bit keys under a policy (the bytes of a document of docs/formats.md section 10).
    pub async fn create_keys(
        &self,
        policy: &[u8],
        count: u32,
    ) -> Result<Vec<CustodyKey>, ClientError> {
        let reply_key = self.reply_key()?;
        let body = CreateKeysOrder {
            count,
            policy: base64url::encode(policy),
            reply_to: reply_key.to_value().to_string(),
        };
        let method = method::custody::CREATE_KEYS;
        let order = self.sign(Draft::new(method, body)).await?;
        let client = self.custody();
        let release = self
            .send(&order, |order| {
                let mut client = client.clone();
                async move {
                    let request = CreateKeysRequest { order };
                    Ok(client.create_keys(request).await?.into_inner().release)
                }
            })
            .await?;
        let result: CreateKeysResult = self
            .open_release(&reply_key, &release, method, &order)
            .await?;
        if result.keys.len() != count as usize {
            return Err(not_verified(
                "KEY_COUNT",
                &"not as many keys as were asked for",
            ));
        }
        let policy_hash = base64url::encode(&digest::sha256(policy));
        result
            .keys
            .into_iter()
            .map(|key| accept(key, None, Some(&policy_hash)))
            .collect()
    }

    /// Brings keys of our own (16, 24, 32, 48 or 64 bytes each) into custody. Answers their ids, in the same order.
    pub async fn deposit_keys(
        &self,
        policy: &[u8],
        keys: &[SecretBytes],
    ) -> Result<Vec<String>, ClientError> {
        let custody = self.service_key(Service::Custody).await?;
        let count = u32::try_from(keys.len())
            .map_err(|_| ClientError::Input("too many keys".to_owned()))?;
        let jti = Jti::random(self.random.as_ref());
        let policy_hash = digest::sha256(policy);
        let context = deposit::Context {
            jti,
            depositor: self.identifier()?,
            policy_hash: &policy_hash,
        };
        let sealed = deposit::seal(&custody, &context, keys, self.random.as_ref())
            .map_err(|error| ClientError::Input(error.to_string()))?;
        let body = DepositKeysOrder {
            count,
            policy: base64url::encode(policy),
            sealed,
        };
        let draft = Draft::new(method::custody::DEPOSIT_KEYS, body).with_jti(jti);
        let client = self.custody();
        let result: DepositKeysResult = self
            .order(Service::Custody, draft, |order| {
                let mut client = client.clone();
                async move {
                    let request = DepositKeysRequest { order };
                    Ok(client.deposit_keys(request).await?.into_inner().reply)
                }
            })
            .await?;
        if result.key_ids.len() != keys.len()
            || result.policy_hash != base64url::encode(&policy_hash)
        {
            return Err(not_verified("DEPOSIT", &"not the deposit that was made"));
        }
        Ok(result.key_ids)
    }

    /// Gets a key, if its policy lets us. An order whose answer was lost, even by an earlier process, is sent again in the same bytes, so
    /// that it is counted once.
    pub async fn custody_key(&self, key_id: &str) -> Result<Receipt, ClientError> {
        let purpose = format!("custody:get:{key_id}");
        if let Some(Pending {
            order,
            reply_key: Some(reply_key),
        }) = self.home.pending(&purpose)?
            && let Ok(order) = SignedOrder::restore(&order)
        {
            let result = self.fetch_key(key_id, &order, &reply_key).await;
            if !result.as_ref().is_err_and(ClientError::is_refusal) {
                return self.settled(&purpose, result);
            }
            // Too old to be answered again, or refused: asked anew below.
            self.home.settle_pending(&purpose)?;
        }
        let reply_key = self.reply_key()?;
        let body = GetKeyOrder {
            key_id: key_id.to_owned(),
            reply_to: reply_key.to_value().to_string(),
        };
        let order = self
            .sign(Draft::new(method::custody::GET_KEY, body))
            .await?;
        let pending = Pending {
            order: order.compact().to_owned(),
            reply_key: Some(reply_key.clone()),
        };
        self.home
            .save_pending(&purpose, &pending, self.random.as_ref())?;
        let result = self.fetch_key(key_id, &order, &reply_key).await;
        self.settled(&purpose, result)
    }

    /// Tells custody that a released key has arrived, so that one without reads left is destroyed now. Answers whether it was.
    pub async fn confirm_read(&self, receipt: &Receipt) -> Result<bool, ClientError> {
        let body = ConfirmReadOrder {
            key_id: receipt.key.key_id.clone(),
            read: receipt.read.clone(),
        };
        let draft = Draft::new(method::custody::CONFIRM_READ, body);
        let client = self.custody();
        let result: ConfirmReadResult = self
            .order(Service::Custody, draft, |order| {
                let mut client = client.clone();
                async move {
                    let request = ConfirmReadRequest { order };
                    Ok(client.confirm_read(request).await?.into_inner().reply)
                }
            })
            .await?;
        Ok(result.destroyed)
    }

    /// The policy and state of a key of ours.
    pub async fn describe_key(&self, key_id: &str) -> Result<KeyDescription, ClientError> {
        let body = DescribeKeyOrder {
            key_id: key_id.to_owned(),
        };
        let draft = Draft::new(method::custody::DESCRIBE_KEY, body);
        let client = self.custody();
        self.order(Service::Custody, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = DescribeKeyRequest { order };
                Ok(client.describe_key(request).await?.into_inner().reply)
            }
        })
        .await
    }

    /// Destroys a key of ours.
    pub async fn shred_key(&self, key_id: &str) -> Result<ShredKeyResult, ClientError> {
        let body = ShredKeyOrder {
            key_id: key_id.to_owned(),
        };
        let draft = Draft::new(method::custody::SHRED_KEY, body);
        let client = self.custody();
        self.order(Service::Custody, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = ShredKeyRequest { order };
                Ok(client.shred_key(request).await?.into_inner().reply)
            }
        })
        .await
    }

    async fn fetch_key(
        &self,
        key_id: &str,
        order: &SignedOrder,
        reply_key: &Jwk,
    ) -> Result<Receipt, ClientError> {
        let client = self.custody();
        let release = self
            .send(order, |order| {
                let mut client = client.clone();
                async move {
                    let request = GetKeyRequest { order };
                    Ok(client.get_key(request).await?.into_inner().release)
                }
            })
            .await?;
        let result: GetKeyResult = self
            .open_release(reply_key, &release, method::custody::GET_KEY, order)
            .await?;
        let key = result
            .key
            .ok_or_else(|| not_verified("EMPTY", &"there is no key in it"))?;
        Ok(Receipt {
            key: accept(key, Some(key_id), None)?,
            owner: result.owner,
            reads_left: result.reads_left,
            read: order.jti().to_string(),
        })
    }

    /// A fresh key for one answer: what was sealed to it cannot be read later, even with all of this home's other keys.
    fn reply_key(&self) -> Result<Jwk, ClientError> {
        Jwk::generate(KeyType::X25519, self.random.as_ref())
            .map_err(|error| ClientError::Internal(error.to_string()))
    }

    async fn open_release<R: DeserializeOwned>(
        &self,
        key: &Jwk,
        compact: &str,
        method: &str,
        order: &SignedOrder,
    ) -> Result<R, ClientError> {
        let reply =
            release::open(key, compact).map_err(|error| not_verified(error.reason(), &error))?;
        self.verify_reply(&reply, Service::Custody, method, order)
            .await
    }
}

/// Whether custody said no, for good.
fn not_verified(reason: &'static str, detail: &dyn std::fmt::Display) -> ClientError {
    ClientError::not_verified("custody's release", reason, detail)
}

/// Checks that a released key is the one that was asked for, under the policy that was given.
fn accept(
    released: ReleasedKey,
    key_id: Option<&str>,
    policy_hash: Option<&str>,
) -> Result<CustodyKey, ClientError> {
    if key_id.is_some_and(|wanted| released.key_id != wanted) {
        return Err(not_verified("OTHER_KEY", &"it holds another key"));
    }
    if policy_hash.is_some_and(|wanted| released.policy_hash != wanted) {
        return Err(not_verified(
            "OTHER_POLICY",
            &"the key is kept under another policy",
        ));
    }
    let text = SecretBytes::from(released.jwk.into_bytes());
    let jwk =
        Jwk::from_slice(text.expose()).map_err(|error| not_verified("KEY_MALFORMED", &error))?;
    if jwk.oct_bytes().is_none() || jwk.kid() != Some(released.key_id.as_str()) {
        return Err(not_verified(
            "KEY_MALFORMED",
            &"not a symmetric key of that id",
        ));
    }
    Ok(CustodyKey {
        key_id: released.key_id,
        policy_hash: released.policy_hash,
        jwk,
    })
}
