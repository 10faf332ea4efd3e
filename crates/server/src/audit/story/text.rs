//! The story for people.

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use super::{Chapter, OrderStory, RowStory, Story};

impl Display for Story {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", Plain(&self.about))?;
        for chapter in self.chapters.iter().filter(|chapter| !chapter.is_empty()) {
            write!(f, "{chapter}")?;
        }
        Ok(())
    }
}

impl Display for Chapter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{}.db, {} rows of the audit:",
            self.database,
            self.rows.len()
        )?;
        for row in &self.rows {
            write!(f, "{row}")?;
        }
        for order in &self.orders {
            write!(f, "{order}")?;
        }
        if self.unreadable > 0 {
            writeln!(
                f,
                "\n{} orders cannot be read: their rows were tampered with",
                self.unreadable
            )?;
        }
        Ok(())
    }
}

impl Display for RowStory {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            action,
            outcome,
            actor,
            ..
        } = self;
        write!(f, "  {at}  {}  {}", Plain(action), Plain(outcome))?;
        write!(f, "  by {}", Plain(actor))?;
        if !self.resource.is_empty() {
            write!(f, "  on {}", Plain(&self.resource))?;
        }
        if self.resource_version > 0 {
            write!(f, " version {}", self.resource_version)?;
        }
        if !self.details.is_empty() {
            write!(f, "  {}", Plain(&self.details))?;
        }
        if !self.is_intact {
            write!(f, "  THE ROW WAS EDITED: its hash does not fit")?;
        }
        writeln!(f)
    }
}

impl Display for OrderStory {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\norder {}", Plain(&self.jti))?;
        let mut line = |label: &str, text: &dyn Display| writeln!(f, "  {label:12} {text}");
        line("method", &Plain(&self.method))?;
        line("received", &self.received_at)?;
        line("ends", &self.expires_at)?;
        if let Some(signer) = &self.signer {
            let device = &signer.device;
            line(
                "signer",
                &format!("{} (device {device})", Plain(&signer.identifier)),
            )?;
            line("serial", &signer.serial)?;
            line("thumbprint", &signer.x5t)?;
        }
        line("certificate", &self.certificate.told)?;
        line("signature", &self.signature.told)?;
        line("row", &self.row.told)?;
        match &self.reply {
            None => line("reply", &"none was kept")?,
            Some(reply) => {
                let given = reply.issued_at.map(|at| format!(", given at {at}"));
                let given = given.unwrap_or_default();
                line("reply", &format!("{}{given}", reply.verdict.told))?;
            }
        }
        block(f, "the order", &self.claims)?;
        block(f, "its result", &self.result)?;
        match &self.reply {
            Some(reply) => block(f, "the body of its reply", &reply.body),
            None => Ok(()),
        }
    }
}

/// JSON over several lines, in which control characters are escaped.
fn block(f: &mut Formatter<'_>, label: &str, value: &Value) -> fmt::Result {
    if value.is_null() {
        return Ok(());
    }
    writeln!(f, "  {label}:")?;
    let text = serde_json::to_string_pretty(value).map_err(|_| fmt::Error)?;
    for line in text.lines() {
        writeln!(f, "    {}", Plain(line))?;
    }
    Ok(())
}

/// A text without what would steer a terminal.
struct Plain<'a>(&'a str);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            if letter.is_control() {
                write!(f, "{}", letter.escape_default())?;
            } else {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}
