//! What leases cost, how they stand, and what is owed to providers.

use serde::Serialize;

use super::{deal::Segment, Balance, RoundIndex};

/// What a commitment costs, in the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LeaseQuote {
    /// The round in which it holds.
    pub round: RoundIndex,
    /// Of a replica and round.
    pub rent: Balance,
    /// For all rounds of all replicas; what is for rounds that have not begun comes back.
    pub escrow: Balance,
    /// For the placement, for good.
    pub placement: Balance,
    /// Held while the deal is there.
    pub deposit: Balance,
    /// All of it: the maximum to sign.
    pub total: Balance,
    /// The last round paid, its grace included.
    pub end: RoundIndex,
}

/// What a renewal costs, in the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RenewalQuote {
    /// The round in which it holds.
    pub round: RoundIndex,
    /// Of a replica and round, for the rounds that are bought.
    pub rent: Balance,
    /// For all of them: the maximum to sign.
    pub price: Balance,
    /// What of it the deal's credit pays when its owner renews.
    pub from_credit: Balance,
}

/// The price of storage in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StoragePrice {
    /// The round in which it holds.
    pub round: RoundIndex,
    /// Units per GiB and round at little use.
    pub base: Balance,
    /// How many times that, in millionths.
    pub multiplier: u64,
    /// Units per GiB and round.
    pub per_gib: Balance,
}

/// How far a lease is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseStatus {
    /// In the rounds that its owner asked for.
    Running,
    /// In its last rounds: it must be renewed, or it ends.
    Grace,
    /// No round is left: it is about to be cleaned up.
    Over,
}

impl LeaseStatus {
    /// One word for people.
    pub fn name(&self) -> &'static str {
        match self {
            LeaseStatus::Running => "running",
            LeaseStatus::Grace => "grace",
            LeaseStatus::Over => "over",
        }
    }
}

/// How a lease stands. Amounts are in the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lease {
    /// How far it is.
    pub status: LeaseStatus,
    /// What a replica earns in the present round.
    pub rent: Balance,
    /// The rounds of another rent that follow.
    pub next: Option<Segment>,
    /// The last round that was asked for; those of grace come after it.
    pub until: RoundIndex,
    /// The last round of all.
    pub end: RoundIndex,
    /// What the deal has beyond what its rounds to come can take.
    pub credit: Balance,
    /// What the owner would get back now, deposit included.
    pub refund_now: Balance,
    /// Replicas asked for.
    pub wanted: u8,
    /// Replicas proven.
    pub held: u8,
    /// Replicas that are audited and paid.
    pub earning: u8,
}

/// What is owed to a provider, in the smallest unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderPay {
    /// The last round that is settled.
    pub settled: RoundIndex,
    /// What all its replicas earned in that round.
    pub rate: Balance,
    /// For all rounds after it, those to come included, and what is carried.
    pub owed: Balance,
    /// Of rounds that were skipped; shares the fate of the next one that is not.
    pub carried: Balance,
    /// By how much the rate rises and falls with rounds that are not settled: the first of them.
    pub changes: Vec<RateChange>,
}

/// By how much what a provider earns changes with a round. One of both is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RateChange {
    /// The round.
    pub round: RoundIndex,
    /// How much more.
    pub begins: Balance,
    /// How much less.
    pub ends: Balance,
}

/// A provider whose stake covers less than what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Uncovered {
    /// Bytes beyond what its stake covers.
    pub bytes: u64,
    /// Bytes of the replicas that it is leaving already.
    pub leaving: u64,
    /// Blocks since its stake covers less, without a break.
    pub blocks: u64,
    /// Blocks that it has to bond more before anyone may let it hand replicas over.
    pub grace: u64,
}

impl Uncovered {
    /// Blocks in which it can still bond more; 0 when replicas are handed over.
    pub fn blocks_left(&self) -> u64 {
        self.grace.saturating_sub(self.blocks)
    }

    /// Bytes beyond what it is leaving already: those that still have to go, unless it bonds more.
    pub fn missing(&self) -> u64 {
        self.bytes.saturating_sub(self.leaving)
    }
}

impl ProviderPay {
    /// What it gets for passing `round`, what is carried left aside. `None` for a settled round.
    pub fn rate_in(&self, round: RoundIndex) -> Option<Balance> {
        let until = self.changes.iter().filter(|change| change.round <= round);
        (round > self.settled).then(|| {
            until.fold(self.rate, |rate, change| {
                rate.saturating_add(change.begins)
                    .saturating_sub(change.ends)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_the_grace_and_of_the_shortfall_never_falls_below_nothing() {
        let mut short = Uncovered {
            bytes: 100,
            leaving: 30,
            blocks: 10,
            grace: 24,
        };
        assert_eq!((short.blocks_left(), short.missing()), (14, 70));
        (short.blocks, short.leaving) = (25, 101);
        assert_eq!((short.blocks_left(), short.missing()), (0, 0));
    }

    #[test]
    fn the_rate_of_a_round_follows_the_changes_up_to_it() {
        let change = |round, begins, ends| RateChange {
            round,
            begins,
            ends,
        };
        let pay = ProviderPay {
            settled: 4,
            rate: 10,
            owed: 99,
            carried: 0,
            changes: vec![change(5, 3, 0), change(7, 0, 13)],
        };
        let rates: Vec<_> = (4..=7).map(|round| pay.rate_in(round)).collect();
        assert_eq!(rates, [None, Some(13), Some(13), Some(0)]);
    }
}
