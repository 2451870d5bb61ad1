//! Evidence: a provider's own receipt against its redemption.

use crate::{Balance, Config, Error, Event, Lanes, Pallet};
use frame_support::{defensive, ensure, storage::with_storage_layer, traits::Get};
use noema_compute_primitives::Receipt;
use noema_traits::{ProviderDiscipline, Role};
use sp_runtime::{traits::Verify, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_report(receipt: &Receipt, signature: &T::Signature) -> DispatchResult {
        let channel = Self::channel(receipt.channel)?;
        let lanes = (receipt.channel, receipt.session);
        let mut lane = Lanes::<T>::get(lanes, receipt.lane).ok_or(Error::<T>::NothingRedeemed)?;
        let deadline = lane.at.saturating_add(T::EvidenceWindow::get());
        ensure!(Self::now() < deadline, Error::<T>::EvidenceTooLate);
        ensure!(!lane.proven, Error::<T>::AlreadyProven);
        let excess = lane
            .redemption()
            .excess(receipt.nonce, receipt.cumulative)
            .ok_or(Error::<T>::NotTooMuch)?;
        let payload = receipt.payload(&Self::genesis());
        ensure!(
            signature.verify(payload.as_slice(), &channel.key),
            Error::<T>::BadSignature
        );

        lane.proven = true;
        Lanes::<T>::insert(lanes, receipt.lane, lane);
        let amount = Self::slash_for(excess);
        let payer = Some((&channel.payer, T::PayerShare::get()));
        let outcome = T::Discipline::slash(Role::Compute, &channel.provider, amount, payer)?;
        let jailed = with_storage_layer(|| {
            T::Discipline::jail(Role::Compute, &channel.provider, T::JailTerm::get())
        });
        if jailed.is_err() {
            defensive!("whoever can be slashed can be jailed");
        }
        Self::deposit_event(Event::OverRedemptionProven {
            channel: receipt.channel,
            session: receipt.session,
            lane: receipt.lane,
            provider: channel.provider,
            excess,
            slashed: outcome.slashed,
            to_payer: outcome.to_reporter,
        });
        Ok(())
    }

    /// What an excess costs.
    pub(crate) fn slash_for(excess: Balance) -> Balance {
        // More than can exist takes all there is.
        excess
            .saturating_mul(T::SlashFactor::get().into())
            .max(T::MinSlash::get())
    }
}
