//! The first step: pin the root, learn the installation.

use kleis_proto::registration::v1::GetInstallationRequest;
use kleis_proto::registration::v1::registration_service_client::RegistrationServiceClient;

use crate::ClientError;
use crate::channel::connect;
use crate::home::{Access, Config, Home, config};

impl Home {
    /// Pins an installation: asks the server for its id over TLS that ends in the given root, and keeps both.
    ///
    /// `root_pem` must have come to us by a way we trust; `root_sha256` (hexadecimal) says so where only the fingerprint did.
    ///
    /// # Errors
    /// [`ClientError::NotVerified`] when the root is not the expected one, or the server names another; [`ClientError::Input`] when this home
    /// belongs to another installation already.
    pub async fn init(
        &self,
        server: &str,
        admin: Option<&str>,
        root_pem: &str,
        root_sha256: Option<&str>,
        access: Access,
    ) -> Result<Config, ClientError> {
        let root = config::root_der(root_pem).map_err(ClientError::Input)?;
        let fingerprint = config::sha256_hex(&root);
        let refuse = |reason, detail| ClientError::not_verified("the root", reason, detail);
        if root_sha256.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&fingerprint)) {
            return Err(refuse(
                "OTHER_ROOT",
                "its fingerprint is not the expected one",
            ));
        }
        let channel = connect(server, root_pem, None)?;
        let answer = RegistrationServiceClient::new(channel)
            .get_installation(GetInstallationRequest {})
            .await?
            .into_inner();
        if answer.root_certificate != root {
            return Err(refuse("OTHER_ROOT", "the server belongs to another root"));
        }
        let installation = answer.installation.parse().map_err(|_| {
            ClientError::not_verified("the server's answer", "INSTALLATION", "no installation id")
        })?;
        let config = Config {
            server: server.to_owned(),
            admin: admin.map(str::to_owned),
            installation,
            root_pem: root_pem.to_owned(),
            access,
        };
        if let Ok(before) = self.config()
            && (before.installation != config.installation || before.root_pem != config.root_pem)
        {
            let detail = "this home belongs to another installation: use another --home";
            return Err(ClientError::Input(detail.to_owned()));
        }
        config.anchors().map_err(ClientError::Input)?;
        self.save_config(&config)?;
        Ok(config)
    }
}
