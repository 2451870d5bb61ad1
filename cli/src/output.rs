//! What a command says: one answer on standard output, for people or as one line of JSON; everything
//! else on standard error.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use serde_json::Value;

use crate::failure::Failure;

/// Where and how a command speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether progress is shown: to a person who is watching.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// The answer of the command.
    pub(crate) fn answer(&self, answer: &Answer) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let written = if self.json {
            writeln!(out, "{}", answer.json)
        } else {
            write!(out, "{}", answer.text)
        };
        match written.and_then(|()| out.flush()) {
            // Whoever reads has seen enough.
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(e) => Err(Failure::new(
                "file",
                format!("cannot write the answer: {e}"),
            )),
            Ok(()) => Ok(()),
        }
    }

    /// The answer when standard output carries data.
    pub(crate) fn answer_beside_data(&self, answer: &Answer) {
        let mut out = io::stderr().lock();
        // Nothing can be said when standard error is gone.
        let _ = if self.json {
            writeln!(out, "{}", answer.json)
        } else {
            write!(out, "{}", answer.text)
        };
    }

    /// Something that a person should know and that does not stop the command. Programs find it in
    /// the answer.
    pub(crate) fn warn(&self, message: impl Display) {
        if !self.json {
            let _ = writeln!(io::stderr(), "warning: {message}");
        }
    }

    /// What is being done now; for people.
    pub(crate) fn note(&self, message: impl Display) {
        if !self.json {
            let _ = writeln!(io::stderr(), "{message}");
        }
    }

    /// Why the command failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        let mut err = io::stderr().lock();
        let _ = if self.json {
            writeln!(err, "{}", failure.to_json())
        } else {
            writeln!(err, "error: {failure}")
        };
    }
}

/// An answer in both forms.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    text: String,
    json: Value,
}

impl Answer {
    /// `text` ends with a line end.
    pub(crate) fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
        }
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    #[cfg(test)]
    pub(crate) fn json(&self) -> &Value {
        &self.json
    }
}

/// Lines of a name and a value, the values under each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    lines: Vec<(String, String)>,
}

impl Fields {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.lines.push((name.into(), value.to_string()));
        self
    }
}

impl Display for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = self
            .lines
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        for (name, value) in &self.lines {
            writeln!(f, "{name:width$}  {value}")?;
        }
        Ok(())
    }
}

/// A table with a heading, each column as wide as its widest cell.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heading: &[&str]) -> Self {
        Self {
            rows: vec![heading.iter().map(|cell| (*cell).to_owned()).collect()],
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_stand_under_each_other() {
        let text = Fields::new()
            .add("id", 1)
            .add("replicas", "3 of 3")
            .to_string();
        assert_eq!(text, "id        1\nreplicas  3 of 3\n");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["a", "bb"]);
        assert!(table.is_empty());
        table.row(vec!["long".into(), "x".into()]);
        assert_eq!(table.to_string(), "a     bb\nlong  x\n");
        assert!(!table.is_empty());
    }

    #[test]
    fn an_answer_has_both_forms() {
        let answer = Answer::new("root 0x1\n", json!({ "root": "0x1" }));
        assert_eq!(answer.text(), "root 0x1\n");
        assert_eq!(answer.json()["root"], "0x1");
    }
}
