//! How a storage provider stands with the audits and what is owed to it, as `noema provider status` tells it.

use noema_chain_client::{
    AccountId, AuditLimits, AuditStanding, BlockNumber, ProviderPay, RoundIndex, StateAt, Uncovered,
};
use noema_storage::ByteSize;
use serde_json::{json, Value};

use crate::{amount::Amount, failure::Failure, output::Fields};

/// What the chain says of it.
#[derive(Clone, Debug)]
pub(super) struct Audits {
    round: RoundIndex,
    standing: Option<AuditStanding>,
    pay: Option<ProviderPay>,
    limits: AuditLimits,
    /// The block of which this is the state.
    block: BlockNumber,
    /// What its stake is short of.
    uncovered: Option<Uncovered>,
    /// Replicas by what they are to the provider.
    earning: usize,
    leaving: usize,
    slots: usize,
}

impl Audits {
    pub(super) async fn read(state: &StateAt, provider: &AccountId) -> Result<Self, Failure> {
        let (mut earning, mut leaving, mut slots) = (0, 0, 0);
        for assignment in state.assignments(provider).await? {
            slots += 1;
            let deal = state.deal(&assignment.file, &assignment.owner).await?;
            let slot = deal.and_then(|deal| deal.slots.get(usize::from(assignment.slot)).cloned());
            let Some(slot) = slot else { continue };
            if slot.earner().as_ref() == Some(provider) {
                earning += 1;
            }
            if slot.leaving.is_some_and(|l| l.provider == *provider) {
                leaving += 1;
            }
        }
        Ok(Self {
            round: state.audit_round().await?.map_or(0, |round| round.index),
            standing: state.audit_standing(provider).await?,
            pay: state.provider_pay(provider).await?,
            limits: state.audit_limits()?,
            block: state.block().number,
            uncovered: state.uncovered(provider).await?,
            earning,
            leaving,
            slots,
        })
    }

    pub(super) fn describe(&self, text: Fields) -> Fields {
        let replicas = format!(
            "{} slots, {} of them earn, {} are being left",
            self.slots, self.earning, self.leaving
        );
        let mut text = text.add("replicas", replicas).add("cover", self.cover());
        let points = self.standing.map_or(0, |standing| standing.points);
        let mut strikes = format!(
            "{points} points; everything is dropped at {}",
            self.limits.drop_points
        );
        if self.standing.is_some_and(|standing| standing.dropping) {
            strikes.push_str("; EVERYTHING IS BEING DROPPED");
        }
        text = text.add("strikes", strikes);
        let settled = match self.standing {
            None => "never challenged".to_owned(),
            Some(standing) => format!(
                "settled before round {}, {} unsettled",
                standing.next, standing.unsettled
            ),
        };
        text = text.add("audits", format!("{settled} (it is round {})", self.round));
        match &self.pay {
            None => text.add("owed", "nothing"),
            Some(pay) => {
                let next = pay.rate_in(pay.settled.saturating_add(1)).unwrap_or(0);
                let owed = format!(
                    "{} if all to come is passed, {} for the next round",
                    Amount(pay.owed),
                    Amount(next)
                );
                text.add("owed", owed)
            }
        }
    }

    /// Whether its stake covers what it holds; if not, since when, and what comes of it.
    fn cover(&self) -> String {
        let Some(short) = self.uncovered else {
            return "the stake covers what it holds".to_owned();
        };
        let known = format!(
            "THE STAKE IS {} SHORT of what it holds since block {} ({} blocks)",
            ByteSize(short.bytes),
            self.since(&short),
            short.blocks
        );
        match (short.blocks_left(), ByteSize(short.missing())) {
            (0, ByteSize(0)) => {
                format!("{known}; what is being left makes up for it")
            }
            (0, missing) => {
                format!("{known}; replicas of {missing} are handed over unless more is bonded")
            }
            (left, _) => {
                format!("{known}; bond more within {left} blocks or replicas are handed over")
            }
        }
    }

    fn since(&self, short: &Uncovered) -> u64 {
        u64::from(self.block).saturating_sub(short.blocks)
    }

    pub(super) fn json(&self) -> Value {
        let uncovered = self.uncovered.map(|short| {
            json!({
                "since": self.since(&short),
                "bytes": short.bytes,
                "leaving": short.leaving,
                "blocks_left": short.blocks_left(),
            })
        });
        let pay = self.pay.as_ref().map(|pay| {
            json!({
                "settled": pay.settled,
                "rate": pay.rate.to_string(),
                "next_round": pay.rate_in(pay.settled.saturating_add(1)).unwrap_or(0).to_string(),
                "owed": pay.owed.to_string(),
                "carried": pay.carried.to_string(),
            })
        });
        json!({
            "round": self.round,
            "standing": self.standing,
            "drop_points": self.limits.drop_points,
            "pay": pay,
            "uncovered": uncovered,
            "slots": self.slots,
            "earning": self.earning,
            "leaving": self.leaving,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audits() -> Audits {
        Audits {
            round: 9,
            standing: Some(AuditStanding {
                next: 8,
                unsettled: 1,
                points: 24,
                dropping: false,
            }),
            pay: Some(ProviderPay {
                settled: 7,
                rate: crate::amount::NOEMA,
                owed: 3 * crate::amount::NOEMA,
                carried: 0,
                changes: Vec::new(),
            }),
            limits: AuditLimits {
                max_challenges: 32,
                max_settle: 16,
                miss_points: 24,
                drop_points: 96,
                miss_fee: 1,
                hand_over_rounds: 28,
            },
            block: 1_000,
            uncovered: None,
            earning: 2,
            leaving: 1,
            slots: 3,
        }
    }

    #[test]
    fn what_the_stake_does_not_cover_is_told_with_the_time_that_is_left() {
        let mut audits = audits();
        assert!(audits.cover().contains("covers what it holds"));
        assert_eq!(audits.json()["uncovered"], Value::Null);
        let short = |leaving, blocks| Uncovered {
            bytes: 3 << 20,
            leaving,
            blocks,
            grace: 24,
        };
        for (found, expected) in [
            (
                short(0, 10),
                "since block 990 (10 blocks); bond more within 14 blocks",
            ),
            (
                short(1 << 20, 24),
                "replicas of 2 MiB are handed over unless",
            ),
            (short(3 << 20, 30), "what is being left makes up for it"),
        ] {
            audits.uncovered = Some(found);
            let text = audits.describe(Fields::new()).to_string();
            assert!(
                text.contains("3 MiB SHORT") && text.contains(expected),
                "{text}"
            );
        }
        audits.uncovered = Some(short(0, 10));
        let json = &audits.json()["uncovered"];
        assert_eq!(
            (&json["since"], &json["blocks_left"]),
            (&json!(990), &json!(14))
        );
    }

    #[test]
    fn strikes_pay_and_replicas_are_told_in_both_forms() {
        let text = audits().describe(Fields::new()).to_string();
        for part in [
            "3 slots, 2 of them earn, 1 are being left",
            "24 points; everything is dropped at 96",
            "settled before round 8, 1 unsettled",
            "3 NOEMA if all to come is passed, 1 NOEMA for the next",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let json = audits().json();
        assert_eq!(json["standing"]["points"], 24);
        assert_eq!(json["pay"]["owed"], "3000000000000000000");
    }

    #[test]
    fn whoever_loses_everything_is_told_so() {
        let mut audits = audits();
        audits.standing = audits.standing.map(|standing| AuditStanding {
            dropping: true,
            ..standing
        });
        audits.pay = None;
        let text = audits.describe(Fields::new()).to_string();
        assert!(
            text.contains("BEING DROPPED") && text.contains("nothing"),
            "{text}"
        );
    }
}
