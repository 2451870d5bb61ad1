//! What must hold of the pallet's state at the end of every block. One function for each invariant; each has a test that it detects a broken state.

use crate::{
    bls, CommitteeRecord, Committees, Config, Forming, FormingState, HostHashing, Keys,
    LastCommittee, NextEra, Pallet, Submissions,
};
use alloc::vec::Vec;
use frame_support::{ensure, traits::Get};
use noema_da_primitives::CommitteeId;
use sp_runtime::TryRuntimeError;

type Found = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    /// Every invariant of this pallet.
    pub fn do_try_state() -> Found {
        Self::check_keys()?;
        Self::check_committees()?;
        Self::check_forming()?;
        let known: Vec<_> = Submissions::<T>::iter().collect();
        Self::check_blobs(&known)?;
        Self::check_pay(&known)
    }

    /// There are at most `MaxKeys` keys, counted right, and each point is that of its key.
    fn check_keys() -> Found {
        let found = u32::try_from(Keys::<T>::iter_keys().count()).unwrap_or(u32::MAX);
        ensure!(
            found == Keys::<T>::count() && found <= T::MaxKeys::get(),
            "pallet-noema-da: the keys are not counted right, or too many"
        );
        for record in Keys::<T>::iter_values() {
            ensure!(
                bls::point_of(&record.key) == Some(record.point),
                "pallet-noema-da: the point of a key is another's"
            );
        }
        Ok(())
    }

    /// A committee has seats in the order of their accounts, each with stake; its sum and its name are those of its seats; the audits know nobody who has no seat.
    fn check_committee(era: u32, committee: &CommitteeRecord<T::AccountId>) -> Found {
        let seats = &committee.seats;
        ensure!(
            !seats.is_empty() && seats.iter().all(|seat| seat.stake > 0),
            "pallet-noema-da: a committee has no seat, or one without stake"
        );
        ensure!(
            seats.iter().is_sorted_by(|a, b| a.provider < b.provider),
            "pallet-noema-da: the seats of a committee are not in order"
        );
        ensure!(
            bls::sum_of(seats.iter().map(|seat| &seat.point)) == Some(committee.sum),
            "pallet-noema-da: the sum of a committee's keys is wrong"
        );
        let pairs = seats.iter().map(|seat| (&seat.key, seat.stake));
        ensure!(
            CommitteeId::new::<HostHashing>(era, pairs) == committee.id,
            "pallet-noema-da: a committee has another's name"
        );
        ensure!(
            committee.enlisted.fits(seats.len()),
            "pallet-noema-da: a seat is enlisted that there is not"
        );
        Ok(())
    }

    /// Every committee is right, and none is of an era that was not come to.
    fn check_committees() -> Found {
        let next = NextEra::<T>::get();
        for (era, committee) in Committees::<T>::iter() {
            Self::check_committee(era, &committee)?;
            ensure!(
                era < next,
                "pallet-noema-da: there is a committee of an era that was not formed"
            );
        }
        ensure!(
            LastCommittee::<T>::exists() == (next > 0),
            "pallet-noema-da: it is not known who served last"
        );
        Ok(())
    }

    /// No committee is made of an era that has one.
    fn check_forming() -> Found {
        let Some(forming) = FormingState::<T>::get() else {
            return Ok(());
        };
        let (Forming::Collecting { era, .. } | Forming::Drawing { era, .. }) = forming;
        ensure!(
            era >= NextEra::<T>::get(),
            "pallet-noema-da: a committee is made of an era that has one"
        );
        Ok(())
    }
}
