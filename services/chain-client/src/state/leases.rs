//! What storage costs, how leases stand, and what is owed to providers.

use subxt::utils::AccountId32;

use super::StateAt;
use crate::{
    error::ChainError,
    runtime::{self, runtime_types::pallet_noema_storage::quotes as chain},
    types::{
        AccountId, FileId, Lease, LeaseQuote, LeaseStatus, ProviderPay, RateChange, RenewalQuote,
        RoundIndex, Segment, StoragePrice, Uncovered,
    },
};

impl StateAt {
    /// The price of storage in the present round. `None` if it does not fit into a balance.
    pub async fn storage_price(&self) -> Result<Option<StoragePrice>, ChainError> {
        let question = runtime::runtime_apis().leases_api().price();
        let price = self.ask_runtime("the price of storage", question).await?;
        Ok(price.map(|price| StoragePrice {
            round: price.round,
            base: price.base,
            multiplier: price.multiplier,
            per_gib: price.per_gib,
        }))
    }

    /// What committing to a file of so many bytes costs in the present round. None if the chain refuses such a commitment: too few or too many rounds or replicas, a size
    /// that it does not take.
    pub async fn storage_quote(
        &self,
        size: u64,
        replicas: u8,
        rounds: RoundIndex,
    ) -> Result<Option<LeaseQuote>, ChainError> {
        let question = runtime::runtime_apis()
            .leases_api()
            .quote(size, replicas, rounds);
        let quote = self.ask_runtime("a price", question).await?;
        Ok(quote.ok().map(|quote| LeaseQuote {
            round: quote.round,
            rent: quote.rent,
            escrow: quote.escrow,
            placement: quote.placement,
            deposit: quote.deposit,
            total: quote.total,
            end: quote.end,
        }))
    }

    /// What extending a lease to the round `until` costs in the present round. `None` if the chain refuses it: there is no such deal, it is over, the round has begun or
    /// is too far ahead.
    pub async fn renewal_quote(
        &self,
        file: &FileId,
        owner: &AccountId,
        until: RoundIndex,
    ) -> Result<Option<RenewalQuote>, ChainError> {
        let owner = AccountId32::from(*owner);
        let api = runtime::runtime_apis().leases_api();
        let question = api.quote_renewal(file.0, owner, until);
        let quote = self.ask_runtime("the price of a renewal", question).await?;
        Ok(quote.ok().map(|quote| RenewalQuote {
            round: quote.round,
            rent: quote.rent,
            price: quote.price,
            from_credit: quote.from_credit,
        }))
    }

    /// How a lease stands. `None` when there is none.
    pub async fn lease(
        &self,
        file: &FileId,
        owner: &AccountId,
    ) -> Result<Option<Lease>, ChainError> {
        let api = runtime::runtime_apis().leases_api();
        let question = api.lease(file.0, AccountId32::from(*owner));
        let lease = self.ask_runtime("a lease", question).await?;
        Ok(lease.map(|lease| Lease {
            status: match lease.status {
                chain::LeaseStatus::Running => LeaseStatus::Running,
                chain::LeaseStatus::Grace => LeaseStatus::Grace,
                chain::LeaseStatus::Over => LeaseStatus::Over,
            },
            rent: lease.rent,
            next: lease.next.map(Segment::from),
            until: lease.until,
            end: lease.end,
            credit: lease.credit,
            refund_now: lease.refund_now,
            wanted: lease.wanted,
            held: lease.held,
            earning: lease.earning,
        }))
    }

    /// What is owed to a provider. `None` when nothing is.
    pub async fn provider_pay(
        &self,
        provider: &AccountId,
    ) -> Result<Option<ProviderPay>, ChainError> {
        let api = runtime::runtime_apis().leases_api();
        let question = api.provider(AccountId32::from(*provider));
        let pay = self.ask_runtime("the pay of a provider", question).await?;
        Ok(pay.map(|pay| ProviderPay {
            settled: pay.settled,
            rate: pay.rate,
            owed: pay.owed,
            carried: pay.carried,
            changes: pay
                .changes
                .into_iter()
                .map(|(round, change)| RateChange {
                    round,
                    begins: change.begins,
                    ends: change.ends,
                })
                .collect(),
        }))
    }

    /// What a provider's stake is short of. `None` while it covers what the provider holds.
    pub async fn uncovered(&self, provider: &AccountId) -> Result<Option<Uncovered>, ChainError> {
        let api = runtime::runtime_apis().leases_api();
        let question = api.uncovered(AccountId32::from(*provider));
        let short = self
            .ask_runtime("what a provider's stake is short of", question)
            .await?;
        Ok(short.map(|short| Uncovered {
            bytes: short.bytes,
            leaving: short.leaving,
            blocks: short.blocks,
            grace: short.grace,
        }))
    }

    /// Bytes by which a provider is short beyond what it is leaving, while anyone may let it hand replicas over; else 0.
    pub async fn to_hand_over(&self, provider: &AccountId) -> Result<u64, ChainError> {
        let api = runtime::runtime_apis().leases_api();
        let question = api.to_hand_over(AccountId32::from(*provider));
        self.ask_runtime("what a provider is to hand over", question)
            .await
    }
}
