//! Somebody in between rewrites requests and replies: nothing false is accepted, nothing is done that was not asked for, and
//! no secret is seen. (Promises P1 and P5.)

mod replies;
mod requests;
mod secrets;
mod sets;

use kleis_client::{ClientError, Kleis, PublishOptions};
use kleis_e2e::{Installation, Party, Proxy, people};
use kleis_jose::KeyType;
use kleis_proto::method::{custody, registration};
use kleis_types::{RevocationReason, SecretBytes, base64url};

use super::own_policy;

/// A party whose every word passes a proxy.
struct Scene {
    installation: Installation,
    party: Party,
    /// The party with the proxy in the place of the server.
    tapped: Party,
    proxy: Proxy,
}

impl Scene {
    async fn new() -> Self {
        let installation = Installation::new();
        let party = installation.published("party", people::DOCTOR);
        let proxy = Proxy::start(&installation, &party).await;
        let tapped = party.at(proxy.address());
        Self {
            installation,
            party,
            tapped,
            proxy,
        }
    }
}

/// What the party does: one call that takes an order, and its method.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Create,
    Deposit,
    Describe,
    Get,
    Publish,
    Revoke,
    Shred,
}

impl Deed {
    const ALL: [Self; 7] = [
        Self::Create,
        Self::Deposit,
        Self::Describe,
        Self::Get,
        Self::Publish,
        Self::Revoke,
        Self::Shred,
    ];

    const fn method(self) -> &'static str {
        match self {
            Self::Create => custody::CREATE_KEYS,
            Self::Deposit => custody::DEPOSIT_KEYS,
            Self::Describe => custody::DESCRIBE_KEY,
            Self::Get => custody::GET_KEY,
            Self::Publish => registration::BEGIN_KEY,
            Self::Revoke => registration::REVOKE_KEY,
            Self::Shred => custody::SHRED_KEY,
        }
    }

    /// Something for this to be done to, made without the proxy.
    async fn prepare(self, party: &Party) -> String {
        let client = party.client();
        match self {
            Self::Describe | Self::Get | Self::Shred => {
                client.create_keys(&policy(), 1).await.unwrap()[0]
                    .key_id
                    .clone()
            }
            Self::Revoke => client.publish_key(HELD).await.unwrap().kid.to_string(),
            Self::Create | Self::Deposit | Self::Publish => String::new(),
        }
    }

    /// Does it; gives what the caller learns.
    async fn perform(self, client: &Kleis, on: &str) -> Result<String, ClientError> {
        Ok(match self {
            Self::Create => format!("{:?}", client.create_keys(&policy(), 2).await?),
            Self::Deposit => {
                let key = SecretBytes::from((0..32).map(|n| n * 7 + 3).collect::<Vec<u8>>());
                format!("{:?}", client.deposit_keys(&policy(), &[key]).await?)
            }
            Self::Describe => format!("{:?}", client.describe_key(on).await?),
            Self::Get => {
                let key = client.custody_key(on).await?.key.jwk;
                base64url::encode(key.oct_bytes().unwrap())
            }
            Self::Publish => client.publish_key(HELD).await?.kid.to_string(),
            Self::Revoke => {
                let kid = on.parse().unwrap();
                let revoked = client
                    .revoke_key(&kid, RevocationReason::Superseded)
                    .await?;
                format!("{revoked:?}")
            }
            Self::Shred => format!("{:?}", client.shred_key(on).await?),
        })
    }
}

const HELD: PublishOptions = PublishOptions {
    key_type: KeyType::X25519,
    hold: true,
    days: 30,
};

fn policy() -> Vec<u8> {
    base64url::decode(&own_policy()).unwrap()
}
