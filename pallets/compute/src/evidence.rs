//! Evidence: a provider's own receipt against its redemption.

use crate::{Balance, Config, Error, Event, Lanes, Pallet};
use frame_support::{defensive, dispatch::Pays, ensure, storage::with_storage_layer, traits::Get};
use noema_compute_primitives::Receipt;
use noema_traits::{ProviderDiscipline, Role};
use sp_runtime::{traits::Verify, DispatchError};

impl<T: Config> Pallet<T> {
    /// Returns whether the report is worth its fee: whether at least `MinSlash` was taken. A provider that reports itself unit by unit pays for it.
    pub(crate) fn do_report(
        receipt: &Receipt,
        signature: &T::Signature,
    ) -> Result<Pays, DispatchError> {
        let channel = Self::channel(receipt.channel)?;
        let lanes = (receipt.channel, receipt.session);
        let mut lane = Lanes::<T>::get(lanes, receipt.lane).ok_or(Error::<T>::NothingRedeemed)?;
        let deadline = lane.at.saturating_add(T::EvidenceWindow::get());
        ensure!(Self::now() < deadline, Error::<T>::EvidenceTooLate);
        let excess = lane
            .redemption()
            .excess(receipt.nonce, receipt.cumulative)
            .ok_or(Error::<T>::NotTooMuch)?;
        ensure!(excess > lane.punished, Error::<T>::AlreadyPunished);
        let payload = receipt.payload(&Self::genesis());
        ensure!(
            signature.verify(payload.as_slice(), &channel.key),
            Error::<T>::BadSignature
        );

        // A weaker receipt that came first, the provider's own for instance, takes nothing away from a stronger one.
        let amount = Self::slash_for(excess).saturating_sub(Self::slash_for(lane.punished));
        lane.punished = excess;
        Lanes::<T>::insert(lanes, receipt.lane, lane);
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
        Ok(if outcome.slashed >= T::MinSlash::get() {
            Pays::No
        } else {
            Pays::Yes
        })
    }

    /// What an excess costs in all.
    pub(crate) fn slash_for(excess: Balance) -> Balance {
        if excess == 0 {
            return 0;
        }
        // More than can exist takes all there is.
        excess
            .saturating_mul(T::SlashFactor::get().into())
            .max(T::MinSlash::get())
    }
}
