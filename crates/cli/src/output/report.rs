//! The result of a command, once for programs and once for people.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::{Cell, Product, Table, printable};
use crate::error::CliError;

/// The result of a command. Members for programs and lines for people come from the same values.
#[derive(Debug, Default)]
pub(crate) struct Report {
    parts: Vec<Part>,
    product: Option<Product>,
}

#[derive(Debug)]
enum Part {
    Field {
        name: &'static str,
        label: &'static str,
        cell: Cell,
    },
    Table {
        name: &'static str,
        table: Table,
        if_empty: &'static str,
    },
    Block {
        name: &'static str,
        label: &'static str,
        json: Value,
        shown: Value,
    },
    Data {
        name: &'static str,
        value: Value,
    },
    Line(String),
}

impl Report {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A value: its member name for programs, its label for people, who do not read of what is
    /// missing.
    #[must_use]
    pub(crate) fn field(mut self, name: &'static str, label: &'static str, cell: Cell) -> Self {
        self.parts.push(Part::Field { name, label, cell });
        self
    }

    /// Rows. People read `if_empty` where there are none.
    #[must_use]
    pub(crate) fn table(
        mut self,
        name: &'static str,
        table: Table,
        if_empty: &'static str,
    ) -> Self {
        self.parts.push(Part::Table {
            name,
            table,
            if_empty,
        });
        self
    }

    /// A value of several lines. People are shown `shown`, which may be shorter.
    #[must_use]
    pub(crate) fn block(
        mut self,
        name: &'static str,
        label: &'static str,
        json: Value,
        shown: Value,
    ) -> Self {
        self.parts.push(Part::Block {
            name,
            label,
            json,
            shown,
        });
        self
    }

    /// A member that only programs read.
    #[must_use]
    pub(crate) fn data(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.parts.push(Part::Data {
            name,
            value: value.into(),
        });
        self
    }

    /// A line that only people read.
    #[must_use]
    pub(crate) fn line(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Line(text.into()));
        self
    }

    /// What was made. On standard output it stands alone: the rest is then a remark on standard
    /// error.
    #[must_use]
    pub(crate) fn product(mut self, product: Product) -> Self {
        self.product = Some(product);
        self
    }

    pub(super) fn save(&self) -> Result<(), CliError> {
        self.product.as_ref().map_or(Ok(()), Product::save)
    }

    pub(super) fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut document = Map::new();
        for part in &self.parts {
            match part {
                Part::Field { name, cell, .. } => {
                    document.insert((*name).to_owned(), cell.value().clone());
                }
                Part::Table { name, table, .. } => {
                    document.insert((*name).to_owned(), table.to_json());
                }
                Part::Block {
                    name, json: value, ..
                }
                | Part::Data { name, value } => {
                    document.insert((*name).to_owned(), value.clone());
                }
                Part::Line(_) => {}
            }
        }
        if let Some(product) = &self.product {
            product.add_to(&mut document);
        }
        writeln!(out, "{}", Value::Object(document))
    }

    pub(super) fn write_human(
        &self,
        out: &mut dyn Write,
        remarks: &mut dyn Write,
    ) -> io::Result<()> {
        match &self.product {
            Some(product) if product.is_streamed() => {
                product.write(out)?;
                self.write_parts(remarks)
            }
            Some(product) => {
                self.write_parts(out)?;
                match product.out() {
                    Some(path) => writeln!(out, "written to {}", path.display()),
                    None => Ok(()),
                }
            }
            None => self.write_parts(out),
        }
    }

    fn write_parts(&self, out: &mut dyn Write) -> io::Result<()> {
        let labels = self.parts.iter().filter_map(|part| match part {
            Part::Field { label, cell, .. } if !cell.is_none() => Some(label.chars().count()),
            _ => None,
        });
        let width = labels.max().unwrap_or_default();
        let mut first = true;
        for part in &self.parts {
            match part {
                Part::Field { label, cell, .. } if !cell.is_none() => {
                    writeln!(out, "{label:width$}  {}", cell.human())?;
                }
                Part::Table {
                    table, if_empty, ..
                } => {
                    if !first {
                        writeln!(out)?;
                    }
                    if table.is_empty() {
                        writeln!(out, "{if_empty}")?;
                    } else {
                        table.write(out)?;
                    }
                }
                Part::Block { label, shown, .. } => write_block(out, label, shown)?,
                Part::Line(text) => writeln!(out, "{text}")?,
                Part::Field { .. } | Part::Data { .. } => continue,
            }
            first = false;
        }
        Ok(())
    }
}

/// A heading, and below it text as it is or JSON over several lines.
fn write_block(out: &mut dyn Write, label: &str, shown: &Value) -> io::Result<()> {
    writeln!(out, "{label}")?;
    let text = match shown {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other)?,
    };
    for line in text.lines() {
        writeln!(out, "  {}", printable(line))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Form;
    use super::*;

    fn report() -> Report {
        let mut table = Table::new(&[("kid", "KID")]);
        table.row([Cell::text("k1")]);
        Report::new()
            .field("device", "device", Cell::text("main"))
            .field("sequence", "largest sequence", Cell::number(7_u64))
            .field("reason", "a reason that there is none of", Cell::none())
            .data("raw", json!({"a": 1}))
            .line("A remark.")
            .table("keys", table, "no keys")
    }

    fn human(report: &Report) -> (String, String) {
        let (mut out, mut remarks) = (Vec::new(), Vec::new());
        report.write_human(&mut out, &mut remarks).unwrap();
        (
            String::from_utf8(out).unwrap(),
            String::from_utf8(remarks).unwrap(),
        )
    }

    #[test]
    fn programs_read_one_document() {
        let mut out = Vec::new();
        report().write_json(&mut out).unwrap();
        assert_eq!(out.split(|byte| *byte == b'\n').count(), 2);
        let expected = json!({
            "device": "main",
            "sequence": 7,
            "reason": null,
            "raw": {"a": 1},
            "keys": [{"kid": "k1"}],
        });
        assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), expected);
    }

    #[test]
    fn people_read_labels_and_tables() {
        let expected = "device            main\n\
                        largest sequence  7\n\
                        A remark.\n\
                        \n\
                        KID\n\
                        k1\n";
        assert_eq!(human(&report()), (expected.to_owned(), String::new()));
    }

    #[test]
    fn a_product_stands_alone_on_standard_output() {
        let product = Product::shared("jws", Form::Text, b"a.b.c".to_vec(), None);
        let (out, remarks) = human(&report().product(product));
        assert_eq!(out, "a.b.c\n");
        assert!(remarks.starts_with("device  "));
    }

    #[test]
    fn a_product_in_a_file_leaves_standard_output_to_the_report() {
        let product = Product::shared("jws", Form::Text, Vec::new(), Some("x".as_ref()));
        let (out, remarks) = human(&report().product(product));
        assert!(out.ends_with("written to x\n"));
        assert!(remarks.is_empty());
    }

    #[test]
    fn a_block_is_indented_and_may_be_shorter_for_people() {
        let report = Report::new().block("header", "header", json!({"x5c": [1]}), json!({"a": 1}));
        assert_eq!(human(&report).0, "header\n  {\n    \"a\": 1\n  }\n");
        let mut out = Vec::new();
        report.write_json(&mut out).unwrap();
        assert_eq!(out, b"{\"header\":{\"x5c\":[1]}}\n");
        let text = Report::new().block("p", "p", Value::Null, json!("one\n\u{1b}two"));
        assert_eq!(human(&text).0, "p\n  one\n  \u{fffd}two\n");
    }

    #[test]
    fn an_empty_table_says_so() {
        let report = Report::new().table("keys", Table::new(&[("kid", "KID")]), "no keys");
        assert_eq!(human(&report).0, "no keys\n");
    }
}
