use super::*;

/// Checks one transition from every state: those listed give the state listed, all others refuse.
macro_rules! only {
    ($state:ident, $transition:ident, [$( $from:ident => $to:ident ),+]) => {
        for &from in $state::ALL {
            let wanted = match from {
                $( $state::$from => Some($state::$to), )+
                _ => None,
            };
            let result = from.$transition();
            assert_eq!(result.ok(), wanted, "{from} {}", stringify!($transition));
            if let Err(error) = result {
                assert_eq!(error.state(), from.as_str());
            }
        }
    };
}

#[test]
fn certificates() {
    only!(CertificateState, supersede, [Active => Superseded]);
    only!(CertificateState, revoke, [Active => Revoked, Superseded => Revoked]);
    only!(CertificateState, expire, [Active => Expired, Superseded => Expired]);
}

#[test]
fn keys() {
    only!(KeyState, activate, [PendingActivation => Active]);
    only!(KeyState, supersede, [Active => Superseded]);
    only!(KeyState, revoke, [
        PendingActivation => Revoked, Active => Revoked, Superseded => Revoked
    ]);
    only!(KeyState, expire, [
        PendingActivation => Expired, Active => Expired, Superseded => Expired
    ]);
    let published: Vec<_> = KeyState::ALL
        .iter()
        .filter(|state| state.is_published())
        .collect();
    assert_eq!(published, [&KeyState::Active]);
}

#[test]
fn custody_records() {
    only!(RecordState, exhaust, [Active => Exhausted]);
    only!(RecordState, shred, [Active => Shredded, Exhausted => Shredded, Expired => Shredded]);
    only!(RecordState, expire, [Active => Expired, Exhausted => Expired]);
}

#[test]
fn signing_keys() {
    only!(SigningKeyState, promote, [Next => Current]);
    only!(SigningKeyState, retire, [Current => Retired]);
    only!(SigningKeyState, expire, [Retired => Expired]);
    let published: Vec<_> = SigningKeyState::ALL
        .iter()
        .filter(|state| state.is_published())
        .collect();
    assert_eq!(published.len(), 3);
}

#[test]
fn final_states_have_no_way_out_and_the_others_have_one() {
    for state in CertificateState::ALL {
        let ways = [state.supersede(), state.revoke(), state.expire()];
        assert_eq!(state.is_final(), ways.iter().all(Result::is_err), "{state}");
    }
    for state in KeyState::ALL {
        let ways = [
            state.activate(),
            state.supersede(),
            state.revoke(),
            state.expire(),
        ];
        assert_eq!(state.is_final(), ways.iter().all(Result::is_err), "{state}");
    }
    for state in SigningKeyState::ALL {
        let ways = [state.promote(), state.retire(), state.expire()];
        assert_eq!(state.is_final(), ways.iter().all(Result::is_err), "{state}");
    }
    for state in RequestState::ALL {
        let ways = [
            state.issue(),
            state.reject(),
            state.withdraw(),
            state.expire(),
        ];
        assert_eq!(state.is_final(), ways.iter().all(Result::is_err), "{state}");
        assert_eq!(
            ways.iter().all(Result::is_ok),
            *state == RequestState::PendingApproval
        );
    }
    for state in RecordState::ALL {
        let ways = [state.exhaust(), state.shred(), state.expire()];
        assert_eq!(state.is_final(), ways.iter().all(Result::is_err), "{state}");
    }
}

#[test]
fn an_impossible_transition_is_a_conflict_that_says_what_and_why() {
    let problem = Problem::from(CertificateState::Revoked.supersede().unwrap_err());
    assert_eq!(problem.code(), ErrorCode::StateConflict);
    assert_eq!(
        problem.detail(),
        "a certificate that is REVOKED cannot be superseded"
    );
}

#[test]
fn stored_names_are_these() {
    let names = |all: &[&str]| all.join(" ");
    let certificate: Vec<_> = CertificateState::ALL.iter().map(|s| s.as_str()).collect();
    assert_eq!(names(&certificate), "ACTIVE SUPERSEDED REVOKED EXPIRED");
    let key: Vec<_> = KeyState::ALL.iter().map(|s| s.as_str()).collect();
    assert_eq!(
        names(&key),
        "PENDING_ACTIVATION ACTIVE SUPERSEDED REVOKED EXPIRED"
    );
    let record: Vec<_> = RecordState::ALL.iter().map(|s| s.as_str()).collect();
    assert_eq!(names(&record), "ACTIVE EXHAUSTED SHREDDED EXPIRED");
    let signing: Vec<_> = SigningKeyState::ALL.iter().map(|s| s.as_str()).collect();
    assert_eq!(names(&signing), "NEXT CURRENT RETIRED EXPIRED");
    let request: Vec<_> = RequestState::ALL.iter().map(|s| s.as_str()).collect();
    assert_eq!(
        names(&request),
        "PENDING_APPROVAL ISSUED REJECTED WITHDRAWN EXPIRED"
    );
    let reason: Vec<_> = RevocationReason::ALL.iter().map(|s| s.as_str()).collect();
    assert_eq!(
        names(&reason),
        "keyCompromise affiliationChanged superseded cessationOfOperation"
    );
}

#[test]
fn names_round_trip_and_no_other_spelling_is_read() {
    for &state in KeyState::ALL {
        assert_eq!(state.to_string().parse(), Ok(state));
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(json, format!("\"{state}\""));
        assert_eq!(serde_json::from_str::<KeyState>(&json).unwrap(), state);
    }
    for text in ["active", "ACTIVE ", "", "EXHAUSTED"] {
        let error = text.parse::<KeyState>().unwrap_err();
        assert_eq!(error.to_string(), "not the name of a key state");
    }
    assert!("KeyCompromise".parse::<RevocationReason>().is_err());
}
