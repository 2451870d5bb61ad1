//! Calls, right and wrong, of which histories are made. Numbers stand for whatever there is at the time.

use super::pair::{OWNERS, PROVIDERS};
use crate::leases::{Account, Balance, FileSpec, Outcome, Round, MILLION};
use proptest::prelude::*;

/// The maximum that a call carries.
#[derive(Clone, Copy, Debug)]
pub(super) enum Max {
    Ample,
    Exact,
    OneLess,
}

/// How many replicas a call says that a deal has: by so many more or fewer than there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said(i8);

impl Said {
    pub(super) fn of(self, replicas: u8) -> u8 {
        replicas.saturating_add_signed(self.0)
    }
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Commit {
        owner: usize,
        file: u64,
        replicas: u8,
        rounds: Round,
        max: Max,
    },
    CommitMany {
        owner: usize,
        files: Vec<(u64, u8)>,
        rounds: Round,
        max: Max,
    },
    Renew {
        payer: usize,
        deals: Vec<usize>,
        ahead: Round,
        max: Max,
    },
    TopUp {
        payer: usize,
        deal: usize,
        level: Balance,
    },
    Remove {
        deal: usize,
        said: Said,
    },
    Offer {
        deal: usize,
        to: Option<usize>,
    },
    Accept {
        deal: usize,
        by: Option<usize>,
        said: Said,
    },
    /// Moves a slot on, so many steps, with the providers from this one on.
    Place {
        slot: usize,
        provider: usize,
        steps: u8,
    },
    Mature {
        slot: usize,
    },
    Fail {
        slot: usize,
    },
    /// Whoever is drawn waits in vain, again and again.
    Undelivered {
        slot: usize,
    },
    Resign {
        slot: usize,
        by: Option<usize>,
    },
    HandOver {
        slot: usize,
    },
    Rounds {
        count: u8,
        utilisation: u64,
    },
    Settle {
        provider: usize,
        outcome: Outcome,
    },
    SettleWrong {
        provider: usize,
        ahead: i8,
    },
    SettleAll {
        outcome: Outcome,
    },
    /// All rounds of one provider are missed.
    Die {
        provider: usize,
    },
    DropReplicas {
        provider: usize,
        limit: u32,
    },
    Activate {
        provider: usize,
    },
    /// All but this much of a provider's bond is slashed, for whatever reason.
    Bleed {
        provider: usize,
        to: Balance,
    },
    BondMore {
        provider: usize,
        amount: Balance,
    },
    Deregister {
        provider: usize,
    },
    Register {
        provider: usize,
    },
    Expire {
        deal: usize,
        said: Said,
    },
    SetBasePrice {
        price: Balance,
    },
    Donate {
        to_pot: Balance,
    },
    SpendFund,
    Leave {
        who: usize,
    },
}

/// Everybody who may pay: owners, and the provider that is one.
pub(super) fn payer(index: usize) -> Account {
    [OWNERS[0], OWNERS[1], OWNERS[2], PROVIDERS[0]][index % 4]
}

/// Files of all sizes; the first one is as small as can be.
pub(super) fn spec(file: u64, replicas: u8) -> FileSpec {
    FileSpec {
        file,
        sectors: [1, 7, 16, 60, 200][(file % 5) as usize],
        replicas,
    }
}

pub(super) fn max() -> impl Strategy<Value = Max> {
    prop_oneof![6 => Just(Max::Ample), 2 => Just(Max::Exact), 1 => Just(Max::OneLess)]
}

pub(super) fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![6 => Just(Outcome::Passed), 2 => Just(Outcome::Missed), 1 => Just(Outcome::Skipped)]
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![8 => Just(0), 1 => 1..=15i8, 1 => -3..=-1i8].prop_map(Said)
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let rounds = 5..=14u32;
    let n = 0..64usize;
    prop_oneof![
        6 => (n.clone(), 0..6u64, 0..=5u8, rounds.clone(), max())
            .prop_map(|(owner, file, replicas, rounds, max)| Op::Commit { owner, file, replicas, rounds, max }),
        2 => (n.clone(), prop::collection::vec((0..6u64, 1..=3u8), 0..=4), rounds, max())
            .prop_map(|(owner, files, rounds, max)| Op::CommitMany { owner, files, rounds, max }),
        4 => (n.clone(), prop::collection::vec(n.clone(), 0..=4), 0..=30u32, max())
            .prop_map(|(payer, deals, ahead, max)| Op::Renew { payer, deals, ahead, max }),
        2 => (n.clone(), n.clone(), 0..3_000u128).prop_map(|(payer, deal, level)| Op::TopUp { payer, deal, level }),
        2 => (n.clone(), said()).prop_map(|(deal, said)| Op::Remove { deal, said }),
        2 => (n.clone(), prop::option::weighted(0.8, n.clone())).prop_map(|(deal, to)| Op::Offer { deal, to }),
        2 => (n.clone(), prop::option::weighted(0.2, n.clone()), said())
            .prop_map(|(deal, by, said)| Op::Accept { deal, by, said }),
        24 => (n.clone(), n.clone(), 1..=4u8)
            .prop_map(|(slot, provider, steps)| Op::Place { slot, provider, steps }),
        2 => n.clone().prop_map(|slot| Op::Mature { slot }),
        2 => n.clone().prop_map(|slot| Op::Fail { slot }),
        1 => n.clone().prop_map(|slot| Op::Undelivered { slot }),
        4 => (n.clone(), prop::option::weighted(0.2, n.clone())).prop_map(|(slot, by)| Op::Resign { slot, by }),
        3 => n.clone().prop_map(|slot| Op::HandOver { slot }),
        10 => (1..=3u8, 0..=MILLION).prop_map(|(count, utilisation)| Op::Rounds { count, utilisation }),
        10 => (n.clone(), outcome()).prop_map(|(provider, outcome)| Op::Settle { provider, outcome }),
        1 => (n.clone(), -3..=3i8).prop_map(|(provider, ahead)| Op::SettleWrong { provider, ahead }),
        2 => outcome().prop_map(|outcome| Op::SettleAll { outcome }),
        1 => n.clone().prop_map(|provider| Op::Die { provider }),
        2 => (n.clone(), 0..=3u32).prop_map(|(provider, limit)| Op::DropReplicas { provider, limit }),
        1 => n.clone().prop_map(|provider| Op::Activate { provider }),
        1 => (n.clone(), prop_oneof![Just(0u128), 1..60_000u128])
            .prop_map(|(provider, to)| Op::Bleed { provider, to }),
        1 => (n.clone(), 0..30_000u128).prop_map(|(provider, amount)| Op::BondMore { provider, amount }),
        1 => n.clone().prop_map(|provider| Op::Deregister { provider }),
        1 => n.clone().prop_map(|provider| Op::Register { provider }),
        2 => (n.clone(), said()).prop_map(|(deal, said)| Op::Expire { deal, said }),
        1 => (0..60u128).prop_map(|price| Op::SetBasePrice { price }),
        1 => (0..50u128).prop_map(|to_pot| Op::Donate { to_pot }),
        1 => Just(Op::SpendFund),
        1 => n.prop_map(|who| Op::Leave { who }),
    ]
}
