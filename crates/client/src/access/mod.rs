//! How a client shows who it is: by its certificate in TLS, or by access tokens.
//!
//! A home is told once (`kleis init --access token`) that the server, or an edge before it, does not
//! see its certificate. Then every request carries an access token of the installation's own token
//! service, bound to the key of the home, with a fresh proof of that (DPoP, RFC 9449). A token of
//! another issuer can be given instead, for the credentials that only that one certifies. Either
//! way an order names the token that goes with it, so that nobody on the way can put another in its
//! place.

mod line;
mod token;

pub(crate) use line::Line;
pub use token::Token;
pub(crate) use token::{Bearer, Holder};
