//! For fuzz targets only (`cfg(fuzzing)`): a chain whose node answers with any bytes it is told to.

use crate::{
    error::{ChainError, DispatchFailure},
    events::ChainEvent,
    runtime::{self, runtime_types::noema_traits::providers::Role as ChainRole},
    state::StateAt,
    submit,
    testing::FakeNode,
    types::{AccountId, FileId, Role},
};

/// The file whose entries the node answers for.
pub const FILE: FileId = FileId([1; 32]);
/// The account whose entries the node answers for.
pub const ACCOUNT: AccountId = AccountId([2; 32]);
/// The block whose seed the node answers for: the finalised one.
pub const BLOCK: u32 = 7;

/// An entry of the chain's state under a full key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// `System::Account` of [`ACCOUNT`].
    Account,
    /// `Storage::Deals` of [`FILE`] and [`ACCOUNT`].
    Deal,
    /// `Providers::Providers` of the storage role and [`ACCOUNT`].
    Provider,
    /// `Providers::Operators` of the storage role and [`ACCOUNT`].
    Operator,
    /// `Entropy::Seeds` of [`BLOCK`].
    Seed,
    /// `Timestamp::Now`.
    Time,
}

/// Entries of the chain's state under the beginning of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// `Storage::Deals` of [`FILE`].
    Deals,
    /// `Storage::DealsOf` of [`ACCOUNT`].
    DealsOf,
    /// `Storage::Assignments` of [`ACCOUNT`].
    Assignments,
    /// `Storage::Commitments` of the root that [`FILE`] is here.
    Sizes,
    /// `Providers::Providers` of the storage role.
    Providers,
}

/// A node that tells what it is told, with the committed metadata.
#[derive(Clone)]
pub struct LyingNode {
    node: FakeNode,
    state: StateAt,
}

impl LyingNode {
    /// Connects to it.
    pub async fn connect() -> Result<Self, ChainError> {
        let node = FakeNode::new();
        let state = node.connect().await.at_finalized().await?;
        Ok(Self { node, state })
    }

    /// The state at its finalised block.
    pub fn state(&self) -> &StateAt {
        &self.state
    }

    /// Forgets what it was told.
    pub fn forget(&self) {
        self.node.forget_storage();
    }

    /// Answers with `bytes` when it is asked for a value.
    pub fn put(&self, value: Value, bytes: &[u8]) {
        let storage = self.state.at().storage();
        let account = || ACCOUNT.into();
        let key = match value {
            Value::Account => storage
                .entry(runtime::storage().system().account())
                .and_then(|entry| entry.fetch_key((account(),))),
            Value::Deal => storage
                .entry(runtime::storage().storage().deals())
                .and_then(|entry| entry.fetch_key((FILE.0, account()))),
            Value::Provider => storage
                .entry(runtime::storage().providers().providers())
                .and_then(|entry| entry.fetch_key((ChainRole::from(Role::Storage), account()))),
            Value::Operator => storage
                .entry(runtime::storage().providers().operators())
                .and_then(|entry| entry.fetch_key((ChainRole::from(Role::Storage), account()))),
            Value::Seed => storage
                .entry(runtime::storage().entropy().seeds())
                .and_then(|entry| entry.fetch_key((BLOCK,))),
            Value::Time => storage
                .entry(runtime::storage().timestamp().now())
                .and_then(|entry| entry.fetch_key(())),
        };
        let key = key.expect("the committed metadata has the entry; qed");
        self.node.put_raw(key, bytes.to_vec());
    }

    /// Has an entry whose key goes on with `rest` when it is asked for a list.
    pub fn put_in(&self, list: List, rest: &[u8], bytes: &[u8]) {
        let storage = self.state.at().storage();
        let prefix = match list {
            List::Deals => storage
                .entry(runtime::storage().storage().deals())
                .and_then(|entry| entry.iter_key((FILE.0,))),
            List::DealsOf => storage
                .entry(runtime::storage().storage().deals_of())
                .and_then(|entry| entry.iter_key((subxt::utils::AccountId32::from(ACCOUNT),))),
            List::Assignments => storage
                .entry(runtime::storage().storage().assignments())
                .and_then(|entry| entry.iter_key((subxt::utils::AccountId32::from(ACCOUNT),))),
            List::Sizes => storage
                .entry(runtime::storage().storage().commitments())
                .and_then(|entry| entry.iter_key((FILE.0,))),
            List::Providers => storage
                .entry(runtime::storage().providers().providers())
                .and_then(|entry| entry.iter_key((ChainRole::from(Role::Storage),))),
        };
        let mut key = prefix.expect("the committed metadata has the entry; qed");
        key.extend_from_slice(rest);
        self.node.put_raw(key, bytes.to_vec());
    }

    /// What the events of a block say of its transaction `index`.
    pub fn events(
        &self,
        bytes: &[u8],
        index: usize,
    ) -> Result<Result<Vec<ChainEvent>, DispatchFailure>, ChainError> {
        submit::outcome::decode(&self.state, bytes.to_vec(), index)
    }
}
