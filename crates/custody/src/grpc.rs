//! The service over gRPC: parse, call, answer.

use kleis_proto::custody::v1 as wire;
use kleis_proto::custody::v1::custody_service_server::{CustodyService, CustodyServiceServer};
use kleis_proto::{
    call,
    method::{MAX_DEPOSIT_ORDER, custody as method},
};
use kleis_store::custody::CustodyStore;
use kleis_trust::status::StatusSource;
use kleis_types::{Problem, RpcRule, Rule, Scope};
use tonic::{Request, Response, Status};

use crate::{Call, Custody, CustodyError};

/// Room in a message for what stands around the longest order.
const ROOM: usize = 1024;

/// Who may call each RPC.
pub const RULES: &[RpcRule] = &[
    (method::CREATE_KEYS, Rule::Signed(Scope::Custody)),
    (method::DEPOSIT_KEYS, Rule::Signed(Scope::Custody)),
    (method::GET_KEY, Rule::Signed(Scope::Custody)),
    (method::CONFIRM_READ, Rule::Signed(Scope::Custody)),
    (method::DESCRIBE_KEY, Rule::Signed(Scope::Custody)),
    (method::SHRED_KEY, Rule::Signed(Scope::Custody)),
];

/// The public service.
pub fn public<S: CustodyStore, V: StatusSource + 'static>(
    custody: Custody<S, V>,
) -> CustodyServiceServer<Adapter<S, V>> {
    CustodyServiceServer::new(Adapter(custody)).max_decoding_message_size(MAX_DEPOSIT_ORDER + ROOM)
}

/// The custody service behind gRPC.
#[derive(Debug)]
pub struct Adapter<S, V>(Custody<S, V>);

#[tonic::async_trait]
impl<S: CustodyStore, V: StatusSource + 'static> CustodyService for Adapter<S, V> {
    async fn create_keys(
        &self,
        request: Request<wire::CreateKeysRequest>,
    ) -> Result<Response<wire::CreateKeysResponse>, Status> {
        let call = call::of(&request);
        let release = self.0.create_keys(&request.get_ref().order, &call).await;
        let release = release.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::CreateKeysResponse { release }))
    }

    async fn deposit_keys(
        &self,
        request: Request<wire::DepositKeysRequest>,
    ) -> Result<Response<wire::DepositKeysResponse>, Status> {
        let call = call::of(&request);
        let reply = self.0.deposit_keys(&request.get_ref().order, &call).await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::DepositKeysResponse { reply }))
    }

    async fn get_key(
        &self,
        request: Request<wire::GetKeyRequest>,
    ) -> Result<Response<wire::GetKeyResponse>, Status> {
        let call = call::of(&request);
        let release = self.0.get_key(&request.get_ref().order, &call).await;
        let release = release.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::GetKeyResponse { release }))
    }

    async fn confirm_read(
        &self,
        request: Request<wire::ConfirmReadRequest>,
    ) -> Result<Response<wire::ConfirmReadResponse>, Status> {
        let call = call::of(&request);
        let reply = self.0.confirm_read(&request.get_ref().order, &call).await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::ConfirmReadResponse { reply }))
    }

    async fn describe_key(
        &self,
        request: Request<wire::DescribeKeyRequest>,
    ) -> Result<Response<wire::DescribeKeyResponse>, Status> {
        let call = call::of(&request);
        let reply = self.0.describe_key(&request.get_ref().order, &call).await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::DescribeKeyResponse { reply }))
    }

    async fn shred_key(
        &self,
        request: Request<wire::ShredKeyRequest>,
    ) -> Result<Response<wire::ShredKeyResponse>, Status> {
        let call = call::of(&request);
        let reply = self.0.shred_key(&request.get_ref().order, &call).await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::ShredKeyResponse { reply }))
    }
}

/// Tells the caller; what is ours to mend goes into the log as well.
fn refuse(call: &Call, error: &CustodyError) -> Status {
    if error.is_internal() {
        tracing::error!(trace_id = call.trace_text(), %error, "an order failed");
    }
    call::refuse(call, &Problem::from(error))
}

#[cfg(test)]
mod tests {
    use kleis_proto::{custody::v1::custody_service_server::SERVICE_NAME, rules};

    #[test]
    fn every_rpc_has_its_rule() {
        let none: [&str; 0] = [];
        assert_eq!(rules::faults(SERVICE_NAME, super::RULES).unwrap(), none);
    }
}
