//! What a submission costs: `docs/design/da.md`, "Fees".

use crate::{
    pot::{bytes_of, Items},
    records::{Entry, HeightEntries, LogEntry, NamespaceRecord, SubmissionId},
    BalanceOf, Config, Day, Error, MemberOf, Namespaces, Pallet, SubmissionOf,
};
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use noema_da_primitives::{Commitment, Namespace, Shape};
use noema_traits::RoundIndex;
use sp_runtime::{
    helpers_128bit::multiply_by_rational_with_rounding, traits::CheckedAdd, DispatchError, Rounding,
};

/// Bytes of the GiB that the price is for.
const GIB: u128 = 1 << 30;

/// What a submission costs at the price of the present round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge<Balance> {
    /// Kept, unless the row seed is lost.
    pub base: Balance,
    /// For the window: on hold in the pot, and refunded when no attestation comes.
    pub fee: Balance,
    /// For a namespace that was never used, whose record never goes.
    pub namespace: Balance,
    /// Held on the payer's account as long as the record.
    pub deposit: Balance,
}

/// Units for `bytes` at a price per GiB, times `rounds`, rounded up.
pub(crate) fn for_bytes(per_gib: u128, bytes: u64, rounds: RoundIndex) -> Option<u128> {
    let all = u128::from(bytes).checked_mul(rounds.into())?;
    multiply_by_rational_with_rounding(per_gib, all, GIB, Rounding::Up)
}

/// The part of what a bundle pays that a member's bytes and days are, rounded up.
pub(crate) fn member_share(
    fee: u128,
    (size, of_size): (u32, u32),
    (days, of_days): (Day, Day),
) -> Option<u128> {
    let part = u128::from(size).checked_mul(days.into())?;
    let whole = u128::from(of_size).checked_mul(of_days.into())?;
    multiply_by_rational_with_rounding(fee, part, whole, Rounding::Up)
}

impl<T: Config> Pallet<T> {
    /// Units for a shape in so many rounds at the price in force.
    pub(crate) fn window_fee(
        shape: &Shape,
        rounds: RoundIndex,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let per_gib = Self::wide(Self::per_gib(&Self::price())?);
        Self::amount(for_bytes(per_gib, shape.stored_bytes(), rounds))
    }

    /// The base fee of a shape's class: for the record, and for what its largest blob makes a committee store once.
    pub(crate) fn base_fee(shape: &Shape) -> Result<BalanceOf<T>, DispatchError> {
        let largest = Shape::of(shape.class().parameters().max_size.into())
            .map_err(|_| Error::<T>::BlobTooLarge)?;
        let sent = for_bytes(Self::wide(T::SendingFee::get()), largest.stored_bytes(), 1);
        let record = Self::wide(T::RecordFee::get());
        Self::amount(sent.and_then(|sent| sent.checked_add(record)))
    }

    /// What the record of a namespace costs, which never goes: nothing, if it is there.
    pub(crate) fn namespace_fee(namespace: &Namespace) -> Result<BalanceOf<T>, DispatchError> {
        if Namespaces::<T>::contains_key(namespace) {
            return Ok(BalanceOf::<T>::default());
        }
        Self::deposit_for(&Items(1, Self::item::<Namespace, NamespaceRecord>()))
    }

    /// Bytes of an entry in a namespace, and of its block's.
    fn log_bytes() -> u32 {
        Self::item::<(Namespace, u64), LogEntry<BlockNumberFor<T>>>()
            .saturating_add(Self::item::<(Namespace, BlockNumberFor<T>), HeightEntries>())
    }

    /// The deposit of a submission: its record, its entries by commitment, in a batch, in a list and in its namespace, each as if it were alone.
    pub(crate) fn submission_deposit() -> Result<BalanceOf<T>, DispatchError> {
        let bytes = Self::item::<SubmissionId, SubmissionOf<T>>()
            .saturating_add(Self::item::<(Commitment, SubmissionId), ()>())
            .saturating_add(Self::item::<(Commitment, u32), crate::records::Attested>())
            .saturating_add(Self::item::<u64, crate::BatchOf<T>>())
            .saturating_add(Self::log_bytes())
            .saturating_add(bytes_of::<Entry>());
        Self::deposit_for(&Items(6, bytes))
    }

    /// What a further day of a blob adds to the state: an entry.
    pub(crate) fn member_deposit() -> Result<BalanceOf<T>, DispatchError> {
        let bytes = Self::item::<(Namespace, u64), MemberOf<T>>()
            .saturating_add(Self::item::<(RoundIndex, u32), (Namespace, u64)>())
            .saturating_add(Self::log_bytes());
        Self::deposit_for(&Items(4, bytes))
    }

    /// What a submission of this shape for so many days costs now.
    pub(crate) fn charge(
        shape: &Shape,
        namespace: &Namespace,
        days: Day,
    ) -> Result<Charge<BalanceOf<T>>, DispatchError> {
        let rounds = RoundIndex::from(days).saturating_mul(crate::lists::DAY_ROUNDS);
        Ok(Charge {
            base: Self::base_fee(shape)?,
            fee: Self::window_fee(shape, rounds)?,
            namespace: Self::namespace_fee(namespace)?,
            deposit: Self::submission_deposit()?,
        })
    }

    /// All that a charge takes for good.
    pub(crate) fn fees_of(charge: &Charge<BalanceOf<T>>) -> Result<BalanceOf<T>, DispatchError> {
        charge
            .base
            .checked_add(&charge.fee)
            .and_then(|sum| sum.checked_add(&charge.namespace))
            .ok_or_else(|| Error::<T>::AmountTooLarge.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What members pay in all is never more than what the bundle paid, but for the units of rounding.
        #[test]
        fn members_pay_no_more_than_their_bundle(fee in 0..1u128 << 90, sizes in prop::collection::vec(0..1u32 << 20, 1..20), days in 1..=13u8) {
            let of_size: u32 = sizes.iter().sum::<u32>() + 40;
            let paid: u128 = sizes.iter().map(|size| member_share(fee, (*size, of_size), (days, days)).unwrap()).sum();
            prop_assert!(paid <= fee + sizes.len() as u128);
        }

        #[test]
        fn window_fee_grows_with_bytes_and_rounds(price in 1..1u128 << 80, bytes in 1..1u64 << 30, more in 0..1u64 << 30, rounds in 1..=52u32) {
            let of = |bytes, rounds| for_bytes(price, bytes, rounds).unwrap();
            prop_assert!(of(bytes, rounds) >= 1);
            prop_assert!(of(bytes, rounds) <= of(bytes + more, rounds));
            prop_assert!(of(bytes, rounds) <= of(bytes, rounds + 1));
        }
    }
}
