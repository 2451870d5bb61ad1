//! What bits earn, and what they can be asked for.

use super::{fees::share, Account, Balance, List, Model, Outcome, Round, Seat};

impl Model {
    /// Units of all blobs of a list, and what they pay a round.
    fn sums(&self, key: (Round, List)) -> (u128, Balance) {
        let entries = self.lists.get(&key).into_iter().flatten();
        entries
            .filter_map(|entry| entry.pay.map(|pay| (entry.units, pay)))
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Units behind a seat's bits in a list.
    fn units(&self, key: (Round, List), seat: Seat) -> u128 {
        let entries = self.lists.get(&key).into_iter().flatten();
        entries
            .filter(|entry| entry.seats.contains(&seat))
            .map(|entry| entry.units)
            .sum()
    }

    /// What a provider earns of a list in one round.
    fn earned_of(&self, key: (Round, List), provider: Account) -> Balance {
        let Some((seat, stake)) = self.seat_of(key.0, provider) else {
            return 0;
        };
        if self
            .gone
            .get(&key.0)
            .is_some_and(|gone| gone.contains(&seat))
        {
            return 0;
        }
        let all: u128 = self.committees[&key.0].iter().map(|(_, stake)| stake).sum();
        let (units, pay) = self.sums(key);
        share(share(pay, stake, all), self.units(key, seat), units)
    }

    /// What a provider earns in a round, over all lists that have it.
    pub fn earned_in(&self, provider: Account, round: Round) -> Balance {
        self.lists
            .keys()
            .filter(|(era, list)| list.contains(*era, round))
            .map(|key| self.earned_of(*key, provider))
            .sum()
    }

    /// Everybody with a seat in an era.
    fn seated(&self, era: Round) -> Vec<Account> {
        let seats = self.committees.get(&era).into_iter().flatten();
        seats.map(|(who, _)| *who).collect()
    }

    /// Rounds of a list that a provider has not settled.
    fn unsettled(&self, (era, list): (Round, List), provider: Account) -> u32 {
        let (first, last) = list.rounds(era);
        let settled = self.settled.get(&provider).copied().unwrap_or(0);
        (first..=last).filter(|round| *round > settled).count() as u32
    }

    /// What a list owes: to those who can earn, of one that was closed; all that was not paid, of another.
    pub(super) fn owed_by(&self, key: (Round, List)) -> Balance {
        let (first, last) = key.1.rounds(key.0);
        let rounds = last - first + 1;
        let (mut left, mut paid) = (0, 0);
        for who in self.seated(key.0) {
            let (earned, open) = (self.earned_of(key, who), self.unsettled(key, who));
            left += earned * Balance::from(open);
            paid += earned * Balance::from(rounds - open);
        }
        match self.closed.contains(&key) {
            true => left,
            false => self.sums(key).1 * Balance::from(rounds) - paid,
        }
    }

    /// Closes a list: what nobody can earn of it goes to the fund.
    pub(super) fn close(&mut self, key: (Round, List)) {
        if !self.closed.insert(key) {
            return;
        }
        let (first, last) = key.1.rounds(key.0);
        let earned: Balance = self
            .seated(key.0)
            .into_iter()
            .map(|who| self.earned_of(key, who))
            .sum();
        let unearned = (self.sums(key).1 - earned) * Balance::from(last - first + 1);
        self.bank.pay_held(self.pot, self.fund, unearned);
    }

    /// Settles a round of a provider.
    pub fn settle(&mut self, provider: Account, round: Round, outcome: Outcome) {
        let Some(settled) = self.settled.get(&provider).copied() else {
            return;
        };
        if round <= settled {
            return;
        }
        let earned = self.earned_in(provider, round);
        let carried = self.carried.remove(&provider).unwrap_or(0);
        self.settled.insert(provider, round);
        let due = earned + carried;
        match outcome {
            Outcome::Skipped if due > 0 => {
                self.carried.insert(provider, due);
            }
            Outcome::Skipped => {}
            Outcome::Passed => {
                self.bank.pay_held(self.pot, provider, due);
            }
            Outcome::Missed => {
                self.bank.pay_held(self.pot, self.fund, due);
            }
        }
    }

    /// Ends the drop of a provider: what it could have earned, and what it carries, goes to the fund.
    pub(super) fn end_drop(&mut self, provider: Account) {
        let keys: Vec<_> = self.closed.iter().copied().collect();
        let lost: Balance = keys
            .into_iter()
            .map(|key| self.earned_of(key, provider) * Balance::from(self.unsettled(key, provider)))
            .sum();
        let carried = self.carried.remove(&provider).unwrap_or(0);
        self.bank.pay_held(self.pot, self.fund, lost + carried);
        let eras: Vec<_> = self.enlisted.keys().copied().collect();
        for era in eras {
            if let Some((seat, _)) = self.seat_of(era, provider) {
                if self.enlisted[&era].contains(&seat) {
                    self.gone.entry(era).or_default().insert(seat);
                }
            }
        }
        self.dropping.remove(&provider);
    }

    /// What a provider can be challenged for in a round: the entries behind its bits, in order.
    pub fn asked(&self, provider: Account, round: Round) -> Vec<(u64, u128)> {
        if self.dropping.contains(&provider) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for ((era, list), entries) in &self.lists {
            let Some((seat, _)) = self.seat_of(*era, provider) else {
                continue;
            };
            let gone = self.gone.get(era).is_some_and(|gone| gone.contains(&seat));
            if gone || !list.contains(*era, round) {
                continue;
            }
            let own = entries.iter().filter(|entry| entry.seats.contains(&seat));
            found.extend(own.map(|entry| (entry.submission, entry.units)));
        }
        found
    }

    /// The first round from `from` on in which there is something to ask.
    pub fn next_populated(&self, provider: Account, from: Round) -> Option<Round> {
        // It begins where a list does, or at once.
        let begins = self.lists.keys().map(|(era, list)| list.rounds(*era).0);
        begins
            .filter(|first| *first > from)
            .chain([from])
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .find(|round| !self.asked(provider, *round).is_empty())
    }
}
