//! Who is calling: access tokens, DPoP proofs, client assertions, forwarded certificates, and which
//! identifiers and credentials follow from them.
#![forbid(unsafe_code)]
