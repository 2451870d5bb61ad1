//! Reading the chain at one block.

mod agents;
mod assignments;
mod audits;
mod compute;
mod constants;
mod da;
mod deals;
mod leases;
mod many;
mod named;
mod providers;
mod refusals;
mod validators;

use subxt::{
    backend::BlockRef as SubxtBlockRef,
    config::substrate::{SubstrateConfig, H256},
    error::{OnlineClientAtBlockError, RuntimeApiError, StorageError},
    runtime_apis::{self, StaticPayload},
    storage::{Address, PrefixOf, StaticAddress},
    OnlineClientAtBlock,
};

use crate::{
    client::ChainClient,
    error::ChainError,
    runtime,
    types::{AccountId, AccountState, BlockNumber, BlockRef, Hash, SeedAt},
};

pub use assignments::MAX_ASSIGNMENT_PAGE;
pub use named::call_value;

/// How many values are fetched at the same time.
const PARALLEL: usize = 16;

/// The chain's state at one block, read with the metadata of that block.
#[derive(Clone)]
pub struct StateAt {
    client: ChainClient,
    at: OnlineClientAtBlock<SubstrateConfig>,
    block: BlockRef,
}

impl std::fmt::Debug for StateAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateAt")
            .field("block", &self.block)
            .finish_non_exhaustive()
    }
}

impl StateAt {
    pub(crate) async fn open(client: ChainClient, block: BlockRef) -> Result<Self, ChainError> {
        let hash = SubxtBlockRef::from_hash(H256(block.hash.0));
        let opening = client
            .online()
            .at_block_hash_and_number(hash, u64::from(block.number));
        let at = client
            .within("the runtime of a block", opening)
            .await?
            .map_err(|e| opening_error(block.hash, e))?;
        Ok(Self { client, at, block })
    }

    /// The block that is read.
    pub fn block(&self) -> BlockRef {
        self.block
    }

    /// The connection over which it is read.
    pub fn client(&self) -> &ChainClient {
        &self.client
    }

    /// Version of the runtime at this block: the one that executes the next.
    pub fn spec_version(&self) -> u32 {
        self.at.spec_version()
    }

    /// The client at this block.
    pub(crate) fn at(&self) -> &OnlineClientAtBlock<SubstrateConfig> {
        &self.at
    }

    /// Balance and nonce of an account; zeros if it does not exist.
    pub async fn account(&self, account: &AccountId) -> Result<AccountState, ChainError> {
        let address = runtime::storage().system().account();
        let info = self
            .fetch("an account", address, ((*account).into(),))
            .await?;
        Ok(
            info.map_or_else(AccountState::default, |info| AccountState {
                nonce: u64::from(info.nonce),
                free: info.data.free,
                reserved: info.data.reserved,
                frozen: info.data.frozen,
            }),
        )
    }

    /// Time of the block in milliseconds since 1970.
    pub async fn timestamp_ms(&self) -> Result<u64, ChainError> {
        let address = runtime::storage().timestamp().now();
        Ok(self
            .fetch("the time", address, ())
            .await?
            .unwrap_or_default())
    }

    /// The seed of a draw point, by the chain's rule: the first seed of the blocks from `draw_at`
    /// to `draw_at + MaxGap`, as long as it is remembered.
    pub async fn seed_from(&self, draw_at: BlockNumber) -> Result<SeedAt, ChainError> {
        let constants = self.constants()?;
        let last = draw_at.saturating_add(constants.seed_max_gap);
        let now = self.block.number;
        if draw_at.saturating_add(constants.seed_history) < now {
            return Ok(SeedAt::Lost);
        }
        for drawn_at in draw_at..=last.min(now) {
            let address = runtime::storage().entropy().seeds();
            if let Some(seed) = self.fetch("a seed", address, (drawn_at,)).await? {
                return Ok(SeedAt::Drawn { seed, drawn_at });
            }
        }
        Ok(if last >= now {
            SeedAt::NotYet
        } else {
            SeedAt::Lost
        })
    }

    /// The value at a key, or the entry's default if it has one.
    async fn fetch<Keys, Value, IsPlain>(
        &self,
        what: &'static str,
        address: StaticAddress<Keys, Value, IsPlain>,
        keys: Keys,
    ) -> Result<Option<Value>, ChainError>
    where
        StaticAddress<Keys, Value, IsPlain>: Address<KeyParts = Keys, Value = Value>,
        Value: subxt::ext::scale_decode::DecodeAsType,
    {
        let address = address.unvalidated();
        let name = entry_name(&address);
        let storage = self.at.storage();
        let entry = storage
            .entry(address)
            .map_err(|e| self.read_error(what, &name, e))?;
        let value = self.client.within(what, entry.try_fetch(keys)).await?;
        let value = value.map_err(|e| self.read_error(what, &name, e))?;
        value
            .map(|value| value.decode().map_err(|e| self.incompatible(&name, e)))
            .transpose()
    }

    /// What a function of the runtime answers.
    async fn ask_runtime<Arguments, Answer>(
        &self,
        what: &'static str,
        question: StaticPayload<Arguments, Answer>,
    ) -> Result<Answer, ChainError>
    where
        StaticPayload<Arguments, Answer>: runtime_apis::Payload<ReturnType = Answer>,
    {
        let question = question.unvalidated();
        let apis = self.at.runtime_apis();
        let name = apis.encode_name(&question);
        let asked = self.client.within(what, apis.call(question)).await?;
        asked.map_err(|e| match e {
            RuntimeApiError::CannotCallApi(e) => {
                backend_error(what, self.block.hash, &e.to_string())
            }
            other => self.incompatible(&name, other),
        })
    }

    /// All keys and values that start with `prefix`.
    async fn list<Keys, Value, IsPlain>(
        &self,
        what: &'static str,
        address: StaticAddress<Keys, Value, IsPlain>,
        prefix: impl PrefixOf<Keys>,
    ) -> Result<Vec<(Keys, Value)>, ChainError>
    where
        StaticAddress<Keys, Value, IsPlain>: Address<KeyParts = Keys, Value = Value>,
        Keys: subxt::ext::frame_decode::storage::IntoDecodableValues,
        Value: subxt::ext::scale_decode::DecodeAsType,
    {
        let address = address.unvalidated();
        let name = entry_name(&address);
        let storage = self.at.storage();
        let entry = storage
            .entry(address)
            .map_err(|e| self.read_error(what, &name, e))?;
        let entries = self.client.within(what, entry.iter(prefix)).await?;
        let mut entries = entries.map_err(|e| self.read_error(what, &name, e))?;
        let mut all = Vec::new();
        while let Some(entry) = self.client.within(what, entries.next()).await? {
            let entry = entry.map_err(|e| self.read_error(what, &name, e))?;
            let keys = entry
                .key()
                .and_then(|key| key.decode())
                .map_err(|e| self.incompatible(&name, e))?;
            let value = entry
                .value()
                .decode()
                .map_err(|e| self.incompatible(&name, e))?;
            all.push((keys, value));
        }
        Ok(all)
    }

    fn read_error(&self, what: &'static str, entry: &str, error: StorageError) -> ChainError {
        match error {
            StorageError::CannotFetchValue(e)
            | StorageError::CannotIterateValues(e)
            | StorageError::StreamFailure(e) => {
                backend_error(what, self.block.hash, &e.to_string())
            }
            other => self.incompatible(entry, other),
        }
    }

    pub(crate) fn incompatible(&self, what: &str, reason: impl std::fmt::Display) -> ChainError {
        ChainError::Incompatible {
            spec_version: self.spec_version(),
            what: what.to_owned(),
            reason: reason.to_string(),
        }
    }
}

fn entry_name(address: &impl Address) -> String {
    format!("{}::{}", address.pallet_name(), address.entry_name())
}

fn opening_error(hash: Hash, error: OnlineClientAtBlockError) -> ChainError {
    backend_error("the runtime of a block", hash, &error.to_string())
}

/// Nodes say in words only that a block is unknown or its state gone.
fn backend_error(what: &'static str, hash: Hash, reason: &str) -> ChainError {
    let lower = reason.to_lowercase();
    let gone = [
        "state already discarded",
        "unknownblock",
        "unknown block",
        "header was not found",
    ];
    if gone.iter().any(|sign| lower.contains(sign)) {
        ChainError::BlockUnavailable { hash }
    } else {
        ChainError::Rpc {
            what,
            reason: reason.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
