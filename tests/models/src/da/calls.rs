//! Submissions: what anybody can do.

use super::{
    shape, Account, Balance, Bundle, Days, Entry, Error, List, Log, Model, Round, Seat, Seed,
    Submission,
};
use std::collections::BTreeSet;

impl Model {
    fn ensure(condition: bool, error: Error) -> Result<(), Error> {
        match condition {
            true => Ok(()),
            false => Err(error),
        }
    }

    pub(super) fn open_namespace(&mut self, payer: Account, namespace: u8) -> Result<(), Error> {
        let fee = self.namespace_fee(namespace);
        if self.namespaces.contains_key(&namespace) {
            return Ok(());
        }
        self.bank
            .pay(payer, self.treasury, fee)
            .map_err(|_| Error::InsufficientFunds)?;
        self.namespaces.insert(namespace, Log::default());
        Ok(())
    }

    pub(super) fn enter(&mut self, namespace: u8, submission: u64, member: Option<u32>) -> u64 {
        let entry = (self.block, submission, member);
        let log = self.namespaces.entry(namespace).or_default();
        log.entries.push(entry);
        log.entries.len() as u64 - 1
    }

    /// Submits a blob.
    #[allow(clippy::too_many_arguments, reason = "as the call has them")]
    pub fn submit(
        &mut self,
        payer: Account,
        commitment: u8,
        size: u32,
        bundle: Option<Bundle>,
        namespace: u8,
        days: Days,
        max_fee: Balance,
    ) -> Result<u64, Error> {
        let shape = shape(size).ok_or(Error::BlobTooLarge)?;
        Self::ensure(bundle.is_none_or(|one| one.possible), Error::BadBundle)?;
        Self::ensure((1..=13).contains(&days), Error::BadWindow)?;
        let era = self.round;
        Self::ensure(self.committees.contains_key(&era), Error::NoCommittee)?;
        let waits = self.in_flight(payer) + u64::from(size);
        Self::ensure(
            waits <= self.parameters.max_in_flight,
            Error::TooMuchInFlight,
        )?;
        let base = self.base_fee(&shape);
        let fee = self.window_fee(&shape, 4 * u32::from(days));
        let all = base + fee + self.namespace_fee(namespace);
        Self::ensure(all <= max_fee, Error::FeeAboveMaximum)?;
        self.atomically(|model| {
            model.open_namespace(payer, namespace)?;
            model
                .bank
                .pay_into_hold(payer, model.pot, base + fee)
                .map_err(|_| Error::InsufficientFunds)?;
            model
                .bank
                .hold(payer, model.parameters.submission_deposit)
                .map_err(|_| Error::InsufficientDeposit)?;
            let id = model.next_submission;
            model.next_submission += 1;
            let record = Submission {
                payer,
                namespace,
                commitment,
                size,
                bundle,
                era,
                block: model.block,
                deadline: model.tick + model.parameters.attest_ticks,
                days,
                fee,
                base,
                seed: Seed::Awaited,
                available: None,
            };
            model.submissions.insert(id, record);
            Ok(id)
        })
    }

    /// Whether bits can still come.
    pub fn takes_bits(&self, record: &Submission) -> bool {
        self.tick < record.deadline && self.round < record.era + 2
    }

    /// Takes the bits of seats that signed, or did not. Whether that made it available.
    pub fn attest(&mut self, id: u64, seats: &BTreeSet<Seat>, signed: bool) -> Result<bool, Error> {
        let record = self
            .submissions
            .get(&id)
            .cloned()
            .ok_or(Error::UnknownSubmission)?;
        Self::ensure(self.takes_bits(&record), Error::TooLate)?;
        Self::ensure(!seats.is_empty(), Error::NoBits)?;
        if let Some((set, _)) = &record.available {
            Self::ensure(set.is_disjoint(seats), Error::AlreadyAttested)?;
        }
        match record.seed {
            Seed::Drawn => {}
            Seed::Awaited => return Err(Error::SeedNotDrawn),
            Seed::Lost => return Err(Error::SeedLost),
        }
        let committee = self.committees.get(&record.era).ok_or(Error::NoCommittee)?;
        let mut stake = 0;
        for seat in seats {
            let (_, own) = committee
                .get(usize::from(*seat))
                .ok_or(Error::UnknownSeat)?;
            stake += own;
        }
        let all: u128 = committee.iter().map(|(_, stake)| stake).sum();
        let first = record.available.is_none();
        Self::ensure(!first || stake * 3 >= all * 2, Error::TooLittleStake)?;
        let gone = self.gone.get(&record.era).cloned().unwrap_or_default();
        Self::ensure(gone.is_disjoint(seats), Error::SeatDropped)?;
        Self::ensure(signed, Error::BadSignature)?;
        let known = self.enlisted.get(&record.era).cloned().unwrap_or_default();
        for seat in seats.difference(&known) {
            let (provider, _) = self.committees[&record.era][usize::from(*seat)];
            Self::ensure(!self.dropping.contains(&provider), Error::SeatDropped)?;
        }
        for seat in seats.difference(&known) {
            let (provider, _) = self.committees[&record.era][usize::from(*seat)];
            self.settled.entry(provider).or_insert(self.round);
        }
        self.enlisted
            .entry(record.era)
            .or_default()
            .extend(seats.iter());
        let shape = shape(record.size).ok_or(Error::BlobTooLarge)?;
        let rounds = 4 * u128::from(record.days);
        let pay = first.then_some(record.fee / rounds);
        if first {
            self.bank.pay_held(self.pot, self.fund, record.fee % rounds);
            let index = self.enter(record.namespace, id, None);
            self.submissions.entry(id).and_modify(|record| {
                record.available = Some((seats.clone(), index));
            });
        } else {
            self.submissions.entry(id).and_modify(|record| {
                if let Some((set, _)) = &mut record.available {
                    set.extend(seats.iter());
                }
            });
        }
        let entry = Entry {
            submission: id,
            units: shape.units,
            seats: seats.clone(),
            pay,
        };
        let key = (record.era, List::Until(record.days));
        self.lists.entry(key).or_default().push(entry);
        Ok(first)
    }

    /// Buys more days.
    pub fn extend(
        &mut self,
        payer: Account,
        id: u64,
        days: Days,
        max_fee: Balance,
    ) -> Result<(), Error> {
        let record = self
            .submissions
            .get(&id)
            .cloned()
            .ok_or(Error::UnknownSubmission)?;
        let (set, _) = record.available.clone().ok_or(Error::NotAvailable)?;
        Self::ensure(!self.takes_bits(&record), Error::StillAttesting)?;
        let last = record.days.checked_add(days).unwrap_or(Days::MAX);
        Self::ensure(days > 0 && last <= 13, Error::BadWindow)?;
        // A day is bought a whole round before it begins.
        let begins: Round = record.until() + 1;
        Self::ensure(self.round + 1 < begins, Error::ExtendedTooLate)?;
        let shape = shape(record.size).ok_or(Error::BlobTooLarge)?;
        let rounds = 4 * u32::from(days);
        let fee = self.window_fee(&shape, rounds);
        Self::ensure(fee <= max_fee, Error::FeeAboveMaximum)?;
        let gone = self.gone.get(&record.era).cloned().unwrap_or_default();
        let seats: BTreeSet<Seat> = set.difference(&gone).copied().collect();
        Self::ensure(!seats.is_empty(), Error::NobodyHolds)?;
        self.bank
            .pay_into_hold(payer, self.pot, fee)
            .map_err(|_| Error::InsufficientFunds)?;
        self.bank
            .pay_held(self.pot, self.fund, fee % u128::from(rounds));
        for day in record.days + 1..=last {
            let entry = Entry {
                submission: id,
                units: shape.units,
                seats: seats.clone(),
                pay: Some(fee / u128::from(rounds)),
            };
            let key = (record.era, List::Only(day));
            self.lists.entry(key).or_default().push(entry);
        }
        self.submissions.entry(id).and_modify(|record| {
            record.days = last;
            record.fee += fee;
        });
        Ok(())
    }

    /// What a submission without quorum is due, if anything.
    pub(super) fn refund_due(&self, record: &Submission) -> Option<Balance> {
        match record.seed {
            _ if record.available.is_some() => None,
            Seed::Lost => Some(record.fee + record.base),
            Seed::Drawn if self.tick >= record.deadline => Some(record.fee),
            Seed::Drawn | Seed::Awaited => None,
        }
    }

    pub(super) fn remove(&mut self, id: u64, due: Balance) {
        if let Some(record) = self.submissions.remove(&id) {
            let deposit = self.parameters.submission_deposit;
            self.bank.release(record.payer, deposit);
            self.bank.pay_held(self.pot, record.payer, due);
        }
    }

    /// Refunds or expires what is due.
    pub fn expire(&mut self, id: u64) -> Result<(), Error> {
        let record = self
            .submissions
            .get(&id)
            .cloned()
            .ok_or(Error::UnknownSubmission)?;
        let due = match record.available {
            None => self.refund_due(&record).ok_or(Error::NotOver)?,
            Some(_) => {
                Self::ensure(self.round > record.until(), Error::NotOver)?;
                0
            }
        };
        self.remove(id, due);
        Ok(())
    }
}
