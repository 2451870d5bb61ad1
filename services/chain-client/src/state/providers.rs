//! The directory of providers.

use futures::{stream, StreamExt, TryStreamExt};
use subxt::{config::substrate::H256, utils::AccountId32};

use super::{StateAt, PARALLEL};
use crate::{
    error::ChainError,
    runtime::{
        self,
        runtime_types::{
            noema_traits::providers::Role as ChainRole,
            pallet_noema_providers::types::ProviderState,
        },
    },
    types::{AccountId, ProviderPage, ProviderRecord, ProviderStatus, Role, Unlocking},
};

/// Records in a page of [`StateAt::providers`].
const PAGE: u32 = 256;

impl StateAt {
    /// The record of a provider.
    pub async fn provider(
        &self,
        role: Role,
        account: &AccountId,
    ) -> Result<Option<ProviderRecord>, ChainError> {
        let address = runtime::storage().providers().providers();
        let keys = (ChainRole::from(role), AccountId32::from(*account));
        let Some(record) = self.fetch("a provider", address, keys).await? else {
            return Ok(None);
        };
        Ok(Some(ProviderRecord {
            account: *account,
            role,
            status: match record.state {
                ProviderState::Active => ProviderStatus::Active,
                ProviderState::Chilled => ProviderStatus::Chilled,
                ProviderState::Jailed { until } => ProviderStatus::Jailed { until },
                ProviderState::Leaving { .. } => ProviderStatus::Leaving,
            },
            bond: record.bond,
            unlocking: record
                .unlocking
                .0
                .into_iter()
                .map(|chunk| Unlocking {
                    amount: chunk.amount,
                    matures_at: chunk.matures_at,
                })
                .collect(),
            operator: record.operator.into(),
            endpoint: String::from_utf8_lossy(&record.endpoint.0).into_owned(),
            capacity: record.declared,
            reserved: record.reserved,
        }))
    }

    /// The provider for which a hot key acts.
    pub async fn provider_of_operator(
        &self,
        role: Role,
        operator: &AccountId,
    ) -> Result<Option<AccountId>, ChainError> {
        let address = runtime::storage().providers().operators();
        let keys = (ChainRole::from(role), AccountId32::from(*operator));
        let account = self
            .fetch("the provider of an operator key", address, keys)
            .await?;
        Ok(account.map(AccountId::from))
    }

    /// Up to `limit` providers of a role, starting where the page before ended.
    pub async fn providers_page(
        &self,
        role: Role,
        start: Option<&[u8]>,
        limit: u32,
    ) -> Result<ProviderPage, ChainError> {
        let name = "Providers::Providers";
        let address = runtime::storage().providers().providers().unvalidated();
        let prefix = self
            .at
            .storage()
            .entry(address)
            .and_then(|entry| entry.iter_key((ChainRole::from(role),)))
            .map_err(|e| self.incompatible(name, e))?;
        let at = Some(H256(self.block.hash.0));
        let legacy = self.client.legacy();
        let asking = legacy.state_get_keys_paged(&prefix, limit, start, at);
        let keys = self.client.ask("the providers of a role", asking).await?;
        let next = if keys.len() < limit as usize {
            None
        } else {
            keys.last().cloned()
        };
        let accounts = keys.iter().map(|key| {
            // The account is at the end of the key, in clear.
            key.last_chunk::<32>()
                .map(|account| AccountId(*account))
                .ok_or_else(|| self.incompatible(name, "its keys do not end with an account"))
        });
        let accounts = accounts.collect::<Result<Vec<_>, _>>()?;
        let records: Vec<_> = stream::iter(accounts)
            .map(|account| async move { self.provider(role, &account).await })
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        Ok(ProviderPage {
            providers: records.into_iter().flatten().collect(),
            next,
        })
    }

    /// All providers of a role, read page by page.
    pub async fn providers(&self, role: Role) -> Result<Vec<ProviderRecord>, ChainError> {
        let mut all = Vec::new();
        let mut start = None;
        loop {
            let page = self.providers_page(role, start.as_deref(), PAGE).await?;
            all.extend(page.providers);
            match page.next {
                Some(next) => start = Some(next),
                None => return Ok(all),
            }
        }
    }
}

impl From<Role> for ChainRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Storage => ChainRole::Storage,
            Role::DataAvailability => ChainRole::DataAvailability,
            Role::Compute => ChainRole::Compute,
        }
    }
}
