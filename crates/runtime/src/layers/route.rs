//! What a request asks for, in words that may be logged and counted.

use std::{collections::HashSet, sync::Arc};

use axum::extract::{MatchedPath, Request};
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

/// The method, or the template of the path, that a request asks for.
#[derive(Clone, Debug)]
pub(crate) struct Route(pub(crate) Arc<str>);

/// The gRPC methods that a server knows.
#[derive(Debug, Default)]
pub(crate) struct Methods(HashSet<Arc<str>>);

impl Methods {
    /// The methods of an encoded `google.protobuf.FileDescriptorSet`.
    pub(crate) fn add(&mut self, descriptors: &[u8]) -> Result<(), prost::DecodeError> {
        let files = FileDescriptorSet::decode(descriptors)?.file;
        self.0.extend(files.iter().flat_map(of_file));
        Ok(())
    }

    /// The methods of a service.
    pub(crate) fn of_service<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let is_its_own = move |method: &&str| {
            let service = method.rsplit_once('/').map(|(service, _)| service);
            service == Some(name)
        };
        self.0.iter().map(|method| &**method).filter(is_its_own)
    }

    /// The route of a request. Nothing that the caller made up is in it.
    pub(super) fn route(&self, request: &Request) -> Route {
        let path = request.uri().path();
        let method = path.strip_prefix('/').and_then(|name| self.0.get(name));
        let template = || {
            request
                .extensions()
                .get::<MatchedPath>()
                .map(|p| p.as_str().into())
        };
        Route(
            method
                .cloned()
                .or_else(template)
                .unwrap_or_else(|| "unknown".into()),
        )
    }
}

fn of_file(file: &FileDescriptorProto) -> impl Iterator<Item = Arc<str>> {
    file.service.iter().flat_map(move |service| {
        service
            .method
            .iter()
            .map(move |m| format!("{}.{}/{}", file.package(), service.name(), m.name()).into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_method_is_its_own_label_and_an_unknown_path_is_none() {
        let mut methods = Methods::default();
        methods.add(tonic_health::pb::FILE_DESCRIPTOR_SET).unwrap();
        for (path, label) in [
            (
                "/grpc.health.v1.Health/Check",
                "grpc.health.v1.Health/Check",
            ),
            ("/grpc.health.v1.Health/Chuck", "unknown"),
            ("/SSIN/85073003328", "unknown"),
        ] {
            let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
            assert_eq!(&*methods.route(&request).0, label);
        }
    }

    #[test]
    fn what_is_no_descriptor_set_is_refused() {
        assert!(Methods::default().add(b"\xff").is_err());
    }
}
