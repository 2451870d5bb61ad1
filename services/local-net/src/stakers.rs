//! Who has what at stake when a chain begins: only validators with a stake are elected when an era ends.

use serde_json::{json, value::RawValue};

use crate::chain_spec::write;

/// A staker: account, the same once more, stake, and what it stakes for.
type Staker = (String, String, Box<RawValue>, Box<RawValue>);

/// `entries` with the accounts `validators` in the place of the validators there, each with the stake of the first one; who nominated nominates
/// all of them, unless it is one of them.
pub(crate) fn with_stakers(
    entries: &RawValue,
    validators: &[&str],
) -> Result<Box<RawValue>, String> {
    let entries: Vec<Staker> = serde_json::from_str(entries.get())
        .map_err(|e| format!("the stakers of its chain specification: {e}"))?;
    let validates =
        |staker: &Staker| matches!(serde_json::from_str(staker.3.get()), Ok("Validator"));
    let (there, nominators): (Vec<_>, Vec<_>) = entries.into_iter().partition(validates);
    let (_, _, stake, role) = there
        .first()
        .ok_or("no validator has a stake in its chain specification")?;
    let nominates = write(&json!({ "Nominator": validators }))?;
    let staked = validators.iter().map(|who| {
        (
            who.to_string(),
            who.to_string(),
            stake.clone(),
            role.clone(),
        )
    });
    let nominators = nominators
        .into_iter()
        .filter(|(who, ..)| !validators.contains(&who.as_str()))
        .map(|(who, same, stake, _)| (who, same, stake, nominates.clone()));
    write(&staked.chain(nominators).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const ENTRIES: &str = r#"[
        ["A", "A", 1000000000000000000000001, "Validator"],
        ["F", "F", 500000000000000000000001, { "Nominator": ["A"] }]
    ]"#;

    fn changed(validators: &[&str]) -> String {
        let entries: &RawValue = serde_json::from_str(ENTRIES).unwrap();
        with_stakers(entries, validators).unwrap().get().to_owned()
    }

    #[test]
    fn each_validator_has_a_stake_and_the_nominator_nominates_all() {
        let text = changed(&["X", "Y"]);
        assert_eq!(text.matches("1000000000000000000000001").count(), 2);
        assert!(text.contains("500000000000000000000001"), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[1][0], "Y");
        assert_eq!(value[1][3], "Validator");
        assert_eq!(value[2][3], json!({ "Nominator": ["X", "Y"] }));
    }

    #[test]
    fn who_validates_does_not_nominate() {
        let value: Value = serde_json::from_str(&changed(&["X", "F"])).unwrap();
        assert_eq!(value.as_array().unwrap().len(), 2);
        assert_eq!(value[1][3], "Validator");
    }

    #[test]
    fn stakers_of_another_shape_are_an_error() {
        for text in ["[]", "{}", r#"[["A", "A", 1]]"#] {
            let entries: &RawValue = serde_json::from_str(text).unwrap();
            assert!(with_stakers(entries, &["X"]).is_err(), "{text}");
        }
    }
}
