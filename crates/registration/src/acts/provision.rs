//! The certificates and keys of Kleis' own services.

use kleis_jose::{Jwk, jwe};
use kleis_store::{
    Act,
    registry::{Certificate, EncryptionKey, KeyUse, PublicKeyClaim, RegistryTx},
};
use kleis_trust::{
    Signer,
    binding::{self, BindingClaims},
};
use kleis_types::{CertificateState, DeviceId, Identifier, KeyState, Service};

use super::{
    Account, Issuer, Ledger,
    issue::Issuance,
    life,
    publish::{encryption_entry, publish},
};
use crate::RegistrationError;

/// Brings a service's certificate, and its encryption key where it has one, to the keys given.
pub(crate) struct Provision {
    pub(crate) issuer: Issuer,
    pub(crate) service: Service,
    pub(crate) signing: Jwk,
    pub(crate) encryption: Option<Jwk>,
    pub(crate) account: Account,
    /// A certificate with less than so many seconds to live is replaced.
    pub(crate) renewal: i64,
}

impl<Tx: RegistryTx> Act<Tx> for Provision {
    const NAME: &'static str = "registration.provision_service";
    type Output = Signer;
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<Signer, RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        let owner = Identifier::service(self.service);
        let (certificate, is_new) = self.certificate(&mut ledger, &owner).await?;
        let signer = Signer::new(self.signing.clone(), certificate.chain.clone())
            .map_err(|_| RegistrationError::ServiceKeyUnfit)?;
        let is_bound = match &self.encryption {
            Some(key) => bind(&mut ledger, key, &certificate, &signer).await?,
            None => false,
        };
        if is_new || is_bound {
            publish(&mut ledger, &owner).await?;
        }
        Ok(signer)
    }
}

impl Provision {
    /// The service's certificate for its key: the present one, or a new one in its place.
    async fn certificate<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        owner: &Identifier,
    ) -> Result<(Certificate, bool), RegistrationError> {
        let jkt = self.signing.thumbprint().to_string();
        let certificates = ledger.tx.certificates_of(owner).await?;
        let revoked = |one: &Certificate| one.state == CertificateState::Revoked && one.jkt == jkt;
        if certificates.iter().any(revoked) {
            return Err(RegistrationError::ServiceKeyRevoked);
        }
        let active = certificates
            .into_iter()
            .find(|one| one.state == CertificateState::Active);
        if let Some(active) = active {
            if active.jkt == jkt && self.is_lasting(&active, ledger) {
                return Ok((active, false));
            }
            life::supersede_certificate(ledger, active).await?;
        }
        let claim = PublicKeyClaim {
            jkt,
            owner: owner.clone(),
            key_use: KeyUse::Sig,
        };
        ledger.tx.claim_public_key(&claim).await?;
        let issuance = Issuance {
            identifiers: vec![owner.clone()],
            device: &DeviceId::main(),
            registrant: owner,
            name: &format!("Kleis {}", self.service),
            key: &self.signing,
            spki_der: &self.signing.to_spki_der()?,
            endorsement: "",
            recovered: false,
            place: 0,
        };
        let (certificate, _) = self.issuer.issue(ledger, issuance).await?;
        Ok((certificate, true))
    }

    /// Whether a certificate will last until the next start, and stands under the present CA.
    fn is_lasting<Tx: RegistryTx>(
        &self,
        certificate: &Certificate,
        ledger: &Ledger<'_, Tx>,
    ) -> bool {
        let issuing = self.issuer.ca.chain_certificate();
        certificate.not_after.seconds_since(ledger.at())
            > self
                .renewal
                .min(self.issuer.profiles.of(&certificate.owner).certificate / 3)
            && certificate.chain.last().map(Vec::as_slice) == Some(issuing.der())
    }
}

/// Binds the service's encryption key with its present certificate. `false`: it was so already.
async fn bind<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    key: &Jwk,
    certificate: &Certificate,
    signer: &Signer,
) -> Result<bool, RegistrationError> {
    let kid = key.thumbprint().to_string();
    let owner = &certificate.owner;
    let mut known = None;
    for former in ledger.tx.encryption_keys_of(owner).await? {
        if former.kid != kid {
            if former.state == KeyState::Active {
                let state = former.state.supersede()?;
                life::turn_key(ledger, former, state, true).await?;
            }
            continue;
        }
        if former.state == KeyState::Active && former.certificate == certificate.serial {
            return Ok(false);
        }
        if former.state == KeyState::Revoked {
            return Err(RegistrationError::ServiceKeyRevoked);
        }
        known = Some(former);
    }
    let claim = PublicKeyClaim {
        jkt: kid.clone(),
        owner: owner.clone(),
        key_use: KeyUse::Enc,
    };
    ledger.tx.claim_public_key(&claim).await?;
    let record = sign_binding(ledger, key, certificate, signer, known.as_ref()).await?;
    ledger.put_key(&record).await?;
    ledger
        .put_status(record.status_index, life::key_status(record.state, true))
        .await?;
    Ok(true)
}

/// The record of a key with a fresh binding, in place of a former record of the same key.
async fn sign_binding<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    key: &Jwk,
    certificate: &Certificate,
    signer: &Signer,
    former: Option<&EncryptionKey>,
) -> Result<EncryptionKey, RegistrationError> {
    let owner = &certificate.owner;
    let sequence = ledger.tx.owner_sequence(owner).await?;
    let sequence = sequence
        .checked_add(1)
        .ok_or(RegistrationError::SequenceExhausted)?;
    ledger.tx.put_owner_sequence(owner, sequence).await?;
    let status_index = ledger.tx.allocate_status().await?;
    let algorithm = jwe::default_algorithm(key).ok_or(RegistrationError::ServiceKeyUnfit)?;
    let (now, end) = (ledger.at(), certificate.not_after);
    let claims = BindingClaims::new(
        key,
        vec![algorithm],
        sequence.into(),
        status_index,
        now,
        end,
    );
    let binding = binding::sign(signer, &claims)?;
    let bare = Jwk::from_spki_der(&key.to_spki_der()?)?;
    Ok(EncryptionKey {
        kid: key.thumbprint().to_string(),
        owner: owner.clone(),
        device: certificate.device.clone(),
        jwk: encryption_entry(&bare, algorithm, &binding)?,
        sequence,
        status_index,
        certificate: certificate.serial.clone(),
        created_at: former.map_or(now, |former| former.created_at),
        activated_at: Some(now),
        superseded_at: None,
        revoked_at: None,
        expires_at: end,
        state: KeyState::Active,
        reason: None,
        version: former.map_or(1, |former| former.version + 1),
    })
}
