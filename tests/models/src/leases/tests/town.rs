//! Short histories in plain words.

use super::pair::{DELEGATOR, OWNERS, PROVIDERS, REPORTER};
use crate::leases::{
    Account, Balance, Books, FileSpec, Key, Model, Outcome, Parameters, Round, Settled, Sums,
};

/// Four of the providers.
pub(super) const P1: Account = PROVIDERS[0];
pub(super) const P2: Account = PROVIDERS[1];
pub(super) const P3: Account = PROVIDERS[2];
pub(super) const P4: Account = PROVIDERS[3];

/// One NOEMA.
pub(super) const NOEMA: Balance = 1_000_000_000_000_000_000;
/// Sectors of a GiB.
pub(super) const GIB: u64 = 1 << 22;
/// A maximum that is never in the way.
pub(super) const AMPLE: Balance = Balance::MAX / 2;

/// The chain as it is to be: owners with a million, providers with bonds of a thousand and nobody's delegations.
pub(super) fn noema() -> Model<Sums> {
    let mut model = Model::new(Parameters::NOEMA);
    for owner in OWNERS {
        model.bank.endow(owner, 1_000_000 * NOEMA);
    }
    model.bank.endow(DELEGATOR, 1_000_000 * NOEMA);
    for provider in PROVIDERS {
        model.bank.endow(provider, 2_000 * NOEMA);
        model
            .register(provider, 1_000 * NOEMA, DELEGATOR, 0, 0)
            .unwrap();
    }
    model
}

pub(super) fn file(file: u64, sectors: u64, replicas: u8) -> FileSpec {
    FileSpec {
        file,
        sectors,
        replicas,
    }
}

impl Model<Sums> {
    pub(super) fn lease_for(&mut self, owner: Account, spec: FileSpec, rounds: Round) -> Key {
        self.commit(owner, spec, rounds, AMPLE).unwrap();
        (spec.file, owner)
    }

    /// From the draw to the proof.
    pub(super) fn hold(&mut self, key: Key, slot: u8, provider: Account) {
        self.draw(key, slot, provider).unwrap();
        self.ready(provider, key, slot).unwrap();
        self.prove(provider, key, slot).unwrap();
    }

    /// From the draw into the audited population.
    pub(super) fn earn(&mut self, key: Key, slot: u8, provider: Account) {
        self.hold(key, slot, provider);
        self.mature(key, slot).unwrap();
    }

    pub(super) fn settle_next(&mut self, provider: Account, outcome: Outcome) -> Settled {
        let round = self.books.next(provider).unwrap();
        self.settle(REPORTER, provider, round, outcome).unwrap()
    }

    /// A round begins, and is settled with this provider.
    pub(super) fn round_with(&mut self, provider: Account, outcome: Outcome) -> Settled {
        self.begin_round(0);
        self.settle_next(provider, outcome)
    }

    /// Four rounds missed: it is dropped.
    pub(super) fn strike_out(&mut self, provider: Account) -> Settled {
        let mut all = Settled::default();
        for _ in 0..4 {
            let settled = self.round_with(provider, Outcome::Missed);
            all.due += settled.due;
            all.own_slashed += settled.own_slashed;
            all.stake_slashed += settled.stake_slashed;
            all.to_reporter += settled.to_reporter;
        }
        assert!(self.providers()[&provider].dropping.is_some());
        all
    }
}
