//! Reading many values of one map at a time.
//!
//! Whoever looks at thousands of entries after every block must not ask thousands of questions: the node answers for
//! hundreds of keys at once.

use futures::{stream, StreamExt, TryStreamExt};
use subxt::{
    config::substrate::H256,
    ext::{
        frame_decode::storage::decode_storage_value,
        scale_decode::{DecodeAsType, IntoVisitor},
    },
    storage::{Address, StaticAddress},
};

use super::{entry_name, StateAt};
use crate::error::ChainError;

/// Keys in one question: their values stay far below what a node sends in one answer.
const KEYS: usize = 256;
/// Questions under way at the same time.
const QUESTIONS: usize = 4;

impl StateAt {
    /// The values at these keys, in their order.
    pub(super) async fn fetch_many<Keys, Value, IsPlain>(
        &self,
        what: &'static str,
        address: impl Fn() -> StaticAddress<Keys, Value, IsPlain>,
        keys: impl IntoIterator<Item = Keys>,
    ) -> Result<Vec<Option<Value>>, ChainError>
    where
        StaticAddress<Keys, Value, IsPlain>: Address<KeyParts = Keys, Value = Value>,
        Value: DecodeAsType,
    {
        let storage = self.at.storage();
        let entry = address().unvalidated();
        let name = entry_name(&entry);
        let entry = storage
            .entry(entry)
            .map_err(|e| self.read_error(what, &name, e))?;
        let keys = keys.into_iter().map(|key| entry.fetch_key(key));
        let keys: Vec<Vec<u8>> = keys
            .collect::<Result<_, _>>()
            .map_err(|e| self.read_error(what, &name, e))?;
        self.fetch_at(what, address, keys).await
    }

    /// The same for keys as they are stored.
    pub(super) async fn fetch_at<Keys, Value, IsPlain>(
        &self,
        what: &'static str,
        address: impl Fn() -> StaticAddress<Keys, Value, IsPlain>,
        keys: Vec<Vec<u8>>,
    ) -> Result<Vec<Option<Value>>, ChainError>
    where
        StaticAddress<Keys, Value, IsPlain>: Address<KeyParts = Keys, Value = Value>,
        Value: DecodeAsType,
    {
        let address = address();
        let name = entry_name(&address);
        let place = (
            address.pallet_name().to_owned(),
            address.entry_name().to_owned(),
        );
        let questions: Vec<Vec<Vec<u8>>> = keys.chunks(KEYS).map(<[_]>::to_vec).collect();
        let chunks: Vec<Vec<Option<Vec<u8>>>> = stream::iter(questions)
            .map(|keys| self.raw_values(what, keys))
            .buffered(QUESTIONS)
            .try_collect()
            .await?;
        let decode = |bytes: Vec<u8>| self.decode_value(&place, &name, &bytes);
        chunks
            .into_iter()
            .flatten()
            .map(|bytes| bytes.map(decode).transpose())
            .collect()
    }

    /// What is stored at these keys, in their order.
    async fn raw_values(
        &self,
        what: &'static str,
        keys: Vec<Vec<u8>>,
    ) -> Result<Vec<Option<Vec<u8>>>, ChainError> {
        let at = Some(H256(self.block.hash.0));
        let legacy = self.client.legacy();
        let asking = legacy.state_query_storage_at(keys.iter().map(Vec::as_slice), at);
        let answer = self.client.within(what, asking).await?;
        let sets =
            answer.map_err(|e| super::backend_error(what, self.block.hash, &e.to_string()))?;
        let changes = sets.into_iter().flat_map(|set| set.changes);
        // By key: nothing says that a node keeps the order.
        let found: std::collections::HashMap<Vec<u8>, Option<Vec<u8>>> = changes
            .map(|(key, value)| (key.0, value.map(|value| value.0)))
            .collect();
        keys.iter()
            .map(|key| {
                found.get(key).cloned().ok_or_else(|| ChainError::Rpc {
                    what,
                    reason: "its answer lacks a key that was asked for".to_owned(),
                })
            })
            .collect()
    }

    fn decode_value<Value: DecodeAsType>(
        &self,
        (pallet, entry): &(String, String),
        name: &str,
        mut bytes: &[u8],
    ) -> Result<Value, ChainError> {
        let metadata = self.at.metadata_ref();
        let types = metadata.types();
        let visitor = <Value as IntoVisitor>::into_visitor();
        let value = decode_storage_value(pallet, entry, &mut bytes, metadata, types, visitor);
        let value = value.map_err(|e| self.incompatible(name, e))?;
        match bytes {
            [] => Ok(value),
            rest => Err(self.incompatible(name, format!("{} bytes are left over", rest.len()))),
        }
    }
}
