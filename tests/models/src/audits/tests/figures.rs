//! The tables of the note are what the model computes.

use crate::audits::{strikes::Strikes, tables};
use std::{env, fs, path::Path};

const NOTE: &str = "../../docs/design/ticks-and-randomness.md";

/// Put this into the environment to have the tables written anew: `WRITE_FIGURES=1 cargo test -p
/// noema-models figures`.
const WRITE: &str = "WRITE_FIGURES";

/// The text with what stands between the two marks of this name replaced.
fn with_table(text: &str, name: &str, table: &str) -> String {
    let begin = format!("<!-- figures: {name} -->\n");
    let end = format!("<!-- end of figures: {name} -->");
    let (before, rest) = text
        .split_once(begin.as_str())
        .expect("the note has the mark");
    let (_, after) = rest.split_once(end.as_str()).expect("and its end");
    [before, &begin, table, &end, after].concat()
}

#[test]
fn the_tables_of_the_note_are_what_is_computed() {
    let note = Path::new(env!("CARGO_MANIFEST_DIR")).join(NOTE);
    let found = fs::read_to_string(&note).expect("the note is there");
    let tables = [
        ("detection", tables::detection(Strikes::PRODUCTION)),
        ("rules", tables::rules()),
        ("censorship", tables::censorship()),
        ("standstill", tables::standstill()),
        ("filled", tables::filled()),
        ("steering", tables::steering()),
        ("worth", tables::worth()),
    ];
    let expected = tables.iter().fold(found.clone(), |text, (name, table)| {
        with_table(&text, name, table)
    });
    if env::var_os(WRITE).is_some() {
        fs::write(&note, &expected).expect("the note can be written");
    } else {
        assert!(
            found == expected,
            "the tables of {NOTE} are out of date: see {WRITE}"
        );
    }
}
