//! The same server without a network.

use kleis_runtime::InProcess;
use kleis_types::ErrorCode;
use tonic::Code;

use crate::support::{Parts, lookup, problem, some};

#[tokio::test]
async fn services_call_each_other_in_memory() {
    let parts = Parts::new();
    let (way, connections) = InProcess::new();
    let server = parts.server().await;
    let task = tokio::spawn(server.serve(connections));
    let channel = way.channel();
    lookup(&channel, "anything").await.unwrap();
    let (code, said) = problem(lookup(&channel, "who").await);
    assert_eq!(code, ErrorCode::RecipientNotFound);
    assert_eq!(said, "nobody from InProcess");
    parts.life.stop();
    task.await.unwrap().unwrap();
    let gone = lookup(&channel, "anything").await.unwrap_err();
    assert_eq!(gone.code(), Code::Unavailable);
}

#[tokio::test]
async fn they_are_not_counted_as_callers() {
    let mut parts = Parts::new();
    parts.limits.requests_per_second = some(1);
    parts.limits.burst = some(1);
    let (way, connections) = InProcess::new();
    let task = tokio::spawn(parts.server().await.serve(connections));
    let channel = way.channel();
    for _ in 0..10 {
        lookup(&channel, "anything").await.unwrap();
    }
    parts.life.stop();
    task.await.unwrap().unwrap();
}
