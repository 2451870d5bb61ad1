//! What storage costs.

use super::StateAt;
use crate::{
    error::ChainError,
    runtime,
    types::{LeaseQuote, RoundIndex},
};

impl StateAt {
    /// What committing to a file of so many bytes costs in the present round. None if the chain refuses such a commitment: too few or too many rounds or replicas, a size
    /// that it does not take.
    pub async fn storage_quote(
        &self,
        size: u64,
        replicas: u8,
        rounds: RoundIndex,
    ) -> Result<Option<LeaseQuote>, ChainError> {
        const NAME: &str = "LeasesApi_quote";
        let call = runtime::runtime_apis()
            .leases_api()
            .quote(size, replicas, rounds)
            .unvalidated();
        let apis = self.at.runtime_apis();
        let asked = self.client.within("a price", apis.call(call)).await?;
        let quote = asked.map_err(|e| self.incompatible(NAME, e))?;
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
}
