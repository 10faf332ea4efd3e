//! Certificates that were not shown: the edge says who calls, and nobody can check that but by a signature.

use http::HeaderMap;
use kleis_e2e::{Forge, Lone, Mischief, NOTHING, Refusal, Reply, people, xfcc};
use kleis_proto::{
    directory::v1::LookupRequest,
    registration::v1::{ListCertificatesResponse, ListKeysResponse},
};
use prost::Message as _;
use serde_json::json;
use tonic::Status;

use crate::{cast::Cast, deeds::Deed};

/// What the edge sends with a message in the name of somebody.
fn as_if(value: Option<http::HeaderValue>) -> HeaderMap {
    value
        .map(|value| (xfcc::HEADER.parse().unwrap(), value))
        .into_iter()
        .collect()
}

/// The reason of a refusal.
pub(crate) fn reason(reply: &Reply) -> String {
    match reply {
        Reply::Message(_) => String::new(),
        Reply::Refused(headers) => Refusal::from(Status::from_header_map(headers).unwrap()).reason,
    }
}

fn message<M: prost::Message + Default>(reply: Reply) -> M {
    match reply {
        Reply::Message(message) => M::decode(message.as_slice()).unwrap(),
        Reply::Refused(headers) => panic!("{headers:?}"),
    }
}

/// This much the edge can read in anybody's name: what is listed here, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn edge_reads_in_the_name_of_whose_certificate_it_has_seen() {
    let cast = Cast::new().await;
    let before = cast.installation.databases().contents();
    // The certificate passed when the doctor's home first called: that it was shown then is all that is needed.
    cast.doctor.client.keys().await.unwrap();
    let seen = cast.edge.last(Deed::ListKeys.rpc()).shown;
    assert_eq!(seen[xfcc::HEADER], xfcc::of_party(&cast.doctor.party));
    let (keys, certificates, lookup) = (
        Deed::ListKeys.rpc(),
        Deed::ListCertificates.rpc(),
        Deed::Lookup.rpc(),
    );
    let person = LookupRequest {
        identifier: people::DOCTOR.to_owned(),
        ..LookupRequest::default()
    }
    .encode_to_vec();

    // As nobody, and as itself, which is nobody too.
    for (rpc, question) in [(keys, &[][..]), (certificates, &[]), (lookup, &person)] {
        let refused = cast.edge.send(rpc, HeaderMap::new(), question).await;
        assert_eq!(reason(&refused), "CERTIFICATE_REQUIRED", "{rpc}");
    }
    // As the doctor: their keys and certificates, all of them public, and look-ups of persons.
    let doctor = as_if(Some(xfcc::of_party(&cast.doctor.party)));
    let listed: ListKeysResponse = message(cast.edge.send(keys, doctor.clone(), &[]).await);
    assert_eq!(listed.keys.len(), 1);
    let listed: ListCertificatesResponse =
        message(cast.edge.send(certificates, doctor.clone(), &[]).await);
    assert_eq!(listed.certificates[0].identifier, people::DOCTOR);
    assert_eq!(reason(&cast.edge.send(lookup, doctor, &person).await), "");
    let changes = cast.installation.databases().changes_since(&before);
    assert_eq!(changes, NOTHING);
}

/// Says that this was shown with every request, or that nothing was.
#[derive(Clone)]
struct Say(Option<http::HeaderValue>);

impl Mischief for Say {
    fn headers(&self, _: &str, headers: &mut HeaderMap) {
        *headers = as_if(self.0.clone());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_no_order_is_carried_out_under_another_certificate_or_none() {
    let cast = Cast::new().await;
    let insurer = xfcc::of_party(&cast.insurer.party);
    let orders = [&Deed::REGISTRATION[..], &Deed::CUSTODY].concat();
    // Newcomers show no certificate to anybody.
    for deed in orders.into_iter().filter(|deed| !deed.is_a_newcomers()) {
        let ready = deed.ready(&cast, &cast.doctor).await;
        let mischief = [
            (Say(None), "CERTIFICATE_REQUIRED"),
            (Say(Some(insurer.clone())), "SIGNER_MISMATCH"),
        ];
        let before = cast.installation.databases().contents();
        for (say, reason) in mischief {
            cast.edge.set(say);
            let error = ready.perform().await.unwrap_err();
            assert_eq!(error.reason(), reason, "{deed:?}");
        }
        let changes = cast.installation.databases().changes_since(&before);
        assert_eq!(changes, NOTHING, "{deed:?}");
        cast.edge.be_honest();
        ready.perform().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_has_no_role_whatever_it_forwards() {
    let cast = Cast::new().await;
    let operator = as_if(Some(xfcc::of_party(cast.installation.operator())));
    let admin = "kleis.registration.v1.RegistrationAdminService/ListRegistrants";
    // What the edge reaches does not serve operators.
    let refused = cast.edge.send(admin, operator.clone(), &[]).await;
    let Reply::Refused(headers) = refused else {
        panic!("served")
    };
    assert_eq!(headers["grpc-status"], "12");
    // An operator's certificate signs no order in the edge's hands.
    let rpc = Deed::DescribeKey.rpc();
    let body = json!({"keyId": "A".repeat(22)});
    let order = Forge::order(&cast.installation, &cast.doctor.party, rpc, body);
    let order = Lone { text: order.sign() }.encode_to_vec();
    let refused = cast.edge.send(rpc, operator, &order).await;
    assert_eq!(reason(&refused), "SIGNER_MISMATCH");
}
