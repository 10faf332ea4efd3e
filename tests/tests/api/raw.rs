//! Bytes that are no request at all.

use kleis_e2e::{Caller, Installation, Lone, NOTHING, Refusal, people};
use kleis_proto::method;
use prost::Message;
use tonic::Code;

/// A message whose one field has another type than the RPC's.
#[derive(Clone, PartialEq, Eq, Message)]
struct Number {
    #[prost(uint64, tag = "1")]
    number: u64,
}

/// A text that is not UTF-8.
#[derive(Clone, PartialEq, Eq, Message)]
struct Bytes {
    #[prost(bytes = "vec", tag = "1")]
    bytes: Vec<u8>,
}

#[tokio::test]
async fn api_what_is_no_message_is_told_so_at_every_rpc() {
    let installation = Installation::new();
    let party = installation.enrolled("party", people::DOCTOR);
    let (caller, operator) = (
        Caller::of(&installation, &party),
        Caller::of(&installation, installation.operator()),
    );
    let before = installation.databases().contents();
    let methods = [
        method::registration::ALL,
        method::registration_admin::ALL,
        method::custody::ALL,
        &["kleis.directory.v1.DirectoryService/Lookup"],
    ];
    for method in methods.concat() {
        let caller = if method.contains("Admin") {
            &operator
        } else {
            &caller
        };
        let number = caller
            .call::<_, Lone>(method, Number { number: 7 })
            .await
            .unwrap_err();
        let bytes = vec![0xff; 100];
        let bytes = caller
            .call::<_, Lone>(method, Bytes { bytes })
            .await
            .unwrap_err();
        for refused in [number, bytes] {
            let said = (refused.code, refused.reason.as_str());
            assert_eq!(
                said,
                (Code::InvalidArgument, "REQUEST_MALFORMED"),
                "{method} {refused:?}"
            );
        }
    }
    assert_eq!(installation.databases().changes_since(&before), NOTHING);
}

#[tokio::test]
async fn api_a_message_that_is_far_too_long_is_told_so() {
    let installation = Installation::new();
    let caller = Caller::anonymous(&installation);
    for length in [1 << 20, 8 << 20] {
        let message = Lone {
            text: "x".repeat(length),
        };
        let method = method::registration::ENROL;
        let refused = caller.call::<_, Lone>(method, message).await.unwrap_err();
        assert_eq!(refused.reason, "REQUEST_TOO_LARGE", "{refused:?}");
    }
}

#[tokio::test]
async fn api_an_rpc_that_does_not_exist_is_unimplemented() {
    let installation = Installation::new();
    let caller = Caller::anonymous(&installation);
    for method in [
        "kleis.custody.v1.CustodyService/Steal",
        "kleis.Nothing/At",
        "nonsense",
    ] {
        let refused: Refusal = caller
            .call::<_, Lone>(method, Lone::default())
            .await
            .unwrap_err();
        assert_eq!(refused.code, Code::Unimplemented, "{method} {refused:?}");
    }
}
