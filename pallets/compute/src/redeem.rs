//! Redemption: what vouchers promise becomes the provider's.

use crate::{
    Balance, Books, ChannelState, Channels, ClaimOf, ClaimsOf, Config, Error, Event, HoldReason,
    Lanes, Pairs, Pallet, Purses, Sessions,
};
use codec::Encode;
use frame_support::{
    ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{hold::Mutate as _, BalancedHold},
        tokens::{Fortitude, Precision, Restriction},
        Get, OnUnbalanced,
    },
};
use noema_compute_primitives::{Demand, Hash};
use noema_session::Refused;
use sp_runtime::{
    traits::{Verify, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

/// How many claims a call has, for its weight.
pub(crate) fn count<Claim: Encode>(claims: &[Claim]) -> u32 {
    u32::try_from(claims.len()).unwrap_or(u32::MAX)
}

impl<T: Config> Pallet<T> {
    /// What separates the signatures of this chain from those of all others.
    pub(crate) fn genesis() -> Hash {
        frame_system::Pallet::<T>::block_hash(
            frame_system::pallet_prelude::BlockNumberFor::<T>::zero(),
        )
        .into()
    }

    pub(crate) fn do_redeem(who: &T::AccountId, claims: ClaimsOf<T>) -> DispatchResult {
        let mut refused: Option<DispatchError> = None;
        let mut any_paid = false;
        let genesis = Self::genesis();
        for (index, claim) in (0_u32..).zip(&claims) {
            // A claim that fails half way leaves nothing behind.
            match with_storage_layer(|| Self::redeem_one(who, claim, &genesis)) {
                Ok(()) => any_paid = true,
                Err(error) => {
                    refused = refused.or(Some(error));
                    Self::deposit_event(Event::ClaimRefused {
                        index,
                        channel: claim.voucher.channel,
                        error,
                    });
                }
            }
        }
        ensure!(!claims.is_empty(), Error::<T>::NoClaims);
        match refused {
            Some(error) if !any_paid => Err(error),
            _ => Ok(()),
        }
    }

    fn redeem_one(who: &T::AccountId, claim: &ClaimOf<T>, genesis: &Hash) -> DispatchResult {
        let voucher = &claim.voucher;
        let now = Self::now();
        let mut channel = Self::channel(voucher.channel)?;
        ensure!(
            Self::acts_for(who, &channel.provider),
            Error::<T>::NotYourClaim
        );
        match channel.state {
            ChannelState::Open => {}
            ChannelState::Closing { until } => ensure!(now < until, Error::<T>::ChannelOver),
            ChannelState::Settled { .. } => return Err(Error::<T>::ChannelOver.into()),
        }
        // The key that sends transactions does not say what is owed: whoever stole it could take ceilings, and have the bond slashed for that.
        ensure!(
            *who == channel.provider || claim.demand.is_some(),
            Error::<T>::DemandMissing
        );
        ensure!(voucher.service == channel.service, Error::<T>::WrongService);
        let mut record = Self::session(voucher.channel, voucher.session)?;
        record
            .session
            .authorise(now, &(), voucher.maximum)
            .map_err(Self::refused)?;
        ensure!(voucher.lane < record.lanes, Error::<T>::UnknownLane);
        ensure!(now < voucher.expires, Error::<T>::VoucherExpired);
        let lanes = (voucher.channel, voucher.session);
        let mut lane = Lanes::<T>::get(lanes, voucher.lane).unwrap_or_default();
        ensure!(voucher.nonce >= lane.nonce, Error::<T>::StaleVoucher);
        let ceiling = voucher.ceiling().map_err(|_| ArithmeticError::Overflow)?;
        ensure!(claim.amount <= ceiling, Error::<T>::AboveVoucher);
        let due = claim
            .amount
            .checked_sub(lane.redeemed)
            .filter(|due| *due > 0)
            .ok_or(Error::<T>::NothingDue)?;
        ensure!(record.session.left() > 0, Error::<T>::SessionSpent);
        ensure!(channel.left > 0, Error::<T>::ChannelEmpty);
        let signed = claim.signature.verify(
            voucher.payload(genesis).as_slice(),
            &record.session.grant().key,
        );
        ensure!(signed, Error::<T>::BadSignature);
        if *who != channel.provider {
            let demand = Demand::new(voucher, claim.amount).payload(genesis);
            let demanded = claim
                .demand
                .as_ref()
                .is_some_and(|signature| signature.verify(demand.as_slice(), &channel.key));
            ensure!(demanded, Error::<T>::BadDemand);
        }

        // What the channel or the key cannot pay stays due: a lane that paid less than its voucher covers can be asked again.
        let amount = due.min(channel.left).min(record.session.left());
        record.session.spend(amount).map_err(Self::refused)?;
        channel.left = channel.left.saturating_sub(amount);
        channel.redeemed = channel
            .redeemed
            .checked_add(amount)
            .ok_or(ArithmeticError::Overflow)?;
        lane.punished = lane.still_punished(voucher.paid);
        lane.nonce = voucher.nonce;
        lane.maximum = voucher.maximum;
        lane.redeemed = lane
            .redeemed
            .checked_add(amount)
            .ok_or(ArithmeticError::Overflow)?;
        lane.at = now;
        Self::note_paid(&channel.payer, &channel.provider, amount)?;
        let (payer, provider) = (channel.payer.clone(), channel.provider.clone());
        Channels::<T>::insert(voucher.channel, channel);
        Sessions::<T>::insert(voucher.channel, voucher.session, record);
        Lanes::<T>::insert(lanes, voucher.lane, lane);
        let cut = Self::pay(&payer, &provider, amount)?;
        Self::deposit_event(Event::Redeemed {
            channel: voucher.channel,
            session: voucher.session,
            lane: voucher.lane,
            nonce: voucher.nonce,
            amount,
            cut,
            redeemed: lane.redeemed,
        });
        Ok(())
    }

    /// Takes `amount` from what is reserved, everywhere that it is counted.
    fn note_paid(payer: &T::AccountId, provider: &T::AccountId, amount: Balance) -> DispatchResult {
        let mut purse = Purses::<T>::get(payer).ok_or(Error::<T>::Inconsistent)?;
        purse.balance = purse
            .balance
            .checked_sub(amount)
            .ok_or(Error::<T>::Inconsistent)?;
        purse.reserved = purse
            .reserved
            .checked_sub(amount)
            .ok_or(Error::<T>::Inconsistent)?;
        Purses::<T>::insert(payer, purse);
        let mut book = Books::<T>::get(provider).ok_or(Error::<T>::Inconsistent)?;
        book.reserved = book
            .reserved
            .checked_sub(amount)
            .ok_or(Error::<T>::Inconsistent)?;
        Books::<T>::insert(provider, book);
        let mut pair = Pairs::<T>::get(payer, provider).ok_or(Error::<T>::Inconsistent)?;
        pair.unconsumed = pair.unconsumed.saturating_add(amount);
        Pairs::<T>::insert(payer, provider, pair);
        Ok(())
    }

    /// Pays the provider and the protocol out of the payer's hold. Returns the protocol's part.
    fn pay(
        payer: &T::AccountId,
        provider: &T::AccountId,
        amount: Balance,
    ) -> Result<Balance, DispatchError> {
        let reason = HoldReason::Purse.into();
        let cut = T::CutShare::get().mul_ceil(amount);
        let rest = amount.saturating_sub(cut);
        if rest > 0 {
            // By force: whatever else freezes the payer's balance, its votes for instance, must not keep a provider from what was promised to it.
            T::Currency::transfer_on_hold(
                &reason,
                payer,
                provider,
                rest,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Force,
            )
            .map_err(|_| Error::<T>::ProviderCannotReceive)?;
        }
        let (credit, missing) = T::Currency::slash(&reason, payer, cut);
        ensure!(missing == 0, Error::<T>::Inconsistent);
        T::Cut::on_unbalanced(credit);
        Ok(cut)
    }

    fn refused(refused: Refused) -> Error<T> {
        match refused {
            Refused::Over { .. } => Error::<T>::SessionOver,
            // There is no scope within a channel.
            Refused::OutOfScope => Error::<T>::WrongService,
            Refused::AbovePerUse { .. } => Error::<T>::AbovePerUse,
            Refused::AboveTotal { .. } => Error::<T>::SessionSpent,
        }
    }
}
