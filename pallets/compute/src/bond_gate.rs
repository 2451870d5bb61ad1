//! Bond that open channels stand on stays.

use crate::{Balance, Books, Config, Pallet};
use noema_traits::{BondGate, Role};

impl<T: Config> BondGate<T::AccountId, Balance> for Pallet<T> {
    /// As when a channel is opened: what open channels have reserved in all is at most `CapPerBond` times what is left.
    fn may_shrink(role: Role, provider: &T::AccountId, left: Balance) -> bool {
        let reserved = match role {
            Role::Compute => Books::<T>::get(provider).map_or(0, |book| book.reserved),
            Role::Storage | Role::DataAvailability => 0,
        };
        reserved <= Self::carried_by(left)
    }

    /// A provider closes its channels first, which it can at once and alone.
    fn may_leave(role: Role, provider: &T::AccountId) -> bool {
        let channels = match role {
            Role::Compute => Books::<T>::get(provider).map_or(0, |book| book.channels),
            Role::Storage | Role::DataAvailability => 0,
        };
        channels == 0
    }
}
