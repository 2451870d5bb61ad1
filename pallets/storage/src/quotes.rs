//! What a call would cost, and how a lease and a provider's pay stand: for the calls themselves and for the runtime API.

use crate::{
    math,
    records::RateChange,
    terms::{Segment, Terms},
    types::FileId,
    Accounts, BalanceOf, Config, DealOf, Deals, Error, Pallet, RateChanges,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{ensure, traits::Get};
use noema_traits::RoundIndex;
use scale_info::TypeInfo;
use sp_runtime::{
    traits::{CheckedAdd, CheckedMul, Zero},
    DispatchError,
};

/// Changes of a rate that [`ProviderPay`] lists at most.
const LISTED_CHANGES: usize = 32;

/// The price in force.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct PriceInfo<Balance> {
    /// The round in which it holds.
    pub round: RoundIndex,
    /// Units per GiB and round at little use.
    pub base: Balance,
    /// How many times that, in millionths.
    pub multiplier: u64,
    /// Units per GiB and round.
    pub per_gib: Balance,
}

/// What `commit` costs in the present round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Quote<Balance> {
    /// The round in which it holds.
    pub round: RoundIndex,
    /// Units per replica and round.
    pub rent: Balance,
    /// Into the pot.
    pub escrow: Balance,
    /// To the repair fund, for good.
    pub placement: Balance,
    /// Held while the deal is there.
    pub deposit: Balance,
    /// The maximum to sign.
    pub total: Balance,
    /// The last round paid, its grace included.
    pub end: RoundIndex,
}

/// What `renew` costs in the present round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct RenewalQuote<Balance> {
    /// The round in which it holds.
    pub round: RoundIndex,
    /// Units per replica and round, for the rounds that are bought.
    pub rent: Balance,
    /// The price, credit included: the maximum to sign.
    pub price: Balance,
    /// What the owner's own call would take of it out of the deal's credit.
    pub from_credit: Balance,
}

/// How a lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]
pub enum LeaseStatus {
    /// Within the term asked for.
    #[codec(index = 0)]
    Running,
    /// In the rounds after.
    #[codec(index = 1)]
    Grace,
    /// Nothing is paid any more; it is about to be cleaned up.
    #[codec(index = 2)]
    Over,
}

/// A lease.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Lease<Balance> {
    /// Where in its term.
    pub status: LeaseStatus,
    /// Units per replica and round now.
    pub rent: Balance,
    /// The rounds of another rent after these.
    pub next: Option<Segment<Balance>>,
    /// The last round asked for.
    pub until: RoundIndex,
    /// The last round paid.
    pub end: RoundIndex,
    /// What the owner's renewals use first.
    pub credit: Balance,
    /// What removing it now gives back, deposit included.
    pub refund_now: Balance,
    /// Replicas wanted.
    pub wanted: u8,
    /// Proven.
    pub held: u8,
    /// Auditable.
    pub earning: u8,
}

/// What is owed to a provider.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ProviderPay<Balance> {
    /// The last round that is settled.
    pub settled: RoundIndex,
    /// What all its replicas earned in that round.
    pub rate: Balance,
    /// For all rounds after it, and what is carried.
    pub owed: Balance,
    /// Of rounds that were skipped.
    pub carried: Balance,
    /// The next changes of the rate, in the order of their rounds: at most 32.
    pub changes: Vec<(RoundIndex, RateChange<Balance>)>,
}

impl<T: Config> Pallet<T> {
    /// `rent × replicas × rounds`.
    pub(crate) fn product(
        rent: BalanceOf<T>,
        replicas: u8,
        rounds: RoundIndex,
    ) -> Result<BalanceOf<T>, DispatchError> {
        rent.checked_mul(&BalanceOf::<T>::from(replicas))
            .and_then(|sum| sum.checked_mul(&BalanceOf::<T>::from(rounds)))
            .ok_or_else(|| Error::<T>::AmountTooLarge.into())
    }

    /// What an owner must put up for a deal. `None` if no balance can express it.
    pub fn deposit_for(replicas: u8) -> Option<BalanceOf<T>> {
        math::deposit(T::DepositBase::get(), T::DepositPerReplica::get(), replicas)
    }

    /// What committing to a file for so many rounds costs.
    pub fn quote(
        size: u64,
        replicas: u8,
        rounds: RoundIndex,
    ) -> Result<Quote<BalanceOf<T>>, DispatchError> {
        ensure!(size > 0, Error::<T>::EmptyFile);
        ensure!(size <= T::MaxFileSize::get(), Error::<T>::FileTooLarge);
        ensure!(replicas > 0, Error::<T>::NoReplicas);
        ensure!(
            u32::from(replicas) <= T::MaxReplicas::get(),
            Error::<T>::TooManyReplicas
        );
        ensure!(rounds >= T::MinRounds::get(), Error::<T>::TooFewRounds);
        let paid = rounds
            .checked_add(T::GraceRounds::get())
            .filter(|paid| *paid <= T::MaxRounds::get())
            .ok_or(Error::<T>::TooManyRounds)?;
        let round = Self::round();
        let end = round.checked_add(paid).ok_or(Error::<T>::TooManyRounds)?;
        let (rent, sectors) = Self::rent_of(size)?;
        let escrow = Self::product(rent, replicas, paid)?;
        let placement_rounds = math::placement_rounds(
            T::PlacementRounds::get(),
            T::MibPerPlacementRound::get(),
            sectors,
        );
        let placement = Self::product(rent, replicas, placement_rounds)?;
        let deposit = Self::deposit_for(replicas).ok_or(Error::<T>::AmountTooLarge)?;
        let total = escrow
            .checked_add(&placement)
            .and_then(|sum| sum.checked_add(&deposit))
            .ok_or(Error::<T>::AmountTooLarge)?;
        Ok(Quote {
            round,
            rent,
            escrow,
            placement,
            deposit,
            total,
            end,
        })
    }

    /// The last round, grace included, of a lease of this deal that is to reach `until`: none if it does already.
    pub(crate) fn end_of_renewal(
        deal: &DealOf<T>,
        until: RoundIndex,
    ) -> Result<Option<RoundIndex>, DispatchError> {
        let now = Self::round();
        ensure!(until > now, Error::<T>::RoundPassed);
        let last = until
            .checked_add(T::GraceRounds::get())
            .ok_or(Error::<T>::TooManyRounds)?;
        if last <= deal.terms.last() {
            return Ok(None);
        }
        ensure!(
            last.saturating_sub(now) <= T::MaxRounds::get(),
            Error::<T>::TooManyRounds
        );
        Ok(Some(last))
    }

    /// What extending a deal costs, credit not deducted, and its rent.
    pub(crate) fn cost_of_renewal(
        deal: &DealOf<T>,
        last: RoundIndex,
    ) -> Result<(BalanceOf<T>, BalanceOf<T>), DispatchError> {
        let (rent, _) = Self::rent_of(deal.size)?;
        let rounds = last.saturating_sub(deal.terms.last());
        Ok((Self::product(rent, deal.replicas(), rounds)?, rent))
    }

    /// The credit of a deal.
    pub(crate) fn credit_of(deal: &DealOf<T>) -> Result<BalanceOf<T>, DispatchError> {
        deal.credit(Self::round())
            .ok_or_else(|| Error::<T>::AmountTooLarge.into())
    }

    /// What extending a lease to `until` costs.
    pub fn quote_renewal(
        file: &FileId,
        owner: &T::AccountId,
        until: RoundIndex,
    ) -> Result<RenewalQuote<BalanceOf<T>>, DispatchError> {
        let deal = Self::live_deal(file, owner)?;
        let (price, rent) = match Self::end_of_renewal(&deal, until)? {
            Some(last) => Self::cost_of_renewal(&deal, last)?,
            None => (Zero::zero(), Self::rent_of(deal.size)?.0),
        };
        Ok(RenewalQuote {
            round: Self::round(),
            rent,
            price,
            from_credit: Self::credit_of(&deal)?.min(price),
        })
    }

    /// The price in force.
    pub fn price_info() -> Option<PriceInfo<BalanceOf<T>>> {
        let state = Self::price();
        Some(PriceInfo {
            round: state.round,
            base: state.base,
            multiplier: state.multiplier,
            per_gib: Self::per_gib(&state).ok()?,
        })
    }

    /// How a lease stands. None when there is no such deal, or it does not add up.
    pub fn lease(file: &FileId, owner: &T::AccountId) -> Option<Lease<BalanceOf<T>>> {
        let deal = Deals::<T>::get(file, owner)?;
        let now = Self::round();
        let terms: Terms<BalanceOf<T>> = deal.terms;
        let end = terms.last();
        let until = end.saturating_sub(T::GraceRounds::get());
        let status = if deal.is_over(now) {
            LeaseStatus::Over
        } else if now > until {
            LeaseStatus::Grace
        } else {
            LeaseStatus::Running
        };
        let credit = deal.credit(now)?;
        let to_come = terms
            .cost_after(now)?
            .checked_mul(&BalanceOf::<T>::from(deal.replicas()))?;
        let refund_now = credit.checked_add(&to_come)?.checked_add(&deal.deposit)?;
        Some(Lease {
            status,
            rent: terms.rent_in(now),
            next: terms.next.filter(|_| now <= terms.end),
            until,
            end,
            credit,
            refund_now,
            wanted: deal.replicas(),
            held: deal.held,
            earning: u8::try_from(deal.earners().count()).ok()?,
        })
    }

    /// What is owed to a provider. None when nothing is.
    pub fn provider_pay(provider: &T::AccountId) -> Option<ProviderPay<BalanceOf<T>>> {
        let account = Accounts::<T>::get(provider)?;
        // As many as there are rounds to come at most.
        let mut changes: Vec<_> = RateChanges::<T>::iter_prefix(provider).collect();
        changes.sort_by_key(|(round, _)| *round);
        changes.truncate(LISTED_CHANGES);
        Some(ProviderPay {
            settled: account.settled,
            rate: account.rate,
            owed: account.owed,
            carried: account.carried,
            changes,
        })
    }
}
