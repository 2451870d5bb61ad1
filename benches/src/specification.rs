//! Chain specifications, as a node exports them.

use std::{collections::BTreeMap, path::Path};

use anyhow::{ensure, Context};
use serde_json::{Map, Value};
use tokio::process::Command;

/// Where a raw specification keeps the state.
const TOP: &str = "/genesis/raw/top";

/// The items of a state, by their keys.
pub type Items = BTreeMap<Vec<u8>, Vec<u8>>;

/// What `export-chain-spec` of the node prints with these arguments.
///
/// # Errors
/// When the node does not run, or prints something else.
pub async fn exported(node: &Path, arguments: &[&str]) -> anyhow::Result<Value> {
    let exported = Command::new(node)
        .arg("export-chain-spec")
        .args(arguments)
        .output()
        .await
        .with_context(|| format!("run {}", node.display()))?;
    ensure!(
        exported.status.success(),
        "export-chain-spec failed: {}",
        String::from_utf8_lossy(&exported.stderr)
    );
    serde_json::from_slice(&exported.stdout).context("expected a specification in JSON")
}

/// The state at the beginning of a chain, of its raw specification.
///
/// # Errors
/// When there is none, or something in it is not hexadecimal.
pub fn items(spec: &Value) -> anyhow::Result<Items> {
    let top = spec.pointer(TOP).and_then(Value::as_object);
    let bytes = |text: &str| {
        let digits = text.strip_prefix("0x");
        hex::decode(digits.context("expected 0x before digits")?).context("expected hex digits")
    };
    top.context("expected a raw specification")?
        .iter()
        .map(|(key, value)| {
            let value = value.as_str().context("expected a value in digits")?;
            Ok((bytes(key)?, bytes(value)?))
        })
        .collect()
}

/// Puts another state into a raw specification.
///
/// # Errors
/// When it is not raw.
pub fn set_items(spec: &mut Value, items: &Items) -> anyhow::Result<()> {
    let top = spec
        .pointer_mut(TOP)
        .context("expected a raw specification")?;
    let text = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let all: Map<String, Value> = items
        .iter()
        .map(|(key, value)| (text(key), text(value).into()))
        .collect();
    *top = all.into();
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_go_in_and_come_out_as_they_are() {
        let mut spec = json!({ "genesis": { "raw": { "top": { "0x01": "0xff00" } } } });
        let mut found = items(&spec).unwrap();
        assert_eq!(found, Items::from([(vec![1], vec![255, 0])]));
        found.insert(vec![2, 3], Vec::new());
        set_items(&mut spec, &found).unwrap();
        assert_eq!(spec["genesis"]["raw"]["top"]["0x0203"], "0x");
        assert_eq!(items(&spec).unwrap(), found);
    }

    #[test]
    fn what_is_no_raw_specification_is_refused() {
        for mut spec in [
            json!({}),
            json!({ "genesis": { "raw": { "top": { "01": "0x" } } } }),
            json!({ "genesis": { "raw": { "top": { "0x01": "0xg" } } } }),
        ] {
            assert!(items(&spec).is_err(), "{spec}");
            let raw = spec.pointer(TOP).is_some();
            assert_eq!(set_items(&mut spec, &Items::new()).is_ok(), raw);
        }
    }
}
