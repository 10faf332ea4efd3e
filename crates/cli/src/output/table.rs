//! Rows under a heading.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::Cell;

/// Rows of one kind: an array of objects for programs, a table for people.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Of each column the member name and the heading.
    columns: &'static [(&'static str, &'static str)],
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns: member name for programs, heading for people.
    pub(crate) fn new(columns: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row, a cell for each column.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells.into());
    }

    /// Whether it has no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn to_json(&self) -> Value {
        let object = |row: &Vec<Cell>| {
            let members = self.columns.iter().zip(row);
            let members =
                members.map(|((name, _), cell)| ((*name).to_owned(), cell.value().clone()));
            Value::Object(members.collect::<Map<_, _>>())
        };
        self.rows.iter().map(object).collect()
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let heading: Vec<_> = self
            .columns
            .iter()
            .map(|(_, heading)| Cell::text(heading))
            .collect();
        let widths: Vec<_> = (0..self.columns.len())
            .map(|column| {
                let rows = self.rows.iter().chain([&heading]);
                rows.filter_map(|row| row.get(column))
                    .map(Cell::width)
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        for row in [&heading].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell.human());
                line.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[("device", "DEVICE"), ("reads", "READS"), ("end", "END")]);
        table.row([Cell::text("main"), Cell::number(1_u32), Cell::none()]);
        table.row([
            Cell::text("café-tablet"),
            Cell::number(12_u32),
            Cell::text("never"),
        ]);
        table
    }

    #[test]
    fn columns_are_aligned_by_characters() {
        let mut out = Vec::new();
        table().write(&mut out).unwrap();
        let expected = "DEVICE       READS  END\n\
                        main         1      -\n\
                        café-tablet  12     never\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn programs_read_objects() {
        let expected = json!([
            {"device": "main", "reads": 1, "end": null},
            {"device": "café-tablet", "reads": 12, "end": "never"},
        ]);
        assert_eq!(table().to_json(), expected);
        let empty = Table::new(&[("a", "A")]);
        assert!(empty.is_empty());
        assert_eq!(empty.to_json(), json!([]));
    }
}
