//! The client: a home, its connections, and the one way in which orders are sent.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

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

use crate::channel::{TlsIdentity, connect};
use crate::{ClientError, Config, Home};

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
    signer: Option<Signer>,
    public: Channel,
    admin: Option<Channel>,
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
        let line = |address: &String| connect(address, &config.root_pem, identity.as_ref());
        let public = line(&config.server)?;
        let admin = config.admin.as_ref().map(line).transpose()?;
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
        Ok(Self {
            home,
            config,
            anchors,
            clock,
            random,
            status: Mutex::new(None),
            signer,
            public,
            admin,
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

    pub(crate) fn registration(&self) -> RegistrationServiceClient<Channel> {
        RegistrationServiceClient::new(self.public.clone())
    }

    pub(crate) fn directory(&self) -> DirectoryServiceClient<Channel> {
        // 500 JWK Sets with chains are more than tonic's default of 4 MiB.
        DirectoryServiceClient::new(self.public.clone()).max_decoding_message_size(32 << 20)
    }

    pub(crate) fn custody(&self) -> CustodyServiceClient<Channel> {
        CustodyServiceClient::new(self.public.clone())
    }

    pub(crate) fn operators(&self) -> Result<RegistrationAdminServiceClient<Channel>, ClientError> {
        let channel = self.admin.clone().ok_or_else(|| {
            ClientError::Input(
                "this home knows no admin address: run `kleis init` with --admin".to_owned(),
            )
        })?;
        Ok(RegistrationAdminServiceClient::new(channel))
    }

    /// Signs an order with our certified key.
    pub(crate) fn sign<B: Serialize>(
        &self,
        draft: &Draft<'_, B>,
    ) -> Result<SignedOrder, ClientError> {
        let installation = self.anchors.installation();
        order::sign(
            self.signer()?,
            installation,
            draft,
            self.now(),
            self.random.as_ref(),
        )
        .map_err(|error| ClientError::Input(error.to_string()))
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
        let order = self.sign(&draft)?;
        let reply = self.send(&order, call).await?;
        self.verify_reply(&reply, service, method, &order).await
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
