use std::{collections::BTreeSet, sync::Arc};

use kleis_types::{CertificateProof, Confirmation, Identifier, Shown};

use super::*;

const ALL: [Rule; 6] = [
    Rule::Anyone,
    Rule::Newcomer,
    Rule::Lookup(Scope::Directory),
    Rule::Known(Scope::Directory),
    Rule::Signed(Scope::Directory),
    Rule::Holder(&[Role::Operator]),
];

#[derive(Debug)]
struct Operators;

impl Roles for Operators {
    fn has<'a>(&'a self, _: &'a Principal, role: Role) -> Holds<'a> {
        Box::pin(std::future::ready(Ok(role == Role::Operator)))
    }
}

fn somebody() -> Principal {
    let identifiers: [Identifier; 1] = ["SSIN:85073003328".parse().unwrap()];
    Principal::new(&identifiers, Vec::new(), Arc::new(Shown::default())).unwrap()
}

fn certified(forwarded: bool) -> Principal {
    somebody().with_certificate(CertificateProof {
        thumbprint: "x5t".to_owned(),
        device: None,
        forwarded,
    })
}

fn token(bound: bool, proven: bool, scopes: &[Scope]) -> Arc<TokenProof> {
    Arc::new(TokenProof {
        issuer: "https://idp.example".to_owned(),
        client_id: "client".to_owned(),
        scopes: scopes.iter().copied().collect::<BTreeSet<_>>(),
        hash: "hash".to_owned(),
        confirmation: bound.then(|| Confirmation::Key("jkt".to_owned())),
        proven,
    })
}

/// What each rule says of a caller: the code of the refusal, or none.
async fn verdicts(caller: Option<&Principal>) -> Vec<Option<ErrorCode>> {
    let mut verdicts = Vec::new();
    for rule in ALL {
        let verdict = check(rule, caller, &Operators).await;
        verdicts.push(verdict.err().map(|problem| problem.code()));
    }
    verdicts
}

#[tokio::test]
async fn every_rule_for_every_kind_of_caller() {
    use ErrorCode::{
        CertificateRequired as Unknown, PermissionDenied as Denied, ScopeMissing as Scope_,
        TokenNotBound as Unbound, TokenProofMissing as Stolen,
    };
    let with =
        |bound, proven, scopes: &[Scope]| Some(somebody().with_token(token(bound, proven, scopes)));
    let directory = &[Scope::Directory][..];
    let custody = &[Scope::Custody][..];
    // Columns: Anyone, Newcomer, Lookup, Known, Signed, Holder.
    let table = [
        (
            "nobody",
            None,
            [
                None,
                None,
                None,
                Some(Unknown),
                Some(Unknown),
                Some(Unknown),
            ],
        ),
        ("a certificate", Some(certified(false)), [None; 6]),
        (
            "a forwarded certificate",
            Some(certified(true)),
            [None, None, None, None, None, Some(Denied)],
        ),
        (
            "a token whose key is proven",
            with(true, true, directory),
            [None, None, None, None, None, Some(Denied)],
        ),
        (
            "a bound token without its key",
            with(true, false, directory),
            [
                Some(Stolen),
                Some(Stolen),
                Some(Stolen),
                Some(Stolen),
                None,
                Some(Denied),
            ],
        ),
        (
            "a bearer token",
            with(false, false, directory),
            [None, None, None, Some(Unbound), Some(Unbound), Some(Denied)],
        ),
        (
            "a token for another service",
            with(true, true, custody),
            [
                None,
                None,
                Some(Scope_),
                Some(Scope_),
                Some(Scope_),
                Some(Denied),
            ],
        ),
        (
            "a bearer token for another service",
            with(false, false, custody),
            [
                None,
                None,
                Some(Scope_),
                Some(Unbound),
                Some(Unbound),
                Some(Denied),
            ],
        ),
        (
            "an operator's certificate beside a token",
            Some(certified(false).with_token(token(true, true, directory))),
            [None, None, None, None, None, Some(Denied)],
        ),
    ];
    for (name, caller, expected) in table {
        assert_eq!(verdicts(caller.as_ref()).await, expected, "{name}");
    }
}

#[tokio::test]
async fn another_role_does_not_do() {
    let operator = certified(false);
    let verdict = check(Rule::Holder(&[Role::Auditor]), Some(&operator), &Operators).await;
    assert_eq!(verdict.unwrap_err().code(), ErrorCode::PermissionDenied);
    let either = Rule::Holder(&[Role::Auditor, Role::Operator]);
    assert_eq!(check(either, Some(&operator), &Operators).await, Ok(()));
    let verdict = check(either, Some(&operator), &NoRoles).await;
    assert_eq!(verdict.unwrap_err().code(), ErrorCode::PermissionDenied);
}
