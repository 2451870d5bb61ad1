//! Pay by sums, a unit for each sector and round.

use super::*;

/// What is owed to a provider, by sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
pub(crate) struct Account {
    settled: RoundIndex,
    rate: Balance,
    carried: Balance,
}

/// What became of a provider's pay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
pub(crate) struct Totals {
    /// Everything that was due, of rounds settled.
    pub(crate) due: Balance,
    /// Paid out.
    pub(crate) paid: Balance,
    /// Lost by misses.
    pub(crate) lost: Balance,
    /// Lost because everything was being taken.
    pub(crate) forfeited: Balance,
}

/// What became of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Paid {
    Passed,
    Missed,
    Skipped,
    Forfeited,
}

#[storage_alias]
pub(crate) type Accounts = StorageMap<MockWages, Twox64Concat, u64, Account>;
#[storage_alias]
pub(crate) type RateChanges =
    StorageDoubleMap<MockWages, Twox64Concat, u64, Twox64Concat, u32, i128>;
#[storage_alias]
pub(crate) type WageTotals =
    StorageMap<MockWages, Twox64Concat, u64, Totals, frame_support::pallet_prelude::ValueQuery>;
/// Every round that was settled, in order.
#[storage_alias]
pub(crate) type WageLog = StorageMap<
    MockWages,
    Twox64Concat,
    u64,
    Vec<(RoundIndex, Paid)>,
    frame_support::pallet_prelude::ValueQuery,
>;

/// Pays a unit for each sector and round, as `docs/design/money.md` says.
pub struct Wages;

impl Wages {
    pub(crate) fn totals(provider: u64) -> Totals {
        WageTotals::get(provider)
    }

    pub(crate) fn log(provider: u64) -> Vec<(RoundIndex, Paid)> {
        WageLog::get(provider)
    }

    pub(crate) fn carried(provider: u64) -> Balance {
        Accounts::get(provider).map_or(0, |account| account.carried)
    }

    pub(crate) fn change(provider: u64, round: RoundIndex, by: i128) {
        let change = RateChanges::get(provider, round).unwrap_or(0) + by;
        match change {
            0 => RateChanges::remove(provider, round),
            _ => RateChanges::insert(provider, round, change),
        }
    }

    pub(crate) fn begin(provider: u64, round: RoundIndex, rate: Balance) {
        if !Accounts::contains_key(provider) {
            Accounts::insert(
                provider,
                Account {
                    settled: round,
                    ..Account::default()
                },
            );
        }
        Self::change(provider, round + 1, i128::try_from(rate).unwrap());
    }

    pub(crate) fn stop(provider: u64, round: RoundIndex, rate: Balance) {
        Self::change(provider, round + 1, -i128::try_from(rate).unwrap());
        Self::close_if_nothing_is_owed(provider);
    }

    pub(crate) fn owes(provider: u64) -> bool {
        let Some(account) = Accounts::get(provider) else {
            return false;
        };
        let changes: BTreeMap<u32, i128> = RateChanges::iter_prefix(provider).collect();
        let mut rate = i128::try_from(account.rate).unwrap();
        let mut at = account.settled + 1;
        let mut owes = account.carried > 0;
        for (round, change) in changes {
            owes |= round > at && rate > 0;
            rate += change;
            at = round;
        }
        owes || rate > 0
    }

    pub(crate) fn close_if_nothing_is_owed(provider: u64) {
        if Accounts::contains_key(provider) && !Self::owes(provider) {
            Accounts::remove(provider);
            for round in RateChanges::iter_key_prefix(provider).collect::<Vec<_>>() {
                RateChanges::remove(provider, round);
            }
        }
    }
}

impl Payroll<u64> for Wages {
    fn settle(provider: &u64, round: RoundIndex, outcome: Outcome) {
        let forfeit = Audits::is_dropping(provider);
        let paid = match outcome {
            Outcome::Passed => Paid::Passed,
            Outcome::Missed if forfeit => Paid::Forfeited,
            Outcome::Missed => Paid::Missed,
            Outcome::Skipped => Paid::Skipped,
        };
        WageLog::mutate(provider, |log| log.push((round, paid)));
        let Some(mut account) = Accounts::get(provider) else {
            return;
        };
        while account.settled < round {
            account.settled += 1;
            let change = RateChanges::take(provider, account.settled).unwrap_or(0);
            account.rate = account.rate.checked_add_signed(change).unwrap();
            if account.settled < round {
                assert_eq!(account.rate, 0, "a round is passed over that has pay");
                continue;
            }
            WageTotals::mutate(provider, |totals| totals.due += account.rate);
            if outcome == Outcome::Skipped {
                account.carried += account.rate;
                continue;
            }
            let due = account.rate + std::mem::take(&mut account.carried);
            WageTotals::mutate(provider, |totals| match paid {
                Paid::Passed => totals.paid += due,
                Paid::Forfeited => totals.forfeited += due,
                _ => totals.lost += due,
            });
        }
        Accounts::insert(provider, account);
        Self::close_if_nothing_is_owed(*provider);
    }

    fn next(provider: &u64) -> Option<RoundIndex> {
        Accounts::get(provider).map(|account| account.settled + 1)
    }
}
