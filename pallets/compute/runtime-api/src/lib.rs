//! What buyers and providers ask the runtime about the compute market. `docs/design/compute.md` says what the answers mean.
#![cfg_attr(not(feature = "std"), no_std)]

use codec::Codec;
use noema_compute_primitives::{
    Balance, Browse, ChannelId, ChannelInfo, ChannelPage, Page, ProviderInfo, Purse, ServiceId,
    ServiceInfo,
};

sp_api::decl_runtime_apis! {
    /// Services, channels and what is held for them. Every list comes in pages of at most 100 entries, for each of which at most 1,000 records are looked at.
    pub trait ComputeApi<AccountId>
    where
        AccountId: Codec,
    {
        /// Services of active providers that fit, after the one where the page before ended.
        fn browse(wanted: Browse, after: Option<ServiceId>, limit: u32) -> Page<ServiceInfo<AccountId>, ServiceId>;

        /// A service with the price in force. None when there is none.
        fn service(service: ServiceId) -> Option<ServiceInfo<AccountId>>;

        /// How a channel stands, with its sessions and lanes. None when there is none.
        fn channel(channel: ChannelId) -> Option<ChannelInfo<AccountId>>;

        /// The channels of a payer, settled ones included.
        fn channels_of(payer: AccountId, after: Option<ChannelId>, limit: u32) -> ChannelPage;

        /// The channels with a provider, settled ones included.
        fn channels_with(provider: AccountId, after: Option<ChannelId>, limit: u32) -> ChannelPage;

        /// What a payer holds for requests. None when it never did or has it all back.
        fn purse(payer: AccountId) -> Option<Purse>;

        /// What stands behind a provider, what it has promised, and the channel that can be opened to it now.
        fn provider(provider: AccountId) -> ProviderInfo;

        /// What a payer has paid a provider and nobody has consumed.
        fn unconsumed(payer: AccountId, provider: AccountId) -> Balance;
    }
}
