//! `renew` and `top_up`: what anybody may pay for a lease.

use crate::{
    types::FileId, BalanceOf, Config, DealOf, Deals, Error, Event, LeasesOf, Pallet, SlotState,
    WeightInfo,
};
use frame_support::{ensure, storage::with_storage_layer, weights::Weight};
use noema_traits::RoundIndex;
use sp_runtime::{
    traits::{CheckedAdd, CheckedSub, Saturating, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

impl<T: Config> Pallet<T> {
    /// What renewing so many leases with so many replicas in all weighs.
    pub(crate) fn weight_of_renewing(leases: usize, replicas: u32) -> Weight {
        let leases = u64::try_from(leases.max(1)).unwrap_or(u64::MAX);
        T::WeightInfo::renew(0)
            .saturating_mul(leases)
            .saturating_add(
                T::WeightInfo::renew(1)
                    .saturating_sub(T::WeightInfo::renew(0))
                    .saturating_mul(replicas.into()),
            )
    }

    /// Extends all leases, or none. Returns how many replicas that was about.
    pub(crate) fn do_renew(
        payer: &T::AccountId,
        leases: &LeasesOf<T>,
        until: RoundIndex,
        max: BalanceOf<T>,
    ) -> Result<u32, DispatchError> {
        ensure!(!leases.is_empty(), Error::<T>::NoFiles);
        with_storage_layer(|| {
            let (mut left, mut replicas) = (max, 0u32);
            for (file, owner) in leases {
                let deal = Self::live_deal(file, owner)?;
                replicas = replicas.saturating_add(deal.replicas().into());
                let price = Self::renew_one(payer, file, owner, deal, until, left)?;
                left = left
                    .checked_sub(&price)
                    .ok_or(Error::<T>::PriceAboveMaximum)?;
            }
            Ok(replicas)
        })
    }

    /// Extends a lease. Returns the price, credit included.
    fn renew_one(
        payer: &T::AccountId,
        file: &FileId,
        owner: &T::AccountId,
        mut deal: DealOf<T>,
        until: RoundIndex,
        max: BalanceOf<T>,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let Some(last) = Self::end_of_renewal(&deal, until)? else {
            Self::deposit_event(Event::RenewRepeated {
                file: *file,
                owner: owner.clone(),
            });
            return Ok(Zero::zero());
        };
        let (price, rent) = Self::cost_of_renewal(&deal, last)?;
        ensure!(price <= max, Error::<T>::PriceAboveMaximum);
        // Nobody else spends what is the owner's.
        let from_credit = if payer == owner {
            Self::credit_of(&deal)?.min(price)
        } else {
            Zero::zero()
        };
        let charged = price
            .checked_sub(&from_credit)
            .ok_or(ArithmeticError::Underflow)?;
        let now = Self::round();
        let terms = deal
            .terms
            .extended(now, rent, last)
            .ok_or(Error::<T>::AmountTooLarge)?;
        Self::pay_in(payer, charged)?;
        deal.balance = deal
            .balance
            .checked_add(&charged)
            .ok_or(Error::<T>::AmountTooLarge)?;
        Self::set_terms(&mut deal, terms, now)?;
        Self::draw_what_waits(file, owner, &mut deal)?;
        Deals::<T>::insert(file, owner, deal);
        Self::deposit_event(Event::LeaseRenewed {
            file: *file,
            owner: owner.clone(),
            payer: payer.clone(),
            rent: terms.rent_in(last),
            until,
            charged,
            from_credit,
        });
        Ok(price)
    }

    /// Looks for providers again where too few rounds were left for it, and lets replicas become auditable whose task was done with.
    fn draw_what_waits(
        file: &FileId,
        owner: &T::AccountId,
        deal: &mut DealOf<T>,
    ) -> DispatchResult {
        for index in deal.indices() {
            let waits = deal.slot(index).is_some_and(|slot| {
                slot.due.is_none() && matches!(slot.state, SlotState::Drawing { .. })
            });
            if waits {
                let passed_over = deal.slot(index).and_then(|slot| slot.passed_over.clone());
                Self::open_slot(file, owner, deal, index, passed_over)?;
            }
        }
        Ok(())
    }

    /// Raises a deal's credit.
    pub(crate) fn do_top_up(
        payer: &T::AccountId,
        file: &FileId,
        owner: &T::AccountId,
        level: BalanceOf<T>,
    ) -> DispatchResult {
        let mut deal = Self::live_deal(file, owner)?;
        let credit = Self::credit_of(&deal)?;
        let amount = level.saturating_sub(credit);
        Self::pay_in(payer, amount)?;
        deal.balance = deal
            .balance
            .checked_add(&amount)
            .ok_or(Error::<T>::AmountTooLarge)?;
        Deals::<T>::insert(file, owner, deal);
        Self::deposit_event(Event::ToppedUp {
            file: *file,
            owner: owner.clone(),
            payer: payer.clone(),
            amount,
            credit: credit.max(level),
        });
        Ok(())
    }
}
