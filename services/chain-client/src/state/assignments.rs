//! The slots of a provider, page by page: whoever has very many never has them all in memory.

use subxt::{config::substrate::H256, utils::AccountId32};

use super::StateAt;
use crate::{
    error::ChainError,
    runtime,
    types::{AccountId, Assignment, AssignmentPage, FileId},
};

/// Slots in a page at most: nodes answer for no more keys at once.
pub const MAX_ASSIGNMENT_PAGE: u32 = 1000;
/// What a page is, for errors.
const WHAT: &str = "a page of a provider's assignments";
/// File and owner at the end of a key, in clear.
const TAIL: usize = 64;

impl StateAt {
    /// Up to `limit` (at most [`MAX_ASSIGNMENT_PAGE`]) of the slots that `provider` has, from the beginning or where the page before ended. All
    /// pages of one block together are what [`Self::assignments`] says. Fails when the node's keys do not go up, which would never end.
    pub async fn assignments_page(
        &self,
        provider: &AccountId,
        start: Option<&[u8]>,
        limit: u32,
    ) -> Result<AssignmentPage, ChainError> {
        let name = "Storage::Assignments";
        let address = runtime::storage().storage().assignments().unvalidated();
        let provider = AccountId32::from(*provider);
        let prefix = self
            .at
            .storage()
            .entry(address)
            .and_then(|entry| entry.iter_key((provider,)))
            .map_err(|e| self.incompatible(name, e))?;
        let limit = limit.clamp(1, MAX_ASSIGNMENT_PAGE);
        let at = Some(H256(self.block.hash.0));
        let legacy = self.client.legacy();
        let asking = legacy.state_get_keys_paged(&prefix, limit, start, at);
        let keys = self.client.ask(WHAT, asking).await?;
        goes_up(&prefix, start, &keys)?;
        let next = match keys.len() < limit as usize {
            true => None,
            false => keys.last().cloned(),
        };
        let deals = keys.iter().map(|key| {
            key.last_chunk::<TAIL>()
                .and_then(|tail| Some((tail.first_chunk::<32>()?, tail.last_chunk::<32>()?)))
                .map(|(file, owner)| (FileId(*file), AccountId(*owner)))
                .ok_or_else(|| self.incompatible(name, "its keys do not end with file and owner"))
        });
        let deals = deals.collect::<Result<Vec<_>, _>>()?;
        let address = || runtime::storage().storage().assignments();
        let slots = self.fetch_at(WHAT, address, keys).await?;
        let assignments = deals.into_iter().zip(slots).map(|((file, owner), slot)| {
            let slot = slot.ok_or_else(|| rpc("it has no value at a key that it names"))?;
            Ok(Assignment { file, owner, slot })
        });
        Ok(AssignmentPage {
            assignments: assignments.collect::<Result<_, ChainError>>()?,
            next,
        })
    }
}

/// Whether these keys are below `prefix`, behind `start`, and each behind the one before.
fn goes_up(prefix: &[u8], start: Option<&[u8]>, keys: &[Vec<u8>]) -> Result<(), ChainError> {
    let mut before = start.unwrap_or_default();
    for key in keys {
        if !key.starts_with(prefix) || key.as_slice() <= before {
            return Err(rpc(
                "its keys are not those behind the page before, in order",
            ));
        }
        before = key;
    }
    Ok(())
}

fn rpc(reason: &str) -> ChainError {
    ChainError::Rpc {
        what: WHAT,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::FakeNode;

    #[test]
    fn keys_that_stand_still_or_leave_the_prefix_are_refused() {
        let keys = |keys: &[&[u8]]| keys.iter().map(|key| key.to_vec()).collect::<Vec<_>>();
        goes_up(b"p", None, &keys(&[b"p1", b"p2"])).unwrap();
        goes_up(b"p", Some(b"p1"), &keys(&[b"p2"])).unwrap();
        goes_up(b"p", Some(b"p2"), &[]).unwrap();
        for wrong in [&[b"p2" as &[u8], b"p1"][..], &[b"p2", b"p2"], &[b"q1"]] {
            goes_up(b"p", None, &keys(wrong)).unwrap_err();
        }
        goes_up(b"p", Some(b"p2"), &keys(&[b"p2"])).unwrap_err();
    }

    #[tokio::test]
    async fn pages_are_bounded_and_together_all_that_there_is() {
        const COUNT: u32 = 2500;
        let node = FakeNode::new();
        let state = node.connect().await.at_finalized().await.unwrap();
        let provider = AccountId([2; 32]);
        let storage = state.at.storage();
        let entry = storage
            .entry(runtime::storage().storage().assignments())
            .unwrap();
        for n in 0..COUNT {
            let mut file = [0; 32];
            file[..4].copy_from_slice(&n.to_be_bytes());
            let deal = (file, AccountId32::from(AccountId([n as u8; 32])));
            let key = entry.fetch_key((provider.into(), deal)).unwrap();
            node.put(key, n as u8);
        }
        let mut start = None;
        let mut read = BTreeSet::new();
        let mut sizes = Vec::new();
        loop {
            // More than a node gives is cut to what it gives.
            let page = state
                .assignments_page(&provider, start.as_deref(), u32::MAX)
                .await
                .unwrap();
            sizes.push(page.assignments.len());
            read.extend(page.assignments);
            start = page.next;
            if start.is_none() {
                break;
            }
        }
        assert_eq!(sizes, [1000, 1000, 500]);
        let all = state.assignments(&provider).await.unwrap();
        assert_eq!(read, all.into_iter().collect());
        assert_eq!(read.len(), COUNT as usize);
        let nobody = state
            .assignments_page(&AccountId([3; 32]), None, 10)
            .await
            .unwrap();
        assert_eq!((nobody.assignments, nobody.next), (Vec::new(), None));
    }
}
