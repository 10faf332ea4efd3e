//! What people do: one deed for every RPC.

use kleis_client::{
    Access, CertificateSummary, ClientError, Enrolment, KeySummary, Kleis, Lookup, Notice, Proof,
    PublishOptions, Receipt, RenewOptions, RequestDraft,
};
use kleis_e2e::people;
use kleis_jose::KeyType;
use kleis_proto::{
    lookup::Lookup as Wanted,
    method::{custody, registration},
};
use kleis_trust::recipient::VerifiedRecipient;
use kleis_types::{DeviceId, Identifier, RequestState, RevocationReason, SecretBytes, base64url};
use serde_json::json;

use crate::{
    cast::{Actor, Cast, open_home},
    policy,
};

/// One call of the SDK, named by the RPC that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Init,
    Status,
    ListKeys,
    ListCertificates,
    ListNotices,
    Lookup,
    Candidates,
    BatchLookup,
    Enrol,
    EnrolDevice,
    SubmitRequest,
    GetRequest,
    WithdrawRequest,
    Renew,
    BeginKey,
    CompleteKey,
    ActivateKey,
    RevokeKey,
    RevokeCertificate,
    DescribeCertificate,
    CreateKeys,
    DepositKeys,
    GetKey,
    ConfirmRead,
    DescribeKey,
    ShredKey,
}

impl Deed {
    /// Those whose answers nobody signs, but for the parts that matter.
    pub(crate) const READS: [Self; 8] = [
        Self::Init,
        Self::Status,
        Self::ListKeys,
        Self::ListCertificates,
        Self::ListNotices,
        Self::Lookup,
        Self::Candidates,
        Self::BatchLookup,
    ];
    /// Orders to registration.
    pub(crate) const REGISTRATION: [Self; 12] = [
        Self::Enrol,
        Self::EnrolDevice,
        Self::SubmitRequest,
        Self::GetRequest,
        Self::WithdrawRequest,
        Self::Renew,
        Self::BeginKey,
        Self::CompleteKey,
        Self::ActivateKey,
        Self::RevokeKey,
        Self::RevokeCertificate,
        Self::DescribeCertificate,
    ];
    /// Orders to custody.
    pub(crate) const CUSTODY: [Self; 6] = [
        Self::CreateKeys,
        Self::DepositKeys,
        Self::GetKey,
        Self::ConfirmRead,
        Self::DescribeKey,
        Self::ShredKey,
    ];

    pub(crate) const fn rpc(self) -> &'static str {
        match self {
            Self::Init => "kleis.registration.v1.RegistrationService/GetInstallation",
            Self::Status => "kleis.registration.v1.RegistrationService/GetStatusList",
            Self::ListKeys => "kleis.registration.v1.RegistrationService/ListKeys",
            Self::ListCertificates => "kleis.registration.v1.RegistrationService/ListCertificates",
            Self::ListNotices => "kleis.registration.v1.RegistrationService/ListNotices",
            Self::Lookup | Self::Candidates => "kleis.directory.v1.DirectoryService/Lookup",
            Self::BatchLookup => "kleis.directory.v1.DirectoryService/BatchLookup",
            Self::Enrol | Self::EnrolDevice => registration::ENROL,
            Self::SubmitRequest => registration::SUBMIT_CERTIFICATE_REQUEST,
            Self::GetRequest => registration::GET_CERTIFICATE_REQUEST,
            Self::WithdrawRequest => registration::WITHDRAW_CERTIFICATE_REQUEST,
            Self::Renew => registration::RENEW_CERTIFICATE,
            Self::BeginKey => registration::BEGIN_KEY,
            Self::CompleteKey => registration::COMPLETE_KEY,
            Self::ActivateKey => registration::ACTIVATE_KEY,
            Self::RevokeKey => registration::REVOKE_KEY,
            Self::RevokeCertificate => registration::REVOKE_CERTIFICATE,
            Self::DescribeCertificate => registration::DESCRIBE_CERTIFICATE,
            Self::CreateKeys => custody::CREATE_KEYS,
            Self::DepositKeys => custody::DEPOSIT_KEYS,
            Self::GetKey => custody::GET_KEY,
            Self::ConfirmRead => custody::CONFIRM_READ,
            Self::DescribeKey => custody::DESCRIBE_KEY,
            Self::ShredKey => custody::SHRED_KEY,
        }
    }

    /// Whether whoever does it has no certificate yet.
    pub(crate) fn is_a_newcomers(self) -> bool {
        use Deed::{Enrol, EnrolDevice, GetRequest, SubmitRequest, WithdrawRequest};
        [
            Enrol,
            EnrolDevice,
            SubmitRequest,
            GetRequest,
            WithdrawRequest,
        ]
        .contains(&self)
    }

    /// Whether it is done to something that it cannot be done to again.
    pub(crate) fn is_done_once(self) -> bool {
        use Deed::{ActivateKey, RevokeCertificate, RevokeKey, ShredKey, WithdrawRequest};
        [
            ActivateKey,
            RevokeKey,
            RevokeCertificate,
            ShredKey,
            WithdrawRequest,
        ]
        .contains(&self)
    }
}

/// Something that a deed can be done to.
pub(crate) struct Ready<'a> {
    deed: Deed,
    cast: &'a Cast,
    /// Whoever enrols does so from a home of its own.
    newcomer: Option<Kleis>,
    actor: &'a Actor,
    on: String,
    receipt: Option<Receipt>,
}

/// What a deed told whoever did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) text: String,
    /// What nobody else may learn.
    pub(crate) secrets: Vec<Vec<u8>>,
}

impl From<String> for Told {
    fn from(text: String) -> Self {
        Self {
            text,
            secrets: Vec::new(),
        }
    }
}

impl Deed {
    /// Makes something for this to be done to, without the edge.
    pub(crate) async fn ready<'a>(self, cast: &'a Cast, actor: &'a Actor) -> Ready<'a> {
        let mut ready = Ready {
            deed: self,
            cast,
            newcomer: None,
            actor,
            on: String::new(),
            receipt: None,
        };
        let direct = &actor.direct;
        match self {
            Self::Enrol => {
                let code = cast.installation.code(people::PATIENT);
                ready.on = format!("{} main {code}", people::PATIENT);
                ready.newcomer = Some(cast.newcomer(&actor.client));
            }
            Self::EnrolDevice => {
                let newcomer = cast.newcomer(&actor.client);
                let (device, endorsement) = cast.endorsed(actor, &newcomer);
                ready.on = format!("{} {device} {endorsement}", actor.party.identifier());
                ready.newcomer = Some(newcomer);
            }
            Self::SubmitRequest => {
                ready.on = cast.nobody().to_string();
                ready.newcomer = Some(cast.newcomer(&actor.client));
            }
            Self::GetRequest | Self::WithdrawRequest => {
                let newcomer = cast.newcomer(direct);
                submit(&newcomer, cast.nobody()).await.unwrap();
                ready.newcomer = Some(actor.beside(&newcomer));
            }
            Self::Renew => {
                let newcomer = cast.newcomer(direct);
                let (device, endorsement) = cast.endorsed(actor, &newcomer);
                let enrolment = by_endorsement(actor, device, endorsement);
                newcomer.enrol(enrolment).await.unwrap();
                ready.newcomer = Some(actor.beside(&newcomer));
            }
            Self::ActivateKey | Self::RevokeKey => {
                ready.on = direct.publish_key(HELD).await.unwrap().kid.to_string();
            }
            Self::RevokeCertificate => {
                let newcomer = cast.newcomer(direct);
                let (device, endorsement) = cast.endorsed(actor, &newcomer);
                let enrolment = by_endorsement(actor, device, endorsement);
                ready.on = newcomer.enrol(enrolment).await.unwrap().serial;
            }
            Self::DescribeCertificate => {
                let signer = actor.client.signer().unwrap();
                signer.certificate().x5t_s256().clone_into(&mut ready.on);
            }
            Self::GetKey | Self::ConfirmRead | Self::DescribeKey | Self::ShredKey => {
                let made = direct.create_keys(&policy(&json!({})), 1).await.unwrap();
                ready.on.clone_from(&made[0].key_id);
                if self == Self::ConfirmRead {
                    ready.receipt = Some(direct.custody_key(&ready.on).await.unwrap());
                }
            }
            _ => {}
        }
        ready
    }
}

impl Ready<'_> {
    /// Does it; tells what whoever does it learns.
    pub(crate) async fn perform(&self) -> Result<Told, ClientError> {
        let client = &self.actor.client;
        let told = match self.deed {
            Deed::Init => self.init().await?,
            // Here and in look-ups: what is remembered in memory is not asked for again, so it is a client that has just begun.
            Deed::Status => format!("{:?}", self.actor.party.client().status_list().await?),
            Deed::ListKeys => format!("{:?}", kids(&client.keys().await?)),
            Deed::ListCertificates => format!("{:?}", serials(&client.certificates().await?)),
            Deed::ListNotices => format!("{:?}", told(&client.notices(50).await?)),
            Deed::Lookup => {
                let client = self.actor.party.client();
                let wanted = Wanted::new(id(people::INSURER));
                found(client.lookup(&wanted).await?)
            }
            Deed::Candidates => {
                let wanted = Wanted::new(id(people::ORGANISATION)).for_any_application();
                found(client.lookup(&wanted).await?)
            }
            Deed::BatchLookup => {
                let client = self.actor.party.client();
                let wanted = [id(people::INSURER)];
                let mut all = Vec::new();
                for found in client.recipients(&wanted).await? {
                    all.push(keys(&found?));
                }
                all.join("; ")
            }
            Deed::Enrol | Deed::EnrolDevice => self.enrol().await?,
            Deed::SubmitRequest | Deed::GetRequest | Deed::WithdrawRequest | Deed::Renew => {
                self.ask().await?
            }
            Deed::BeginKey | Deed::CompleteKey => {
                let kid = client.publish_key(HELD).await?.kid;
                let key = client.home().decryption_key(&kid)?.unwrap();
                return Ok(Told {
                    text: kid.to_string(),
                    secrets: vec![crate::private_value(&key)],
                });
            }
            Deed::ActivateKey => {
                let kid = self.on.parse().unwrap();
                client.activate_key(&kid).await?.state
            }
            Deed::RevokeKey => {
                let kid = self.on.parse().unwrap();
                let reason = RevocationReason::Superseded;
                client.revoke_key(&kid, reason).await?.state
            }
            Deed::RevokeCertificate => {
                let reason = RevocationReason::Superseded;
                client.revoke_certificate(&self.on, reason).await?.state
            }
            Deed::DescribeCertificate => {
                let history = client.certificate_history(&self.on).await?.history;
                // But for the time at which it was asked.
                format!("{} {:?}", history.state, history.not_after)
            }
            Deed::ConfirmRead => {
                let receipt = self.receipt.as_ref().unwrap();
                client.confirm_read(receipt).await?.to_string()
            }
            Deed::DescribeKey => client.describe_key(&self.on).await?.state,
            Deed::ShredKey => client.shred_key(&self.on).await?.state,
            Deed::CreateKeys | Deed::DepositKeys | Deed::GetKey => return self.keep().await,
        };
        Ok(told.into())
    }

    async fn init(&self) -> Result<String, ClientError> {
        let home = open_home(self.cast.fresh_path());
        let config = self.actor.client.config();
        let (server, root) = (&config.server, &config.root_pem);
        let config = home.init(server, None, root, None, Access::Certificate);
        Ok(config.await?.installation.to_string())
    }

    /// Deeds about certificates that come later.
    async fn ask(&self) -> Result<String, ClientError> {
        let newcomer = self.newcomer.as_ref().unwrap();
        Ok(match self.deed {
            Deed::SubmitRequest => submit(newcomer, id(&self.on)).await?.to_string(),
            Deed::GetRequest => newcomer.request_status().await?.state.to_string(),
            Deed::WithdrawRequest => newcomer.withdraw_request().await?.request,
            _ => {
                let options = RenewOptions {
                    key_type: KeyType::P256,
                    contract: String::new(),
                    endorsement: None,
                };
                newcomer.renew_certificate(options).await?.serial
            }
        })
    }

    async fn enrol(&self) -> Result<String, ClientError> {
        let newcomer = self.newcomer.as_ref().unwrap();
        let words: Vec<_> = self.on.split(' ').collect();
        let enrolment = Enrolment {
            contract: String::new(),
            identifier: id(words[0]),
            device: words[1].parse().unwrap(),
            csr: None,
            proof: match self.deed {
                Deed::Enrol => Proof::Code(words[2].parse().unwrap()),
                _ => Proof::Endorsement(words[2].to_owned()),
            },
        };
        Ok(newcomer.enrol(enrolment).await?.serial)
    }

    /// Deeds that bring keys.
    async fn keep(&self) -> Result<Told, ClientError> {
        let (client, policy) = (&self.actor.client, policy(&json!({})));
        let keys = match self.deed {
            Deed::CreateKeys => client.create_keys(&policy, 2).await?,
            Deed::GetKey => vec![client.custody_key(&self.on).await?.key],
            _ => {
                let own = SecretBytes::from((0..32).map(|n| n * 7 + 3).collect::<Vec<u8>>());
                let ids = client.deposit_keys(&policy, std::slice::from_ref(&own));
                return Ok(Told {
                    text: ids.await?.join(" "),
                    secrets: vec![own.expose().to_vec()],
                });
            }
        };
        let secrets = keys.iter().map(|key| key.jwk.oct_bytes().unwrap().to_vec());
        let secrets: Vec<_> = secrets.collect();
        let text = secrets.iter().map(|key| base64url::encode(key)).collect();
        Ok(Told { text, secrets })
    }
}

/// Published when it is activated, so that look-ups do not change.
const HELD: PublishOptions = PublishOptions {
    key_type: KeyType::X25519,
    hold: true,
    days: 30,
};

async fn submit(newcomer: &Kleis, identifier: Identifier) -> Result<RequestState, ClientError> {
    let draft = RequestDraft {
        identifier,
        device: DeviceId::main(),
        csr: None,
        contract: String::new(),
    };
    Ok(newcomer.submit_request(draft).await?.state)
}

fn by_endorsement(of: &Actor, device: DeviceId, endorsement: String) -> Enrolment {
    Enrolment {
        contract: String::new(),
        identifier: id(of.party.identifier()),
        device,
        csr: None,
        proof: Proof::Endorsement(endorsement),
    }
}

fn id(text: &str) -> Identifier {
    text.parse().unwrap()
}

fn found(found: Lookup) -> String {
    match found {
        Lookup::Recipient(recipient) => keys(&recipient),
        Lookup::Candidates(candidates) => format!("{candidates:?}"),
    }
}

/// The keys as a sender uses them.
fn keys(recipient: &VerifiedRecipient) -> String {
    let keys = recipient.keys().iter();
    let keys = keys.map(|key| format!("{} {} {}", key.kid(), key.algorithm(), key.device()));
    keys.collect::<Vec<_>>().join(", ")
}

fn kids(keys: &[KeySummary]) -> Vec<String> {
    let kids = keys.iter().map(|key| format!("{} {}", key.kid, key.state));
    kids.collect()
}

fn told(notices: &[Notice]) -> Vec<(String, String)> {
    let mut told: Vec<_> = notices
        .iter()
        .map(|notice| (notice.kind.clone(), notice.subject.clone()))
        .collect();
    told.sort();
    told
}

fn serials(certificates: &[CertificateSummary]) -> Vec<String> {
    let serials = certificates.iter();
    let serials =
        serials.map(|certificate| format!("{} {}", certificate.serial, certificate.state));
    serials.collect()
}
