//! What owners and providers ask the runtime about leases. `docs/design/money.md` says what the answers mean.
#![cfg_attr(not(feature = "std"), no_std)]

use codec::Codec;
use noema_traits::RoundIndex;
use pallet_noema_storage::{FileId, Lease, PriceInfo, ProviderPay, Quote, RenewalQuote, Uncovered};
use sp_runtime::DispatchError;

sp_api::decl_runtime_apis! {
    /// Prices, leases and pay.
    pub trait LeasesApi<AccountId, Balance>
    where
        AccountId: Codec,
        Balance: Codec,
    {
        /// The price in force. None if it does not fit into a balance.
        fn price() -> Option<PriceInfo<Balance>>;

        /// What committing to a file of so many bytes costs in the present round: `total` is the maximum to sign. The error is that of the call.
        fn quote(size: u64, replicas: u8, rounds: RoundIndex) -> Result<Quote<Balance>, DispatchError>;

        /// What extending a lease to the round `until` costs in the present round: `price` is the maximum to sign.
        fn quote_renewal(
            file: FileId,
            owner: AccountId,
            until: RoundIndex,
        ) -> Result<RenewalQuote<Balance>, DispatchError>;

        /// How a lease stands. None when there is none.
        fn lease(file: FileId, owner: AccountId) -> Option<Lease<Balance>>;

        /// What is owed to a provider. None when nothing is.
        fn provider(account: AccountId) -> Option<ProviderPay<Balance>>;

        /// What a provider's stake is short of, from the first block on in which it is. None while it covers what the provider holds.
        fn uncovered(provider: AccountId) -> Option<Uncovered>;

        /// Bytes by which a provider is short beyond what it is leaving, while `hand_over` is accepted for its replicas that earn; else 0.
        fn to_hand_over(provider: AccountId) -> u64;
    }
}
