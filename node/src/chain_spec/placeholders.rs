//! Placeholders: what the one who begins a network must replace in the template of its specification.

use serde_json::Value;

/// What every placeholder begins with. No address, key or id contains it, so that none is mistaken for one.
const MARK: &str = "REPLACE: ";

/// The placeholder for `what`.
pub(super) fn placeholder(what: &str) -> String {
    format!("{MARK}{what}")
}

/// Refuses the specification `json`, which people know as `name`, while it has placeholders.
///
/// # Errors
/// When there are any; all of them are listed.
pub(super) fn refuse(name: &str, json: &Value) -> Result<(), String> {
    let mut found = Vec::new();
    collect(json, &mut found);
    if found.is_empty() {
        return Ok(());
    }
    Err(format!(
        "`{name}` is a template still: expected an account, a key or a name everywhere, found placeholders ({}): `{}`. \
         Replace each wherever it stands, as chain-specs/README.md says, and export the result: `noema-node \
         export-chain-spec --chain FILE --raw`",
        found.len(),
        // On one line: the client prints errors with their line breaks escaped.
        found.join("`, `"),
    ))
}

/// Adds the placeholders in `json` to `found`, each once, in their order.
fn collect<'a>(json: &'a Value, found: &mut Vec<&'a str>) {
    match json {
        Value::String(text) if text.starts_with(MARK) && !found.contains(&text.as_str()) => {
            found.push(text);
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, found)),
        Value::Object(members) => members.values().for_each(|member| collect(member, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_placeholder_is_listed_once_wherever_it_stands() {
        let json = json!({
            "a": [[placeholder("stash"), 1], { "b": placeholder("key"), "c": "5Grw" }],
            "d": placeholder("stash"),
            "e": null,
        });
        let error = refuse("my.json", &json).expect_err("there are two");
        assert!(error.contains("`my.json`"), "{error}");
        assert!(error.contains("found placeholders (2)"), "{error}");
        for what in ["stash", "key"] {
            assert_eq!(error.matches(&placeholder(what)).count(), 1, "{error}");
        }
    }

    #[test]
    fn a_specification_without_any_is_let_pass() {
        assert!(refuse("my.json", &json!({ "a": ["5Grw", 1, "to REPLACE: it"] })).is_ok());
    }
}
