//! Every small way in which a message can be made false.
//!
//! A message is walked to its last part: the fields of protobuf as the protos declare them, the members of JSON, header,
//! claims and signature of a JWS, the five parts of a JWE, wherever one of them stands inside another. Each part in turn is
//! changed, left out, doubled, given another type, and *swapped*: replaced by what stood in the same place of another message.

mod json;
mod message;
mod text;

pub use json::of_json;
pub use message::{of_message, rpcs};
pub use text::of_text;

/// False forms of something, each with a name that says what was done.
pub type Forms<T> = Vec<(String, T)>;

/// The same forms in what they are a part of.
fn within<A, B>(part: &str, forms: Forms<A>, put: impl Fn(A) -> B) -> Forms<B> {
    let put = |(name, form)| (format!("{part} {name}"), put(form));
    forms.into_iter().map(put).collect()
}

/// The first of the donors that is another thing than what is here.
fn swap<'a, T: PartialEq>(here: &T, donors: impl IntoIterator<Item = &'a T>) -> Option<&'a T> {
    donors.into_iter().find(|donor| *donor != here)
}
