//! Who may get tokens, and what stands in them.

use std::collections::BTreeMap;

use kleis_jose::{Jwk, KeyType};
use kleis_types::OsRandom;
use serde_json::{Value, json};

/// Where the app of the people is told the result. No port: it does not matter on a loopback address (RFC 8252
/// section 7.3).
pub(super) const REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// The app of the people: a public client.
pub(super) const APP: &str = "kleis-app";

/// A machine with a key of its own.
#[derive(Clone, Debug)]
pub struct Machine {
    /// `client_id`, and `sub` of its tokens.
    pub client_id: String,
    /// The private key for its assertions, with its `kid`.
    pub jwk: Jwk,
    /// Further claims of its tokens.
    pub claims: Value,
}

/// Machines and people whom an identity provider knows. The claims are those of Keycloak and I.AM Connect, as
/// `tests/idp/provider.mjs` shows them.
#[derive(Clone, Debug)]
pub struct Realm {
    /// The machines. The first is the one that gets tokens where none is named.
    pub machines: Vec<Machine>,
    /// The claims of every person by their login, which is `sub` of their tokens.
    pub accounts: BTreeMap<String, Value>,
    /// Resource indicators besides the installation's, as of another installation.
    pub elsewhere: Vec<String>,
}

impl Realm {
    /// Jane Doe as `citizen`, Alix Peeters as `doctor`, somebody in the `pharmacy`, and Jane as `mandatary` of Alix;
    /// besides them the machine `cbe-0123456749`. All of them stand in the register of an
    /// [`Installation`](crate::Installation).
    pub fn example() -> Self {
        let user = |first: &str, last: &str| json!({ "firstName": first, "lastName": last });
        let accounts = [
            (
                "citizen",
                json!({
                    "ssin": "85073003328",
                    "profile": "citizen",
                    "userProfile": user("Jane", "Doe"),
                }),
            ),
            (
                "doctor",
                json!({
                    "ssin": "93051822361",
                    "profile": "quality",
                    "quality": { "name": "doctor", "nihii": "18749704477" },
                    "userProfile": user("Alix", "Peeters"),
                }),
            ),
            (
                "pharmacy",
                json!({
                    "ssin": "73011136173",
                    "profile": "organisation",
                    "organisation": { "type": "NIHII-PHARMACY", "value": "71000436" },
                    "userProfile": user("Odile", "Operator"),
                }),
            ),
            (
                "mandatary",
                json!({
                    "ssin": "85073003328",
                    "profile": "mandate",
                    "mandator": { "type": "SSIN", "value": "93051822361" },
                    "userProfile": user("Jane", "Doe"),
                }),
            ),
        ];
        let organisation = json!({ "type": "CBE", "value": "0123456749" });
        Self {
            machines: vec![Machine::new(
                "cbe-0123456749",
                json!({ "organisation": organisation }),
            )],
            accounts: accounts
                .map(|(login, claims)| (login.to_owned(), claims))
                .into(),
            elsewhere: Vec::new(),
        }
    }

    /// As the provider reads it.
    pub(super) fn to_value(&self) -> Value {
        let machines = self.machines.iter().map(|machine| {
            let jwk = with_kid(machine.jwk.public().to_value(), &machine.jwk);
            json!({
                "clientId": machine.client_id,
                "jwks": { "keys": [jwk] },
                "claims": machine.claims,
            })
        });
        json!({
            "machines": machines.collect::<Vec<_>>(),
            "app": { "clientId": APP, "redirectUri": REDIRECT_URI },
            "accounts": self.accounts,
        })
    }
}

impl Machine {
    /// A machine with a fresh key for ES256.
    pub fn new(client_id: &str, claims: Value) -> Self {
        Self {
            client_id: client_id.to_owned(),
            jwk: Jwk::generate(KeyType::P256, &OsRandom).unwrap(),
            claims,
        }
    }
}

/// Every key is called by its thumbprint (RFC 7638).
pub(super) fn with_kid(mut value: Value, key: &Jwk) -> Value {
    value["kid"] = key.thumbprint().to_string().into();
    value
}
