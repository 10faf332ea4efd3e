//! The security token service: OAuth 2.0 access tokens for those whose keys are registered.
#![forbid(unsafe_code)]
