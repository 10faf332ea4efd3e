//! Webhooks: a POST each, over HTTPS.

use std::time::Duration;

use axum::{
    body::Bytes,
    http::{Request, StatusCode, header},
};
use kleis_registration::{Letter, Sent};
use kleis_runtime::{Bounds, HttpClient, HttpsClient};
use rustls::RootCertStore;

use super::{Carrier, Sending};
use crate::failure::Failure;

/// What a call may take; of the answer nothing but its status counts.
const BOUNDS: Bounds = Bounds {
    patience: Duration::from_secs(10),
    answer: 64 * 1024,
};

/// Calls webhooks.
pub(super) struct WebhookCaller(HttpsClient);

impl WebhookCaller {
    /// Calls those whose servers have a certificate of these roots.
    pub(super) fn new(roots: RootCertStore) -> Result<Self, Failure> {
        HttpsClient::new(roots).map(Self).map_err(Failure::crypto)
    }

    async fn call(&self, address: &str, body: &[u8]) -> Sent {
        let request = Request::post(address)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::copy_from_slice(body));
        let Ok(request) = request else {
            return Sent::Never;
        };
        match self.0.send(request, BOUNDS).await {
            Ok(answer) if answer.status().is_success() => Sent::Taken,
            // Whoever is gone has said so.
            Ok(answer) if answer.status() == StatusCode::GONE => Sent::Never,
            Ok(answer) => {
                tracing::debug!(
                    status = answer.status().as_u16(),
                    "a webhook did not take it"
                );
                Sent::NotNow
            }
            Err(error) => {
                tracing::debug!(%error, "a webhook cannot be called");
                Sent::NotNow
            }
        }
    }
}

impl Carrier for WebhookCaller {
    fn send<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(async move {
            match letter {
                Letter::Webhook { to, body } => self.call(to.as_str(), body).await,
                Letter::Mail { .. } => Sent::Never,
            }
        })
    }
}
