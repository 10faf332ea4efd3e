//! What belongs to an owner: public keys, sequences and aliases.

use kleis_store::{
    StoreError,
    registry::{KeyUse, PublicKeyClaim},
};
use kleis_types::Identifier;

use crate::{link::Link, row::Row};

pub(crate) async fn public_key(
    link: &mut Link,
    jkt: &str,
) -> Result<Option<PublicKeyClaim>, StoreError> {
    let found = sqlx::query!("SELECT owner, key_use FROM public_keys WHERE jkt = ?", jkt)
        .fetch_optional(link.next()?)
        .await;
    let Some(stored) = link.done(found)? else {
        return Ok(None);
    };
    let row = Row::new("public_keys", &jkt);
    let key_use = KeyUse::from_name(&stored.key_use).ok_or_else(|| row.inconsistent("key_use"))?;
    Ok(Some(PublicKeyClaim {
        jkt: jkt.to_owned(),
        owner: row.parse("owner", &stored.owner)?,
        key_use,
    }))
}

pub(crate) async fn claim_public_key(
    link: &mut Link,
    claim: &PublicKeyClaim,
) -> Result<(), StoreError> {
    if let Some(standing) = public_key(link, &claim.jkt).await? {
        return if standing == *claim {
            Ok(())
        } else {
            Err(StoreError::AlreadyExists(
                "this public key, with another owner or use,",
            ))
        };
    }
    let (owner, key_use) = (claim.owner.to_string(), claim.key_use.as_str());
    let inserted = sqlx::query!(
        "INSERT INTO public_keys (jkt, owner, key_use) VALUES (?, ?, ?)",
        claim.jkt,
        owner,
        key_use
    )
    .execute(link.next()?)
    .await;
    link.done(inserted).map(drop)
}

pub(crate) async fn sequence(link: &mut Link, owner: &Identifier) -> Result<u32, StoreError> {
    let owner = owner.to_string();
    let found = sqlx::query!(
        "SELECT rowid AS \"row!\", sequence FROM owner_sequences WHERE owner = ?",
        owner
    )
    .fetch_optional(link.next()?)
    .await;
    match link.done(found)? {
        Some(stored) => {
            Row::new("owner_sequences", &stored.row).unsigned("sequence", stored.sequence)
        }
        None => Ok(0),
    }
}

pub(crate) async fn put_sequence(
    link: &mut Link,
    owner: &Identifier,
    sequence: u32,
) -> Result<(), StoreError> {
    let owner = owner.to_string();
    let put = sqlx::query!(
        "INSERT INTO owner_sequences (owner, sequence) VALUES (?, ?) \
         ON CONFLICT (owner) DO UPDATE SET sequence = max(sequence, excluded.sequence)",
        owner,
        sequence
    )
    .execute(link.next()?)
    .await;
    link.done(put).map(drop)
}

pub(crate) async fn alias(
    link: &mut Link,
    alias: &Identifier,
) -> Result<Option<Identifier>, StoreError> {
    let alias = alias.to_string();
    let found = sqlx::query!(
        "SELECT rowid AS \"row!\", primary_id FROM aliases WHERE alias = ?",
        alias
    )
    .fetch_optional(link.next()?)
    .await;
    let Some(stored) = link.done(found)? else {
        return Ok(None);
    };
    Row::new("aliases", &stored.row)
        .parse("primary_id", &stored.primary_id)
        .map(Some)
}

pub(crate) async fn put_alias(
    link: &mut Link,
    alias: &Identifier,
    primary: &Identifier,
) -> Result<(), StoreError> {
    let (alias, primary) = (alias.to_string(), primary.to_string());
    let stands_for = sqlx::query_scalar!(
        "INSERT INTO aliases (alias, primary_id) VALUES (?, ?) \
         ON CONFLICT (alias) DO UPDATE SET primary_id = primary_id RETURNING primary_id",
        alias,
        primary
    )
    .fetch_one(link.next()?)
    .await;
    if link.done(stands_for)? == primary {
        Ok(())
    } else {
        Err(StoreError::AlreadyExists(
            "this alias, for another identity,",
        ))
    }
}
