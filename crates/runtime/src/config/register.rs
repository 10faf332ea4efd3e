//! Who exists, and how owners are told.

use std::{num::NonZeroU32, path::PathBuf};

use serde::Deserialize;

use super::{ConfigError, sections::some};

/// `[registrants]`: where it is known who exists.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Registrants {
    /// Who is asked when somebody enrols; without it, the register alone counts.
    pub source: Option<RegistrantSourceConfig>,
}

/// `[registrants.source]`: an authentic source over HTTPS (docs/formats.md section 18.2).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrantSourceConfig {
    /// Its address, `https`.
    pub url: String,
    /// The certificates that its server's must come from, PEM.
    #[serde(default = "super::access::system_roots")]
    pub roots: PathBuf,
    /// A file with the bearer token that is shown to it, for its owner alone.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Seconds that an answer may take, at most 10.
    #[serde(default = "five")]
    pub timeout_seconds: NonZeroU32,
    /// Seconds for which an answer that names somebody is remembered, at most 3600.
    #[serde(default = "a_minute")]
    pub cache_seconds: NonZeroU32,
    /// Seconds for which an answer that names nobody is remembered, at most 60.
    #[serde(default = "five")]
    pub unknown_seconds: NonZeroU32,
    /// Seconds for which an answer that names somebody serves while the source fails, at most a day.
    #[serde(default = "five_minutes")]
    pub stale_seconds: NonZeroU32,
    /// Answers that are remembered, at most 1,000,000.
    #[serde(default = "ten_thousand")]
    pub cache_entries: NonZeroU32,
    /// Failures in a row after which it is left alone, at most 100.
    #[serde(default = "five")]
    pub failures: NonZeroU32,
    /// Seconds for which it is left alone then, at most 3600.
    #[serde(default = "half_a_minute")]
    pub pause_seconds: NonZeroU32,
}

/// `[notices]`: how owners are told what happens to their certificates and keys.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notices {
    /// Through which server mail is sent; without it, none is.
    pub mail: Option<MailConfig>,
    /// How webhooks are called; without it, none is.
    pub webhook: Option<WebhookConfig>,
}

/// `[notices.mail]`: an SMTP server (RFC 5321).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Its name or address.
    pub host: String,
    /// Its port.
    #[serde(default = "submission")]
    pub port: u16,
    /// How the line is secured.
    #[serde(default)]
    pub tls: MailTls,
    /// The address that mail comes from.
    pub from: String,
    /// The name to log in by, where it asks for one.
    #[serde(default)]
    pub user: Option<String>,
    /// A file with the password, for its owner alone.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The certificates that its server's must come from, PEM.
    #[serde(default = "super::access::system_roots")]
    pub roots: PathBuf,
}

/// How the line to a mail server is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// From the first byte (RFC 8314).
    Implicit,
    /// By STARTTLS (RFC 3207), without which nothing is sent.
    #[default]
    Starttls,
    /// Not at all: for a relay on this machine.
    None,
}

/// `[notices.webhook]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// The certificates that webhooks' servers' must come from, PEM.
    #[serde(default = "super::access::system_roots")]
    pub roots: PathBuf,
}

fn five() -> NonZeroU32 {
    some(5)
}

fn half_a_minute() -> NonZeroU32 {
    some(30)
}

fn a_minute() -> NonZeroU32 {
    some(60)
}

fn five_minutes() -> NonZeroU32 {
    some(300)
}

fn ten_thousand() -> NonZeroU32 {
    some(10_000)
}

/// RFC 6409.
fn submission() -> u16 {
    587
}

/// The rules between the settings of these sections.
pub(super) fn validate(registrants: &Registrants, notices: &Notices) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    let mut rule = |key: &str, text: String| errors.push(ConfigError::rule(key, text));
    if let Some(source) = &registrants.source {
        if kleis_types::WebhookUrl::parse(&source.url).is_err() {
            rule(
                "registrants.source.url",
                "is an https address without user and fragment".to_owned(),
            );
        }
        let bounded = [
            ("timeout_seconds", source.timeout_seconds, 10),
            ("cache_seconds", source.cache_seconds, 3_600),
            ("unknown_seconds", source.unknown_seconds, 60),
            ("stale_seconds", source.stale_seconds, 86_400),
            ("cache_entries", source.cache_entries, 1_000_000),
            ("failures", source.failures, 100),
            ("pause_seconds", source.pause_seconds, 3_600),
        ];
        for (key, value, most) in bounded {
            if value.get() > most {
                let key = format!("registrants.source.{key}");
                rule(&key, format!("is at most {most}"));
            }
        }
    }
    if let Some(mail) = &notices.mail {
        if kleis_types::MailAddress::parse(&mail.from).is_err() {
            rule("notices.mail.from", "is a mail address".to_owned());
        }
        if mail.user.is_some() != mail.password_file.is_some() {
            let text = "and notices.mail.password_file go together";
            rule("notices.mail.user", text.to_owned());
        }
        if mail.user.is_some() && mail.tls == MailTls::None {
            let text = "is implicit or starttls where there is a password";
            rule("notices.mail.tls", text.to_owned());
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[test]
    fn what_does_not_go_together_is_told() {
        let keys = |toml: &str| -> Vec<String> {
            let errors = Config::parse(toml).unwrap_err();
            errors.iter().map(|error| error.key().to_owned()).collect()
        };
        assert_eq!(
            keys(
                "[registrants.source]\nurl = \"http://source.example\"\ntimeout_seconds = 11\n\
                 pause_seconds = 3601\n"
            ),
            [
                "registrants.source.url",
                "registrants.source.timeout_seconds",
                "registrants.source.pause_seconds",
            ]
        );
        assert_eq!(
            keys(
                "[notices.mail]\nhost = \"localhost\"\nfrom = \"x\"\nuser = \"u\"\ntls = \"none\"\n"
            ),
            ["notices.mail.from", "notices.mail.user", "notices.mail.tls"]
        );
        Config::parse("[registrants.source]\nurl = \"https://source.example/who\"\n").unwrap();
        Config::parse("[notices.mail]\nhost = \"m\"\nfrom = \"k@x.example\"\ntls = \"none\"\n")
            .unwrap();
    }
}
