//! The client: a home, its connections, and the one way in which orders are sent.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kleis_proto::audit::v1::audit_service_client::AuditServiceClient;
use kleis_proto::custody::v1::custody_service_client::CustodyServiceClient;
use kleis_proto::directory::v1::directory_service_client::DirectoryServiceClient;
use kleis_proto::registration::v1::registration_admin_service_client::RegistrationAdminServiceClient;
use kleis_proto::registration::v1::registration_service_client::RegistrationServiceClient;
use kleis_trust::order::{self, Draft, SignedOrder};
use kleis_trust::status::StatusList;
use kleis_trust::{Anchors, Signer, reply};
use kleis_types::{Clock, Identifier, Random, Service, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tonic::transport::Channel;

use crate::access::{Bearer, Holder, Line, Token};
use crate::channel::{TlsIdentity, connect};
use crate::kept::Kept;
use crate::{Access, ClientError, Config, Home};

/// How often an order is sent before giving up, and how long to wait before the second time; it doubles.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// A client of one installation, with one home.
pub struct Kleis {
    pub(crate) home: Home,
    pub(crate) config: Config,
    pub(crate) anchors: Anchors,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) status: Mutex<Option<Arc<StatusList>>>,
    pub(crate) kept: Kept,
    signer: Option<Signer>,
    bearer: Option<Arc<Bearer>>,
    channel: Channel,
    public: Line,
    admin: Option<Line>,
}

impl fmt::Debug for Kleis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kleis")
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

impl Kleis {
    /// Opens a home. Nothing is sent yet.
    ///
    /// # Panics
    /// Outside of a Tokio runtime, which the connections live in.
    ///
    /// # Errors
    /// [`ClientError::Home`], [`ClientError::Input`] when an address is none, [`ClientError::NotVerified`] when the home's own certificate
    /// does not fit its key.
    pub fn open(
        home: Home,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, ClientError> {
        let config = home.config()?;
        let (signer, identity) = if home.is_enrolled() {
            let (signer, identity) = own_signer(&home)?;
            (Some(signer), Some(identity))
        } else {
            (None, None)
        };
        // Operators reach the admin address themselves, so the certificate is always shown there.
        let shown = identity
            .as_ref()
            .filter(|_| config.access == Access::Certificate);
        let public = connect(&config.server, &config.root_pem, shown)?;
        let line = |address| connect(address, &config.root_pem, identity.as_ref());
        let admin = config.admin.as_deref().map(line).transpose()?;
        Self::over(home, config, signer, (public, admin), clock, random)
    }

    /// A client over connections of the caller's: the public one, and perhaps the admin one.
    pub(crate) fn over(
        home: Home,
        config: Config,
        signer: Option<Signer>,
        (public, admin): (Channel, Option<Channel>),
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, ClientError> {
        let anchors = config.anchors().map_err(ClientError::Input)?;
        let by_token = config.access == Access::Token;
        let kleis = Self {
            home,
            config,
            anchors,
            clock,
            random,
            status: Mutex::new(None),
            kept: Kept::default(),
            signer,
            bearer: None,
            channel: public.clone(),
            public: Line::bare(public),
            admin: admin.map(Line::bare),
        };
        if by_token && kleis.signer.is_some() {
            let bearer = Bearer::of_service(kleis.holder()?, kleis.channel.clone());
            return Ok(kleis.showing(bearer));
        }
        Ok(kleis)
    }

    /// The same client, which shows this access token with every request, in the place of its own.
    /// The token must be bound to this home's authentication key: orders name it, and its credentials count for them.
    ///
    /// # Errors
    /// [`crate::HomeError::NotEnrolled`] if the home has no authentication key yet.
    pub fn with_access_token(self, token: String) -> Result<Self, ClientError> {
        let bearer = Bearer::given(self.holder()?, token);
        Ok(self.showing(bearer))
    }

    /// A fresh access token of the installation's token service, bound to this home's key, with
    /// these scopes (separated by spaces), or with all there are.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with what the token service says; [`ClientError::Unreachable`];
    /// [`crate::HomeError::NotEnrolled`].
    pub async fn token(&self, scope: Option<&str>) -> Result<Token, ClientError> {
        let bearer = Bearer::of_service(self.holder()?, self.channel.clone());
        Ok(bearer.ask(&self.channel, scope).await?)
    }

    fn showing(self, bearer: Bearer) -> Self {
        let bearer = Arc::new(bearer);
        Self {
            public: self.public.with(&bearer),
            bearer: Some(bearer),
            ..self
        }
    }

    fn holder(&self) -> Result<Holder, ClientError> {
        Ok(Holder {
            identifier: self.identifier().ok().cloned(),
            key: self.home.auth_key()?,
            server: self.config.server.trim_end_matches('/').to_owned(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
        })
    }

    /// The home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The installation's configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Who we are, by our certificate.
    ///
    /// # Errors
    /// [`crate::HomeError::NotEnrolled`].
    pub fn signer(&self) -> Result<&Signer, ClientError> {
        self.signer
            .as_ref()
            .ok_or_else(|| crate::HomeError::NotEnrolled(self.home.dir().to_owned()).into())
    }

    /// Our primary identity.
    pub fn identifier(&self) -> Result<&Identifier, ClientError> {
        Ok(self.signer()?.identity().primary())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn registration(&self) -> RegistrationServiceClient<Line> {
        RegistrationServiceClient::new(self.public.clone())
    }

    pub(crate) fn directory(&self) -> DirectoryServiceClient<Line> {
        // 500 JWK Sets with chains are more than tonic's default of 4 MiB.
        DirectoryServiceClient::new(self.public.clone()).max_decoding_message_size(32 << 20)
    }

    pub(crate) fn custody(&self) -> CustodyServiceClient<Line> {
        CustodyServiceClient::new(self.public.clone())
    }

    pub(crate) fn operators(&self) -> Result<RegistrationAdminServiceClient<Line>, ClientError> {
        Ok(RegistrationAdminServiceClient::new(self.admin_line()?))
    }

    pub(crate) fn auditors(&self) -> Result<AuditServiceClient<Line>, ClientError> {
        Ok(AuditServiceClient::new(self.admin_line()?))
    }

    fn admin_line(&self) -> Result<Line, ClientError> {
        self.admin.clone().ok_or_else(|| {
            ClientError::Input(
                "this home knows no admin address: run `kleis init` with --admin".to_owned(),
            )
        })
    }

    /// Signs an order with our certified key. It names the token that will go with it.
    pub(crate) async fn sign<B: Serialize>(
        &self,
        draft: Draft<'_, B>,
    ) -> Result<SignedOrder, ClientError> {
        let signer = self.signer()?;
        let draft = if self.bearer.is_some() {
            self.naming_token(draft).await?
        } else {
            draft
        };
        let installation = self.anchors.installation();
        order::sign(
            signer,
            installation,
            &draft,
            self.now(),
            self.random.as_ref(),
        )
        .map_err(|error| ClientError::Input(error.to_string()))
    }

    /// An order that names the token which will go with it.
    ///
    /// # Errors
    /// [`ClientError::Input`] if this client shows none.
    pub(crate) async fn naming_token<'a, B: Serialize>(
        &self,
        draft: Draft<'a, B>,
    ) -> Result<Draft<'a, B>, ClientError> {
        let bearer = self.bearer.as_ref().ok_or_else(|| {
            let detail = "a login is an access token: give it with --access-token";
            ClientError::Input(detail.to_owned())
        })?;
        Ok(draft.with_access_token(&bearer.for_order().await?))
    }

    /// Signs an order, sends it, and verifies the signed reply.
    pub(crate) async fn order<B, R, F>(
        &self,
        service: Service,
        draft: Draft<'_, B>,
        call: impl Fn(String) -> F + Sync,
    ) -> Result<R, ClientError>
    where
        B: Serialize,
        R: DeserializeOwned,
        F: Future<Output = Result<String, tonic::Status>>,
    {
        let method = draft.method();
        let order = self.sign(draft).await?;
        let reply = self.send(&order, call).await?;
        self.verify_reply(&reply, service, method, &order).await
    }

    /// Forgets an order that was answered. An answer that does not stand up to verification is none: the order may have been carried out, and the
    /// true answer may still be had.
    pub(crate) fn settled<T>(
        &self,
        purpose: &str,
        result: Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        if result
            .as_ref()
            .map_or_else(ClientError::is_refusal, |_| true)
        {
            self.home.settle_pending(purpose)?;
        }
        result
    }

    /// Sends an order, and sends it again in the same bytes while the service cannot be reached: it is carried out once.
    ///
    /// `call` is no async closure: what is sent must be fit to be spawned, and the compiler cannot yet see that of those.
    pub(crate) async fn send<F>(
        &self,
        order: &SignedOrder,
        call: impl Fn(String) -> F + Sync,
    ) -> Result<String, ClientError>
    where
        F: Future<Output = Result<String, tonic::Status>>,
    {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match call(order.compact().to_owned())
                .await
                .map_err(ClientError::from)
            {
                Err(error) if error.is_transient() => tokio::time::sleep(pause).await,
                result => return result,
            }
            pause *= 2;
        }
        Ok(call(order.compact().to_owned()).await?)
    }

    /// Verifies a signed reply to an order of ours.
    pub(crate) async fn verify_reply<R: DeserializeOwned>(
        &self,
        compact: &str,
        service: Service,
        method: &str,
        order: &SignedOrder,
    ) -> Result<R, ClientError> {
        let status = self.status_list().await?;
        reply::verify(
            compact,
            &self.anchors,
            status.as_ref(),
            service,
            method,
            order,
            self.now(),
        )
        .map_err(|error| {
            ClientError::not_verified(format!("the reply of {service}"), error.reason(), error)
        })
    }
}

pub(crate) fn own_signer(home: &Home) -> Result<(Signer, TlsIdentity), ClientError> {
    let not_ours = |error: &dyn fmt::Display| {
        ClientError::not_verified("this home's own certificate", "OWN_CERTIFICATE", error)
    };
    let key = home.auth_key()?;
    let chain = home.identity()?.chain().map_err(|error| not_ours(&error))?;
    let signer = Signer::new(key.clone(), chain).map_err(|error| not_ours(&error))?;
    let identity = TlsIdentity::new(&signer, &key)?;
    Ok((signer, identity))
}
