//! Members of bundles, each recorded under its own payer, window and namespace: `docs/design/da.md`, "Bundles".

use crate::{
    fees::member_share,
    lists::{self, MAX_DAYS},
    records::{MemberRecord, State, SubmissionId},
    BalanceOf, Config, Day, EndingMembers, Error, Event, HostHashing, MemberCursor, MemberEnds,
    MemberOf, Members, Pallet, SubmissionOf, Submissions,
};
use frame_support::ensure;
use noema_da_primitives::{Content, MemberProof, Namespace};
use noema_traits::RoundIndex;
use sp_runtime::{traits::CheckedAdd, ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// The last day of a member that is recorded now for so many days, which begin with the one that runs.
    fn last_day_of_member(record: &SubmissionOf<T>, days: Day) -> Result<Day, DispatchError> {
        ensure!((1..=MAX_DAYS).contains(&days), Error::<T>::BadWindow);
        let before = lists::day_of(record.era, Self::round()).saturating_sub(1);
        before
            .checked_add(days)
            .filter(|last| *last <= record.days)
            .ok_or_else(|| Error::<T>::OutlastsBundle.into())
    }

    /// What a member of so many bytes pays its gateway for so many days: its share of what the bundle paid.
    pub(crate) fn member_fee(
        record: &SubmissionOf<T>,
        size: u32,
        days: Day,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let fee = Self::wide(record.fee);
        Self::amount(member_share(fee, (size, record.size), (days, record.days)))
    }

    /// Records a member of an available bundle. As often as somebody pays for it: its proof follows from the bundle, and whoever could keep others from recording
    /// it by being first would.
    pub(crate) fn do_submit_member(
        payer: T::AccountId,
        id: SubmissionId,
        proof: &MemberProof,
        namespace: Namespace,
        days: Day,
        max_fee: BalanceOf<T>,
    ) -> DispatchResult {
        let record = Submissions::<T>::get(id).ok_or(Error::<T>::UnknownSubmission)?;
        let Content::Bundle(header) = record.content else {
            return Err(Error::<T>::NotABundle.into());
        };
        ensure!(
            matches!(record.state, State::Available { .. }) && !Self::is_over(&record),
            Error::<T>::NotAvailable
        );
        let number = proof.index;
        let last = Self::last_day_of_member(&record, days)?;
        let charged = Self::namespace_fee(&namespace)?;
        let fee = Self::member_fee(&record, proof.size, days)?;
        let fees = fee
            .checked_add(&charged)
            .ok_or(Error::<T>::AmountTooLarge)?;
        ensure!(fees <= max_fee, Error::<T>::FeeAboveMaximum);
        proof
            .verify::<HostHashing>(&header, record.size)
            .map_err(|_| Error::<T>::BadMemberProof)?;
        Self::open_namespace(&payer, &namespace, charged)?;
        if payer != record.payer {
            Self::pay_to(&payer, &record.payer, fee)?;
        }
        let deposit = Self::member_deposit()?;
        Self::hold_deposit(&payer, deposit)?;
        let until = lists::last_of_day(record.era, last);
        let index = Self::enter(&namespace, id, Some(number))?;
        let height = Self::now();
        Self::let_end(until, (namespace, index))?;
        Members::<T>::insert(
            namespace,
            index,
            MemberRecord {
                payer: payer.clone(),
                submission: id,
                member: number,
                height,
                id: proof.id,
                offset: proof.offset,
                size: proof.size,
                until,
                deposit,
            },
        );
        Self::deposit_event(Event::MemberRecorded {
            submission: id,
            member: number,
            id: proof.id,
            payer,
            namespace,
            index,
            height,
            until,
            fee,
        });
        Ok(())
    }

    /// Notes when a member is over.
    fn let_end(until: RoundIndex, member: (Namespace, u64)) -> DispatchResult {
        let number = EndingMembers::<T>::get(until);
        EndingMembers::<T>::insert(
            until,
            number.checked_add(1).ok_or(ArithmeticError::Overflow)?,
        );
        MemberEnds::<T>::insert((until, number), member);
        if MemberCursor::<T>::get().is_none() {
            MemberCursor::<T>::put((Self::round(), 0));
        }
        Ok(())
    }

    /// Takes the record of a member away.
    fn remove_member(namespace: Namespace, index: u64, member: &MemberOf<T>) {
        Members::<T>::remove(namespace, index);
        Self::strike_out(&namespace, index, member.height);
        Self::release_deposit(&member.payer, member.deposit);
        Self::deposit_event(Event::MemberExpired {
            submission: member.submission,
            member: member.member,
            namespace,
            index,
            height: member.height,
        });
    }

    /// Takes away the next member whose window is over, or goes on to the next round. Whether there was something to do.
    pub(crate) fn end_next_member() -> bool {
        let Some((until, number)) = MemberCursor::<T>::get() else {
            return false;
        };
        if until >= Self::round() {
            return false;
        }
        if number >= EndingMembers::<T>::get(until) {
            EndingMembers::<T>::remove(until);
            MemberCursor::<T>::put((until.saturating_add(1), 0));
            return true;
        }
        if let Some((namespace, index)) = MemberEnds::<T>::take((until, number)) {
            // Somebody may have taken it away before. Its place is never given again.
            if let Some(member) = Members::<T>::get(namespace, index) {
                Self::remove_member(namespace, index, &member);
            }
        }
        MemberCursor::<T>::put((until, number.saturating_add(1)));
        true
    }

    /// Takes a member away whose window is over, for whoever does not want to wait for the agenda.
    pub(crate) fn do_expire_member(namespace: Namespace, index: u64) -> DispatchResult {
        let member = Members::<T>::get(namespace, index).ok_or(Error::<T>::UnknownMember)?;
        ensure!(Self::round() > member.until, Error::<T>::NotOver);
        Self::remove_member(namespace, index, &member);
        Ok(())
    }
}
