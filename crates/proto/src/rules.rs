//! Whether the rules that a service declares are those of its RPCs: each has one, and no more.

use kleis_types::RpcRule;
use prost::{DecodeError, Message as _};
use prost_types::FileDescriptorSet;

use crate::FILE_DESCRIPTOR_SET;

/// What is wrong with the rules of a service, in words: RPCs of the protos without a rule, rules
/// that name no RPC of the service, and second rules. Nothing, if they fit.
///
/// `service` is a full name, `kleis.custody.v1.CustodyService`. A service that the protos do not
/// know is a fault of its own. Fails only if [`FILE_DESCRIPTOR_SET`] does not parse.
pub fn faults(service: &str, rules: &[RpcRule]) -> Result<Vec<String>, DecodeError> {
    let rpcs = rpcs(service)?;
    let mut found = Vec::new();
    if rpcs.is_empty() {
        found.push(format!("{service} is no service of the protos"));
    }
    for rpc in &rpcs {
        match rules.iter().filter(|(name, _)| name == rpc).count() {
            0 => found.push(format!("{rpc} has no rule")),
            1 => {}
            _ => found.push(format!("{rpc} has more than one rule")),
        }
    }
    let strange = rules
        .iter()
        .filter(|(name, _)| !rpcs.iter().any(|rpc| rpc == name));
    found.extend(strange.map(|(name, _)| format!("{name} is no RPC of {service}")));
    Ok(found)
}

/// The full names of the RPCs of a service, in the order of the protos; none if there is no such
/// service.
pub fn rpcs(service: &str) -> Result<Vec<String>, DecodeError> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET)?;
    let mut names = Vec::new();
    for file in &set.file {
        let is_meant = |s: &&prost_types::ServiceDescriptorProto| {
            format!("{}.{}", file.package(), s.name()) == service
        };
        for found in file.service.iter().filter(is_meant) {
            let full =
                |rpc: &prost_types::MethodDescriptorProto| format!("{service}/{}", rpc.name());
            names.extend(found.method.iter().map(full));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use kleis_types::{Rule, Scope};

    use super::*;

    const DIRECTORY: &str = "kleis.directory.v1.DirectoryService";
    const LOOKUP: RpcRule = (
        "kleis.directory.v1.DirectoryService/Lookup",
        Rule::Lookup(Scope::Directory),
    );

    #[test]
    fn every_rpc_is_found_by_its_full_name() {
        let names = rpcs(DIRECTORY).unwrap();
        assert!(names.iter().any(|name| name == LOOKUP.0), "{names:?}");
        assert!(rpcs("kleis.directory.v1.Directory").unwrap().is_empty());
    }

    #[test]
    fn what_is_missing_strange_or_twice_is_named() {
        let strange = ("kleis.custody.v1.CustodyService/GetKey", Rule::Anyone);
        let found = faults(DIRECTORY, &[LOOKUP, LOOKUP, strange]).unwrap();
        assert_eq!(
            found,
            [
                "kleis.directory.v1.DirectoryService/Lookup has more than one rule",
                "kleis.directory.v1.DirectoryService/BatchLookup has no rule",
                "kleis.directory.v1.DirectoryService/GetKey has no rule",
                "kleis.directory.v1.DirectoryService/Watch has no rule",
                "kleis.custody.v1.CustodyService/GetKey is no RPC of \
                 kleis.directory.v1.DirectoryService",
            ]
        );
        let unknown = faults("no.such.Service", &[]).unwrap();
        assert_eq!(unknown, ["no.such.Service is no service of the protos"]);
    }
}
