//! `noema validator list`.

use std::collections::{BTreeMap, BTreeSet};

use noema_chain_client::{AccountId, Candidacy, Exposure};
use serde_json::{json, Value};

use crate::{
    amount::Amount,
    failure::Failure,
    output::{Answer, Table},
    percent::Percent,
    session::Session,
};

pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    let state = session.connect().await?.at_finalized().await?;
    let eras = state.eras().await?;
    let candidates: BTreeMap<_, _> = state.candidates().await?.into_iter().collect();
    let exposed: BTreeMap<_, _> = state.exposures(eras.active).await?.into_iter().collect();
    let next: Option<BTreeSet<AccountId>> = match eras.next() {
        None => None,
        Some(next) => {
            let elected = state.exposures(next).await?;
            Some(elected.into_iter().map(|(account, _)| account).collect())
        }
    };
    let points = state.era_points(eras.active).await?;
    let in_set = state.session_validators().await?;
    let disabled = state.disabled_validators().await?;

    let everybody: BTreeSet<_> = candidates.keys().chain(&in_set).copied().collect();
    let mut rows = Vec::new();
    for account in everybody {
        let stake = state.stake(&account).await?;
        rows.push(Row {
            account,
            active: in_set.contains(&account),
            disabled: disabled.contains(&account),
            elected: next.as_ref().map(|next| next.contains(&account)),
            candidacy: candidates.get(&account).copied(),
            own: stake.map_or(0, |stake| stake.active),
            exposure: exposed.get(&account).copied(),
            points: points.of.get(&account).copied().unwrap_or(0),
        });
    }
    // Those at work first, then by what they have at stake.
    rows.sort_by_key(|row| (!row.active, std::cmp::Reverse(row.own)));

    let mut table = Table::new(&[
        "validator",
        "status",
        "at stake",
        "exposed",
        "commission",
        "points",
    ]);
    for row in &rows {
        table.row(row.cells());
    }
    let text = if table.is_empty() {
        "nobody stands for election\n".to_owned()
    } else {
        table.to_string()
    };
    let all: Vec<_> = rows.iter().map(Row::as_json).collect();
    session.output.answer(&Answer::new(
        text,
        json!({ "active_era": eras.active, "validators": all }),
    ))
}

/// A validator or candidate.
struct Row {
    account: AccountId,
    active: bool,
    disabled: bool,
    /// Whether it is elected for the next era, if that is known.
    elected: Option<bool>,
    candidacy: Option<Candidacy>,
    /// What it has at stake itself, in the smallest unit.
    own: u128,
    exposure: Option<Exposure>,
    points: u32,
}

impl Row {
    fn status(&self) -> &'static str {
        match (self.disabled, self.active, self.elected, self.candidacy) {
            (true, ..) => "disabled",
            (_, true, Some(false), _) => "leaving",
            (_, true, ..) => "active",
            (_, _, Some(true), _) => "elected",
            (.., Some(_)) => "waiting",
            (.., None) => "gone",
        }
    }

    fn cells(&self) -> Vec<String> {
        let or_nothing = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        vec![
            self.account.to_string(),
            self.status().into(),
            Amount(self.own).to_string(),
            or_nothing(self.exposure.map(|of| Amount(of.total).to_string())),
            or_nothing(self.candidacy.map(|of| Percent(of.commission).to_string())),
            self.points.to_string(),
        ]
    }

    fn as_json(&self) -> Value {
        json!({
            "account": self.account,
            "status": self.status(),
            "stake": self.own.to_string(),
            "exposed": self.exposure.map(|of| of.total.to_string()),
            "commission": self.candidacy.map(|of| of.commission),
            "points": self.points,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            account: AccountId([1; 32]),
            active: true,
            disabled: false,
            elected: None,
            candidacy: Some(Candidacy::default()),
            own: 5,
            exposure: None,
            points: 20,
        }
    }

    #[test]
    fn each_validator_has_one_word() {
        assert_eq!(row().status(), "active");
        let mut row = row();
        row.elected = Some(false);
        assert_eq!(row.status(), "leaving");
        row.active = false;
        assert_eq!(row.status(), "waiting");
        row.elected = Some(true);
        assert_eq!(row.status(), "elected");
        row.disabled = true;
        assert_eq!(row.status(), "disabled");
    }

    #[test]
    fn a_row_has_the_same_content_in_both_forms() {
        let row = row();
        let json = row.as_json();
        assert_eq!(json["stake"], "5");
        assert_eq!(json["exposed"], Value::Null);
        assert_eq!(row.cells()[3], "-");
        assert_eq!(row.cells()[5], "20");
    }
}
