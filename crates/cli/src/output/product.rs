//! What a command makes: a document, a token, a key.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kleis_types::{SecretBytes, base64url};
use serde_json::{Map, Value};

use crate::error::CliError;
use crate::files::{self, Access};

/// What the bytes of a product are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Anything: in JSON as base64url, and where it is UTF-8 also as `text`.
    Bytes,
    /// One line of text: in JSON a string.
    Text,
    /// JSON: in JSON as it is.
    Json,
}

/// What a command makes, and where it goes: to a file, or to standard output.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    member: &'static str,
    bytes: SecretBytes,
    form: Form,
    access: Access,
    out: Option<PathBuf>,
}

impl Product {
    /// A product that others may read. `member` is its name in JSON; no `out`, or `-`, is standard
    /// output.
    pub(crate) fn shared(
        member: &'static str,
        form: Form,
        bytes: impl Into<SecretBytes>,
        out: Option<&Path>,
    ) -> Self {
        let out = out
            .filter(|path| !files::is_stream(path))
            .map(Path::to_owned);
        Self {
            member,
            bytes: bytes.into(),
            form,
            access: Access::Shared,
            out,
        }
    }

    /// A product for its owner alone.
    pub(crate) fn private(
        member: &'static str,
        form: Form,
        bytes: impl Into<SecretBytes>,
        out: Option<&Path>,
    ) -> Self {
        Self {
            access: Access::Private,
            ..Self::shared(member, form, bytes, out)
        }
    }

    /// Whether it goes to standard output.
    pub(super) fn is_streamed(&self) -> bool {
        self.out.is_none()
    }

    /// Writes the file, if it goes to one.
    pub(super) fn save(&self) -> Result<(), CliError> {
        let Some(path) = &self.out else {
            return Ok(());
        };
        let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(self.bytes.len() + 1));
        // Unwrap safety: writing to a vector cannot fail, and the error would be told.
        self.write(&mut *bytes)?;
        files::write(path, &bytes, self.access)
    }

    /// Writes it as it is; text ends with the end of a line.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let bytes = self.bytes.expose();
        out.write_all(bytes)?;
        if self.form != Form::Bytes && !bytes.ends_with(b"\n") {
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Adds it to a JSON document: its content, or the file that it went to.
    pub(super) fn add_to(&self, document: &mut Map<String, Value>) {
        let bytes = self.bytes.expose();
        if let Some(path) = &self.out {
            document.insert("out".to_owned(), path.to_string_lossy().into());
            return;
        }
        let text = std::str::from_utf8(bytes);
        let value = match self.form {
            Form::Bytes => base64url::encode(bytes).into(),
            Form::Text => text.map_or(Value::Null, |text| text.trim_end().into()),
            Form::Json => serde_json::from_slice(bytes).unwrap_or(Value::Null),
        };
        document.insert(self.member.to_owned(), value);
        if let (Form::Bytes, Ok(text)) = (self.form, text) {
            document.insert("text".to_owned(), text.into());
        }
    }

    /// The file, for people.
    pub(super) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn in_json(product: &Product) -> Value {
        let mut document = Map::new();
        product.add_to(&mut document);
        Value::Object(document)
    }

    fn streamed(product: &Product) -> Vec<u8> {
        let mut out = Vec::new();
        product.write(&mut out).unwrap();
        out
    }

    #[test]
    fn bytes_stay_as_they_are() {
        let product = Product::private("content", Form::Bytes, b"hi".to_vec(), None);
        assert_eq!(streamed(&product), b"hi");
        assert_eq!(in_json(&product), json!({"content": "aGk", "text": "hi"}));
        let binary = Product::private("content", Form::Bytes, vec![0xff], None);
        assert_eq!(in_json(&binary), json!({"content": "_w"}));
    }

    #[test]
    fn text_and_json_end_their_line_once() {
        let token = Product::shared("jws", Form::Text, b"a.b.c".to_vec(), None);
        assert_eq!(streamed(&token), b"a.b.c\n");
        assert_eq!(in_json(&token), json!({"jws": "a.b.c"}));
        let key = Product::shared("jwk", Form::Json, b"{\"kty\":\"OKP\"}\n".to_vec(), None);
        assert_eq!(streamed(&key), b"{\"kty\":\"OKP\"}\n");
        assert_eq!(in_json(&key), json!({"jwk": {"kty": "OKP"}}));
    }

    #[test]
    fn a_file_takes_the_content_and_json_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let product = Product::shared("jws", Form::Text, b"a.b.c".to_vec(), Some(&path));
        product.save().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"a.b.c\n");
        assert_eq!(in_json(&product), json!({"out": path}));
        assert!(!product.is_streamed());
    }

    #[test]
    fn a_hyphen_is_standard_output() {
        let product = Product::shared("x", Form::Text, Vec::new(), Some(Path::new("-")));
        assert!(product.is_streamed());
        product.save().unwrap();
    }
}
