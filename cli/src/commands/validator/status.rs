//! `noema validator status`.

use std::collections::BTreeSet;

use noema_chain_client::{
    AccountId, Candidacy, ChainClient, ChainError, Era, EraPoints, Eras, Exposure, PendingSlash,
    SessionKeys, Stake,
};
use serde_json::{json, Value};

use super::{describe_stake, nothing_at_stake, stake_as_json};
use crate::{
    amount::Amount,
    failure::Failure,
    output::{Answer, Fields},
    percent::Percent,
    session::Session,
};

pub(crate) async fn run(session: &Session, validator: Option<AccountId>) -> Result<(), Failure> {
    let account = match validator {
        Some(validator) => validator,
        None => session.account()?,
    };
    let client = session.connect().await?;
    let status = Status::read(&client, account).await?;
    if status.stake.is_none() && !status.in_set {
        return Err(nothing_at_stake(&account));
    }
    session.output.answer(&Answer::new(
        status.describe().to_string(),
        status.as_json(),
    ))
}

/// How a validator stands.
#[derive(Clone, Debug)]
struct Status {
    account: AccountId,
    stake: Option<Stake>,
    candidacy: Option<Candidacy>,
    keys: Option<SessionKeys>,
    /// Whether the node has the secrets of the keys, if it says so.
    keys_here: Option<bool>,
    eras: Eras,
    /// Whether it is one of this era's validators.
    in_set: bool,
    disabled: bool,
    /// Whether it is elected for the next era, if that is known.
    elected: Option<bool>,
    /// Of this era.
    exposure: Option<Exposure>,
    points: EraPoints,
    slashes: Vec<PendingSlash>,
    /// Eras whose pay nobody has claimed.
    unpaid: BTreeSet<Era>,
}

impl Status {
    async fn read(client: &ChainClient, account: AccountId) -> Result<Self, Failure> {
        let state = client.at_finalized().await?;
        let eras = state.eras().await?;
        let keys = state.session_keys(&account).await?;
        let keys_here = match &keys {
            None => None,
            Some(keys) => match client.has_session_keys(keys).await {
                Ok(has) => Some(has),
                Err(ChainError::NotAllowed { .. }) => None,
                Err(e) => return Err(e.into()),
            },
        };
        let elected = match eras.next() {
            None => None,
            Some(next) => Some(state.exposure(next, &account).await?.is_some()),
        };
        let mut slashes = state.pending_slashes().await?;
        slashes.retain(|slash| slash.validator == account);
        let unpaid = state.unpaid(&account, 0).await?;
        Ok(Self {
            account,
            stake: state.stake(&account).await?,
            candidacy: state.candidacy(&account).await?,
            keys,
            keys_here,
            eras,
            in_set: state.session_validators().await?.contains(&account),
            disabled: state.disabled_validators().await?.contains(&account),
            elected,
            exposure: state.exposure(eras.active, &account).await?,
            points: state.era_points(eras.active).await?,
            slashes,
            unpaid: unpaid.into_iter().map(|page| page.era).collect(),
        })
    }

    fn words(&self) -> String {
        let active = self.eras.active;
        if self.disabled {
            return format!("disabled for the rest of era {active}: it misbehaved");
        }
        if self.in_set {
            return format!("validates in era {active}");
        }
        match (self.elected, self.candidacy) {
            (Some(true), _) => format!("elected for era {}", self.eras.planned),
            (_, Some(_)) => "stands for election".into(),
            (_, None) => "does not stand for election".into(),
        }
    }

    fn own_points(&self) -> u32 {
        self.points.of.get(&self.account).copied().unwrap_or(0)
    }

    /// The validator's part of the era's points, in hundredths of a percent.
    fn share(&self) -> Percent {
        const HUNDREDTH: u32 = 100_000;
        let Percent(share) = Percent::of(self.own_points(), self.points.total);
        Percent(share / HUNDREDTH * HUNDREDTH)
    }

    fn describe(&self) -> Fields {
        let mut text = Fields::new()
            .add("validator", self.account)
            .add("status", self.words());
        if let Some(elected) = self.elected {
            let word = if elected { "elected" } else { "not elected" };
            text = text.add(format!("era {}", self.eras.planned), word);
        }
        if let Some(stake) = &self.stake {
            text = describe_stake(text, stake);
        }
        if let Some(candidacy) = &self.candidacy {
            text = text.add("commission", Percent(candidacy.commission));
            if candidacy.blocked {
                text = text.add("nominations", "no more are taken");
            }
        }
        text = match &self.keys {
            None => text.add("session keys", "none registered"),
            Some(keys) => text.add("session keys", keys).add(
                "in this node",
                match self.keys_here {
                    Some(true) => "yes",
                    Some(false) => "no: the keystore lacks their secrets",
                    None => "not said: ask the validator's own node, on its machine",
                },
            ),
        };
        if let Some(exposure) = &self.exposure {
            let line = format!(
                "{}, of which {} own and the rest of {} nominators",
                Amount(exposure.total),
                Amount(exposure.own),
                exposure.nominators
            );
            text = text.add("exposed", line).add(
                "points",
                format!("{}, {} of the era's", self.own_points(), self.share()),
            );
        }
        for slash in &self.slashes {
            let others = total(&slash.others);
            let line = format!(
                "{} own and {} of {} nominators, in era {} unless it is cancelled",
                Amount(slash.own),
                Amount(others),
                slash.others.len(),
                slash.era
            );
            text = text.add("slash", line);
        }
        if !self.unpaid.is_empty() {
            let eras = self.unpaid.len();
            let line = format!("of {eras} eras: `noema validator payout`");
            text = text.add("unclaimed pay", line);
        }
        text
    }

    fn as_json(&self) -> Value {
        let slashes: Vec<_> = self
            .slashes
            .iter()
            .map(|slash| {
                json!({
                    "era": slash.era,
                    "own": slash.own.to_string(),
                    "others": total(&slash.others).to_string(),
                    "nominators": slash.others.len(),
                })
            })
            .collect();
        let exposure = self.exposure.map(|exposure| {
            json!({
                "total": exposure.total.to_string(),
                "own": exposure.own.to_string(),
                "nominators": exposure.nominators,
            })
        });
        json!({
            "validator": self.account,
            "stake": self.stake.as_ref().map(stake_as_json),
            "candidate": self.candidacy.is_some(),
            "commission": self.candidacy.map(|candidacy| candidacy.commission),
            "blocked": self.candidacy.map(|candidacy| candidacy.blocked),
            "keys": self.keys,
            "keys_in_node": self.keys_here,
            "active_era": self.eras.active,
            "active": self.in_set,
            "disabled": self.disabled,
            "elected_next": self.elected,
            "exposure": exposure,
            "points": self.own_points(),
            "era_points": self.points.total,
            "slashes": slashes,
            "unpaid_eras": self.unpaid,
        })
    }
}

fn total(of: &[(AccountId, u128)]) -> u128 {
    of.iter()
        .fold(0, |sum: u128, (_, amount)| sum.saturating_add(*amount))
}

#[cfg(test)]
mod tests {
    use super::super::tests::stake;
    use super::*;

    fn status() -> Status {
        let account = AccountId([1; 32]);
        Status {
            account,
            stake: Some(stake(5)),
            candidacy: Some(Candidacy {
                commission: 25_000_000,
                blocked: false,
            }),
            keys: Some(SessionKeys(vec![1, 2])),
            keys_here: Some(false),
            eras: Eras {
                active: 3,
                planned: 4,
            },
            in_set: true,
            disabled: false,
            elected: Some(true),
            exposure: Some(Exposure {
                total: 9,
                own: 5,
                nominators: 2,
                pages: 1,
            }),
            points: EraPoints {
                total: 60,
                of: [(account, 20)].into(),
            },
            slashes: vec![PendingSlash {
                era: 11,
                validator: account,
                own: 3,
                others: vec![(AccountId([2; 32]), 1), (AccountId([3; 32]), 1)],
            }],
            unpaid: [1, 2].into(),
        }
    }

    #[test]
    fn a_status_has_the_same_content_in_both_forms() {
        let status = status();
        let json = status.as_json();
        assert_eq!(json["stake"]["active"], "5");
        assert_eq!(json["commission"], 25_000_000);
        assert_eq!(json["keys"], "0x0102");
        assert_eq!(json["keys_in_node"], false);
        assert_eq!(json["exposure"]["nominators"], 2);
        assert_eq!(json["points"], 20);
        assert_eq!(json["slashes"][0]["others"], "2");
        assert_eq!(json["unpaid_eras"], json!([1, 2]));
        let text = status.describe().to_string();
        for part in [
            "validates in era 3",
            "2.5 %",
            "lacks their secrets",
            "33.33 % of the era's",
            "in era 11",
            "of 2 eras",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn the_most_important_thing_is_said_first() {
        let mut status = status();
        status.disabled = true;
        assert!(status.words().starts_with("disabled"));
        status.disabled = false;
        status.in_set = false;
        assert_eq!(status.words(), "elected for era 4");
        status.elected = None;
        assert_eq!(status.words(), "stands for election");
        status.candidacy = None;
        assert_eq!(status.words(), "does not stand for election");
    }

    #[test]
    fn what_a_node_does_not_say_is_not_made_up() {
        let mut status = status();
        status.keys_here = None;
        assert_eq!(status.as_json()["keys_in_node"], Value::Null);
        assert!(status.describe().to_string().contains("not said"));
    }
}
