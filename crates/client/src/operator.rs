//! What operators do: the register, enrolment codes, revocation.

use kleis_proto::method;
use kleis_proto::registration::v1::{
    CreateEnrolmentCodeOrder, CreateEnrolmentCodeRequest, CreateEnrolmentCodeResult,
    ImportRegistrantsOrder, ImportRegistrantsRequest, ImportRegistrantsResult,
    ListRegistrantsRequest, Registrant, RegistrantSummary, RevokeCertificateAsOperatorOrder,
    RevokeCertificateAsOperatorRequest, RevokeCertificateAsOperatorResult,
};
use kleis_trust::Jti;
use kleis_trust::enrolment_code::{Announcement, EnrolmentCode};
use kleis_trust::order::Draft;
use kleis_types::{Contact, Identifier, RevocationReason, Service, Timestamp};
use zeroize::Zeroizing;

use crate::{ClientError, Kleis};

/// What an import did.
pub type ImportReport = ImportRegistrantsResult;

/// How many registrants travel in one order.
const BATCH: usize = 100;

/// A registrant to be put into the register.
#[derive(Debug, Clone)]
pub struct RegistrantLine {
    /// The name.
    pub name: String,
    /// The identifiers, the first one is how the register knows it.
    pub identifiers: Vec<Identifier>,
    /// Whether anything may be issued to it.
    pub active: bool,
    /// Where it is told what happens to its keys; `None` leaves that as it is.
    pub contact: Option<Contact>,
}

/// A fresh enrolment code: shown once, handed over out of band.
pub struct IssuedCode {
    /// The code itself.
    pub code: Zeroizing<String>,
    /// Its id.
    pub code_id: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How many others must approve it before it proves anything.
    pub approvals_missing: u32,
}

impl std::fmt::Debug for IssuedCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedCode")
            .field("code_id", &self.code_id)
            .finish_non_exhaustive()
    }
}

impl Kleis {
    /// Puts registrants into the register: all or none of each batch of 100. `progress` hears how many are done.
    pub async fn import_registrants(
        &self,
        lines: &[RegistrantLine],
        mut progress: impl FnMut(usize),
    ) -> Result<ImportReport, ClientError> {
        let mut report = ImportReport::default();
        let mut done = 0;
        for batch in lines.chunks(BATCH) {
            let part = self.import_batch(batch).await?;
            report.created += part.created;
            report.updated += part.updated;
            report.unchanged += part.unchanged;
            done += batch.len();
            progress(done);
        }
        Ok(report)
    }

    async fn import_batch(&self, batch: &[RegistrantLine]) -> Result<ImportReport, ClientError> {
        let registrants = batch.iter().map(|line| Registrant {
            name: line.name.clone(),
            identifiers: line.identifiers.iter().map(ToString::to_string).collect(),
            active: line.active,
            mail: line.contact.as_ref().map(|to| to.mail_text().to_owned()),
            webhook: line.contact.as_ref().map(|to| to.webhook_text().to_owned()),
        });
        let body = ImportRegistrantsOrder {
            registrants: registrants.collect(),
        };
        let draft = Draft::new(method::registration_admin::IMPORT_REGISTRANTS, body);
        let client = self.operators()?;
        self.order(Service::Registration, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = ImportRegistrantsRequest { order };
                Ok(client.import_registrants(request).await?.into_inner().reply)
            }
        })
        .await
    }

    /// The whole register, page by page.
    pub async fn registrants(&self) -> Result<Vec<RegistrantSummary>, ClientError> {
        let mut client = self.operators()?;
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListRegistrantsRequest {
                page_size: 1_000,
                page_token,
            };
            let page = client.list_registrants(request).await?.into_inner();
            all.extend(page.registrants);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }

    /// Makes an enrolment code for an identity, here, and announces its verifier. The code itself never travels.
    pub async fn create_enrolment_code(
        &self,
        identifier: &Identifier,
        lifetime: u32,
    ) -> Result<IssuedCode, ClientError> {
        let registration = self.service_key(Service::Registration).await?;
        let code = EnrolmentCode::generate(self.random.as_ref());
        let verifier = code.verifier(self.anchors.installation(), &identifier.to_string());
        let jti = Jti::random(self.random.as_ref());
        let announcement = Announcement {
            jti,
            code: code.id(),
            identifier,
        };
        let sealed = announcement
            .seal(&registration, &verifier, self.random.as_ref())
            .map_err(|error| ClientError::Input(error.to_string()))?;
        let body = CreateEnrolmentCodeOrder {
            code_id: code.id().to_string(),
            identifier: identifier.to_string(),
            sealed,
            lifetime,
        };
        let draft =
            Draft::new(method::registration_admin::CREATE_ENROLMENT_CODE, body).with_jti(jti);
        let client = self.operators()?;
        let result: CreateEnrolmentCodeResult = self
            .order(Service::Registration, draft, |order| {
                let mut client = client.clone();
                async move {
                    let request = CreateEnrolmentCodeRequest { order };
                    Ok(client
                        .create_enrolment_code(request)
                        .await?
                        .into_inner()
                        .reply)
                }
            })
            .await?;
        Ok(IssuedCode {
            code: code.to_text(),
            code_id: result.code_id,
            expires_at: Timestamp::from_unix(result.expires_at.into()),
            approvals_missing: result.approvals_missing,
        })
    }

    /// Revokes anybody's certificate and all keys that it binds.
    pub async fn revoke_certificate_as_operator(
        &self,
        serial: &str,
        reason: RevocationReason,
    ) -> Result<RevokeCertificateAsOperatorResult, ClientError> {
        let body = RevokeCertificateAsOperatorOrder {
            serial: serial.to_owned(),
            reason: reason.to_string(),
        };
        let method = method::registration_admin::REVOKE_CERTIFICATE_AS_OPERATOR;
        let client = self.operators()?;
        self.order(Service::Registration, Draft::new(method, body), |order| {
            let mut client = client.clone();
            async move {
                let request = RevokeCertificateAsOperatorRequest { order };
                Ok(client
                    .revoke_certificate_as_operator(request)
                    .await?
                    .into_inner()
                    .reply)
            }
        })
        .await
    }
}
