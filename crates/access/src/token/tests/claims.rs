//! What a token says: each claim, and each way in which it can be wrong.

use super::*;

#[test]
fn the_issuer_and_the_audience_are_compared_exactly() {
    let slash = format!("{ISSUER}/");
    for issuer in ["https://evil.example", &slash, &ISSUER.to_uppercase()] {
        assert_eq!(
            with("iss", issuer).unwrap_err(),
            TokenError::WrongIssuer,
            "{issuer}"
        );
    }
    for audience in [
        json!(AUDIENCE),
        json!(["x", AUDIENCE]),
        json!(["urn:other"]),
    ] {
        assert!(with("aud", audience).is_ok());
    }
    for audience in [
        json!("x"),
        json!(["x", "y"]),
        json!(format!("{AUDIENCE} x")),
        json!(AUDIENCE.to_uppercase()),
        json!(""),
    ] {
        let refused = with("aud", audience.clone()).unwrap_err();
        assert_eq!(refused, TokenError::WrongAudience, "{audience}");
        assert_eq!(refused.code(), ErrorCode::TokenAudience);
    }
    for audience in [
        json!([]),
        json!([AUDIENCE, 1]),
        json!({"a": AUDIENCE}),
        json!(null),
    ] {
        assert_eq!(
            with("aud", audience).unwrap_err(),
            TokenError::ClaimsMalformed
        );
    }
}

#[test]
fn every_required_claim_is_required() {
    for name in ["iss", "sub", "aud", "exp", "iat", "client_id", "jti"] {
        assert_eq!(
            without(name).unwrap_err(),
            TokenError::ClaimsMalformed,
            "{name}"
        );
        for value in [json!(null), json!({}), json!(true)] {
            assert_eq!(
                with(name, value).unwrap_err(),
                TokenError::ClaimsMalformed,
                "{name}"
            );
        }
    }
    for name in ["sub", "client_id", "jti"] {
        for value in [String::new(), "x".repeat(513), "a\u{0}b".to_owned()] {
            assert_eq!(
                with(name, value).unwrap_err(),
                TokenError::ClaimsMalformed,
                "{name}"
            );
        }
    }
    for (name, value) in [
        ("nbf", json!("1")),
        ("scope", json!(["custody"])),
        ("nbf", json!(null)),
    ] {
        assert_eq!(
            with(name, value).unwrap_err(),
            TokenError::ClaimsMalformed,
            "{name}"
        );
    }
}

#[test]
fn times_hold_with_the_leeway() {
    let at = |iat: i64, exp: i64| {
        changed(|claims| {
            claims["iat"] = (NOW.unix() + iat).into();
            claims["exp"] = (NOW.unix() + exp).into();
        })
        .map(drop)
    };
    assert_eq!(at(0, 3600), Ok(()));
    assert_eq!(at(0, 3601), Err(TokenError::Lifetime));
    assert_eq!(at(10, 10), Err(TokenError::Lifetime));
    assert_eq!(at(10, 5), Err(TokenError::Lifetime));
    assert_eq!(at(60, 100), Ok(()));
    assert_eq!(at(61, 100), Err(TokenError::NotYetValid));
    assert_eq!(at(-300, -59), Ok(()));
    assert_eq!(at(-300, -60), Err(TokenError::Expired));
    let nbf = |seconds| with("nbf", NOW.unix() + seconds).map(drop);
    assert_eq!(nbf(60), Ok(()));
    assert_eq!(nbf(61), Err(TokenError::NotYetValid));
    assert_eq!(TokenError::Expired.code(), ErrorCode::TokenExpired);
    assert_eq!(TokenError::NotYetValid.code(), ErrorCode::TokenNotYetValid);
}

#[test]
fn dates_may_have_fractions_and_be_absurd() {
    let fraction = with("exp", json!(1_795_000_100.75)).unwrap();
    assert_eq!(fraction.expires_at(), NOW.plus_seconds(100));
    for absurd in [
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e308),
        json!(-1),
        json!(-1.5),
    ] {
        for name in ["exp", "iat", "nbf"] {
            let refused = with(name, absurd.clone()).unwrap_err();
            assert_eq!(refused, TokenError::ClaimsMalformed, "{name} {absurd}");
        }
    }
    assert_eq!(
        with("exp", 253_402_300_799_i64).unwrap_err(),
        TokenError::Lifetime
    );
    assert_eq!(with("iat", 0).unwrap_err(), TokenError::Lifetime);
    let huge = good().to_string().replace("1795000300", "1e999");
    let token = kleis_jose::jws::sign(&key(), &header(), huge.as_bytes()).unwrap();
    assert_eq!(read(&token).unwrap_err(), TokenError::ClaimsMalformed);
}

#[test]
fn a_token_is_bound_to_one_thing_that_we_know_or_to_nothing() {
    assert_eq!(without("cnf").unwrap().confirmation(), None);
    let certificate = with("cnf", json!({"x5t#S256": THUMBPRINT})).unwrap();
    let expected = Confirmation::Certificate(THUMBPRINT.to_owned());
    assert_eq!(certificate.confirmation(), Some(&expected));
    assert!(with("cnf", json!({"jkt": THUMBPRINT, "note": 1})).is_ok());
    for cnf in [
        json!({"jkt": THUMBPRINT, "x5t#S256": THUMBPRINT}),
        json!({"kid": "x"}),
        json!({}),
        json!(null),
        json!("jkt"),
        json!([THUMBPRINT]),
        json!({"jkt": ""}),
        json!({"jkt": null}),
        json!({"jkt": &THUMBPRINT[..42]}),
        json!({"jkt": format!("{THUMBPRINT}=")}),
        json!({"x5t#S256": [THUMBPRINT]}),
    ] {
        let refused = with("cnf", cnf.clone()).unwrap_err();
        assert_eq!(refused, TokenError::ConfirmationInvalid, "{cnf}");
    }
}

#[test]
fn scopes_are_separated_by_spaces() {
    let scopes = |text: &str| with("scope", text).unwrap();
    let several = scopes("openid custody  custody Directory");
    assert_eq!(
        several.scopes().iter().collect::<Vec<_>>(),
        ["Directory", "custody", "openid"]
    );
    assert_eq!(several.known_scopes(), [Scope::Custody].into());
    assert!(scopes("").scopes().is_empty());
    assert!(without("scope").unwrap().scopes().is_empty());
    let nothing = NewToken {
        scope: [].into(),
        ..new()
    };
    assert!(
        claims_of(&sign(&key(), &nothing).unwrap())
            .get("scope")
            .is_none()
    );
}
