//! Members of bundles.

use super::{Account, Balance, Days, Error, Member, Model};

impl Model {
    /// Records a member of so many bytes, which its proof shows or not.
    #[allow(clippy::too_many_arguments, reason = "as the call has them")]
    pub fn submit_member(
        &mut self,
        payer: Account,
        id: u64,
        (number, size, shown): (u32, u32, bool),
        namespace: u8,
        days: Days,
        max_fee: Balance,
    ) -> Result<(), Error> {
        let record = self
            .submissions
            .get(&id)
            .cloned()
            .ok_or(Error::UnknownSubmission)?;
        if record.bundle.is_none() {
            return Err(Error::NotABundle);
        }
        if record.available.is_none() || self.round > record.until() {
            return Err(Error::NotAvailable);
        }
        if !(1..=13).contains(&days) {
            return Err(Error::BadWindow);
        }
        // Whole days that are over.
        let over = self.round.saturating_sub(record.era + 2) / 4;
        let last = over + u32::from(days);
        if last > u32::from(record.days) {
            return Err(Error::OutlastsBundle);
        }
        let fee = Self::member_fee(record.fee, (size, record.size), (days, record.days));
        if fee + self.namespace_fee(namespace) > max_fee {
            return Err(Error::FeeAboveMaximum);
        }
        if !shown {
            return Err(Error::BadMemberProof);
        }
        self.atomically(|model| {
            model.open_namespace(payer, namespace)?;
            if payer != record.payer {
                model
                    .bank
                    .pay(payer, record.payer, fee)
                    .map_err(|_| Error::InsufficientFunds)?;
            }
            model
                .bank
                .hold(payer, model.parameters.member_deposit)
                .map_err(|_| Error::InsufficientDeposit)?;
            let index = model.enter(namespace, id, Some(number));
            let member = Member {
                payer,
                of: (id, number),
                until: record.era + 1 + 4 * last,
            };
            model.members.insert((namespace, index), member);
            Ok(())
        })
    }

    pub(super) fn remove_member(&mut self, key: (u8, u64)) {
        if let Some(member) = self.members.remove(&key) {
            let deposit = self.parameters.member_deposit;
            self.bank.release(member.payer, deposit);
        }
    }

    /// Takes a member away whose window is over.
    pub fn expire_member(&mut self, namespace: u8, index: u64) -> Result<(), Error> {
        let member = self
            .members
            .get(&(namespace, index))
            .ok_or(Error::UnknownMember)?;
        if self.round <= member.until {
            return Err(Error::NotOver);
        }
        self.remove_member((namespace, index));
        Ok(())
    }
}
