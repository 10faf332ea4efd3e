//! Keys and chains that belong together.

use kleis_jose::KeyType;

use super::*;
use crate::test_util::{World, private_key};

#[test]
fn a_key_and_its_chain_are_a_signer() {
    let mut world = World::new(1);
    let alice = world.certify("NIHII:18749704", "main");
    let again = Signer::new(private_key(&alice).clone(), alice.chain().to_vec()).unwrap();
    assert_eq!(again.identity(), alice.identity());
    assert_eq!(
        again.public_key().thumbprint(),
        alice.public_key().thumbprint()
    );
    let shown = format!("{alice:?}");
    assert!(
        !shown.contains("18749704") && !shown.contains("key:"),
        "{shown}"
    );
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let mut world = World::new(2);
    let alice = world.certify("NIHII:18749704", "main");
    let key = private_key(&alice);
    let new = |key: &Jwk, chain: &[Vec<u8>]| Signer::new(key.clone(), chain.to_vec()).map(|_| ());
    let chain = alice.chain();
    assert_eq!(
        new(&key.public(), chain),
        Err(SignerMaterialError::NotASigningKey)
    );
    let exchange = world.key(KeyType::X25519);
    assert_eq!(
        new(&exchange, chain),
        Err(SignerMaterialError::NotASigningKey)
    );
    assert_eq!(new(key, &chain[..1]), Err(SignerMaterialError::Chain));
    assert_eq!(new(key, &[]), Err(SignerMaterialError::Chain));
    let other = world.key(KeyType::P256);
    assert_eq!(new(&other, chain), Err(SignerMaterialError::KeyMismatch));
    let garbage = [vec![1], chain[1].clone()];
    assert_eq!(new(key, &garbage), Err(SignerMaterialError::Certificate));
    let reversed = [chain[1].clone(), chain[0].clone()];
    assert_eq!(new(key, &reversed), Err(SignerMaterialError::Certificate));
    let garbage = [chain[0].clone(), vec![1]];
    assert_eq!(new(key, &garbage), Err(SignerMaterialError::Certificate));
}
