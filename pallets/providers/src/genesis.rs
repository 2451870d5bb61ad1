//! Providers of the first block, for development networks.

use crate::{BalanceOf, Config, Pallet};
use alloc::string::String;
use noema_traits::Role;
use serde::{Deserialize, Serialize};

/// A provider of the first block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisProvider<AccountId, Balance> {
    /// Its role: `storage`, `dataAvailability` or `compute`.
    #[serde(with = "role_name")]
    pub role: Role,
    /// The bonded account.
    pub account: AccountId,
    /// The hot key of its daemon.
    pub operator: AccountId,
    /// The bond, in the smallest unit of the token.
    pub bond: Balance,
    /// Where its daemon answers.
    pub endpoint: String,
    /// What it offers, in bytes.
    pub capacity: u64,
}

/// Roles by their names in chain specifications.
mod role_name {
    use super::*;
    use serde::{de::Error, Deserializer, Serializer};

    const NAMES: [(&str, Role); 3] = [
        ("storage", Role::Storage),
        ("dataAvailability", Role::DataAvailability),
        ("compute", Role::Compute),
    ];

    pub(super) fn serialize<S: Serializer>(role: &Role, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match role {
            Role::Storage => "storage",
            Role::DataAvailability => "dataAvailability",
            Role::Compute => "compute",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Role, D::Error> {
        let name = String::deserialize(deserializer)?;
        NAMES
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, role)| role)
            .ok_or_else(|| {
                D::Error::custom(alloc::format!(
                    "unknown role `{name}`: expected `storage`, `dataAvailability` or `compute`"
                ))
            })
    }
}

/// Registers the providers of the first block, or stops with the reason: a network whose genesis
/// is not what its specification says must not start.
#[allow(
    clippy::panic,
    reason = "runs while a genesis is built, never in a block"
)]
pub(crate) fn build<T: Config>(providers: &[GenesisProvider<T::AccountId, BalanceOf<T>>]) {
    for (position, provider) in providers.iter().enumerate() {
        let GenesisProvider {
            role,
            account,
            operator,
            bond,
            endpoint,
            capacity,
        } = provider.clone();
        let registered = Pallet::<T>::do_register(
            role,
            account.clone(),
            bond,
            operator,
            endpoint.into_bytes(),
            capacity,
        );
        if let Err(error) = registered {
            let reason: &'static str = error.into();
            panic!(
                "pallet-noema-providers: genesis provider {position} ({role:?}, {account:?}) cannot be registered: \
                 {reason}"
            );
        }
    }
}
