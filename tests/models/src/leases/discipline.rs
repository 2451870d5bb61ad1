//! Rounds settled: pay, forfeits, strike points, slashes.

use super::{
    model::{Model, FUND, POT},
    mul_div_down, mul_div_up, Account, Balance, Books, Drop, Error, Outcome, Parameters, Provider,
    Round, MILLION,
};

/// What settling a round came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// What was owed for the round and for those carried to it.
    pub due: Balance,
    /// Of it, to the provider and its delegators.
    pub paid: Balance,
    /// Taken from the provider's own bond.
    pub own_slashed: Balance,
    /// Taken from its delegators.
    pub stake_slashed: Balance,
    /// Of the own, to who reported it.
    pub to_reporter: Balance,
}

impl<B: Books> Model<B> {
    /// Settles a provider's round, called by `by`.
    pub fn settle(
        &mut self,
        by: Account,
        provider: Account,
        round: Round,
        outcome: Outcome,
    ) -> Result<Settled, Error> {
        let next = self.books.next(provider).ok_or(Error::NothingOwed)?;
        if round < next {
            return Err(Error::AlreadySettled);
        }
        if round > next {
            return Err(Error::OutOfOrder);
        }
        if round > self.round {
            return Err(Error::NotBegun);
        }
        let dropping = self
            .providers
            .get(&provider)
            .is_some_and(|record| record.dropping.is_some());
        match (dropping, outcome) {
            (true, Outcome::Forfeited)
            | (false, Outcome::Passed | Outcome::Missed | Outcome::Skipped) => {}
            (true, _) => return Err(Error::BeingDropped),
            (false, _) => return Err(Error::NotDropping),
        }
        let due = self.books.settle(provider, outcome);
        let mut settled = Settled {
            due,
            ..Settled::default()
        };
        match outcome {
            Outcome::Passed => {
                settled.paid = self.reward(provider, due);
                if let Some(record) = self.providers.get_mut(&provider) {
                    record.points = record.points.saturating_sub(1);
                    if record.points == 0 {
                        record.own_slashed = 0;
                    }
                }
            }
            Outcome::Missed => {
                self.send(due, FUND);
                self.strike(by, provider, &mut settled);
            }
            Outcome::Forfeited => self.send(due, FUND),
            Outcome::Skipped => {}
        }
        self.note_cover();
        Ok(settled)
    }

    /// Pays out of the pot to a provider and its delegators; to the fund when it cannot receive. Returns what it got.
    fn reward(&mut self, provider: Account, amount: Balance) -> Balance {
        let Some(Provider {
            bond,
            stake,
            pool,
            commission,
            ..
        }) = self.providers.get(&provider).copied()
        else {
            self.send(amount, FUND);
            return 0;
        };
        let theirs = mul_div_down(amount, stake, bond.saturating_add(stake)).unwrap_or(0);
        let kept = mul_div_up(theirs, commission.into(), MILLION.into()).unwrap_or(theirs);
        let to_pool = theirs - kept;
        if !self.bank.can_receive(provider, amount - to_pool) {
            self.send(amount, FUND);
            return 0;
        }
        self.bank.move_held(POT, pool, to_pool);
        if let Some(record) = self.providers.get_mut(&provider) {
            record.stake += to_pool;
        }
        self.bank.pay_held(POT, provider, amount - to_pool);
        amount
    }

    /// A missed round: points, and what follows from them.
    fn strike(&mut self, by: Account, provider: Account, settled: &mut Settled) {
        let Parameters {
            points_per_miss,
            points_to_drop,
            settlement_fee,
            reporter_share,
            ..
        } = self.parameters;
        let Some(record) = self.providers.get(&provider) else {
            return;
        };
        let collateral = self
            .collateral_of(self.reserved(provider))
            .min(self.stake_of(record));
        let points = record.points.saturating_add(points_per_miss);
        let level = match points {
            _ if points >= points_to_drop => 3,
            _ if points >= 3 * points_per_miss => 2,
            _ if points >= 2 * points_per_miss => 1,
            _ => 0,
        };
        let part = self.parameters.slashes.get(level).copied().unwrap_or(0);
        let part = mul_div_down(collateral, part.into(), MILLION.into()).unwrap_or(collateral);
        self.slash(
            provider,
            settlement_fee,
            Some((by, reporter_share)),
            settled,
        );
        self.slash(provider, part, None, settled);
        if let Some(record) = self.providers.get_mut(&provider) {
            record.points = points;
        }
        if points >= points_to_drop {
            self.begin_drop(provider);
        }
    }

    /// Takes from the provider's own bond, then from its delegators. A reporter gets its share of the own; the fund the rest.
    fn slash(
        &mut self,
        provider: Account,
        amount: Balance,
        reporter: Option<(Account, u64)>,
        settled: &mut Settled,
    ) {
        let Some(record) = self.providers.get_mut(&provider) else {
            return;
        };
        let own = amount.min(record.bond);
        let stake = (amount - own).min(record.stake);
        record.bond -= own;
        record.stake -= stake;
        record.own_slashed += own;
        if record.bond < self.parameters.min_bond {
            record.active = false;
        }
        let pool = record.pool;
        let mut to_reporter = 0;
        if let Some((reporter, share)) = reporter {
            let share = mul_div_down(own, share.into(), MILLION.into()).unwrap_or(0);
            if self.bank.pay_held(provider, reporter, share) {
                to_reporter = share;
            }
        }
        self.bank.pay_held(provider, FUND, own - to_reporter);
        self.bank.pay_held(pool, FUND, stake);
        settled.own_slashed += own;
        settled.stake_slashed += stake;
        settled.to_reporter += to_reporter;
    }

    /// From now on a provider loses what it has, slot by slot.
    fn begin_drop(&mut self, provider: Account) {
        let sectors = self.earning_sectors(provider);
        let Parameters {
            bounty_share,
            points_to_drop,
            points_per_miss,
            ..
        } = self.parameters;
        if let Some(record) = self.providers.get_mut(&provider) {
            let own = std::mem::take(&mut record.own_slashed);
            let budget = mul_div_down(own, bounty_share.into(), MILLION.into()).unwrap_or(0);
            record.dropping = Some(Drop {
                budget,
                left: budget,
                sectors,
            });
            record.active = false;
            // One more miss drops it again.
            record.points = points_to_drop.saturating_sub(points_per_miss);
        }
    }

    /// A provider that lost everything, or was chilled, wants new work. (Its jail term is the providers pallet's.)
    pub fn activate(&mut self, provider: Account) -> Result<(), Error> {
        let min_bond = self.parameters.min_bond;
        let record = self
            .providers
            .get_mut(&provider)
            .ok_or(Error::UnknownProvider)?;
        if record.active || record.dropping.is_some() || record.bond < min_bond {
            return Err(Error::CannotActivate);
        }
        record.active = true;
        Ok(())
    }

    /// Bonds more.
    pub fn bond_more(&mut self, provider: Account, amount: Balance) -> Result<(), Error> {
        let record = self
            .providers
            .get_mut(&provider)
            .ok_or(Error::UnknownProvider)?;
        self.bank.hold(provider, amount)?;
        record.bond += amount;
        self.note_cover();
        Ok(())
    }
}
