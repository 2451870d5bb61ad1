//! Reports of validators that author two blocks in one slot.
//!
//! The SDK's own check ([`sc_consensus_babe::BabeBlockImport`], 0.60) looks at a header from which the seal has been taken off already, and sends two such
//! headers as evidence. The runtime looks for the seals in them, finds none and refuses every report (`Babe::InvalidEquivocationProof`): nobody would be
//! slashed. The check moved from the verifier, which sees the seal, to the import, which does not, with polkadot-sdk PR #9147.
//!
//! So a check of our own stands in front of it, [`Watch`], which puts the seal back. The SDK's goes on behind it, and what it sends ends in
//! [`Nowhere`]: in the pool it would take the place of ours, which has the same tag. Both go when the SDK's reports are valid again; the end-to-end test of a
//! validator that authors twice says whether this file is needed.

use crate::service::FullClient;
use noema_core::{Hash, Header, OpaqueBlock as Block};
use sc_client_api::HeaderBackend;
use sc_consensus::{BlockCheckParams, BlockImport, BlockImportParams, ImportResult};
use sc_transaction_pool_api::{
    error::Error as PoolError, LocalTransactionFor, LocalTransactionPool,
    OffchainTransactionPoolFactory,
};
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_consensus::BlockOrigin;
use sp_consensus_babe::{
    check_equivocation_proof, AuthorityId, AuthorityIndex, BabeApi, EquivocationProof, Slot,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// For how many slots headers are remembered: as many as the SDK remembers, a quarter of an hour here. Blocks that come later than that build on
/// what is final long since, and nobody takes them.
const SLOTS: u64 = 1_000;

/// A block import that reports, before anything else, whoever sealed two blocks of one slot.
#[derive(Clone)]
pub(crate) struct Watch<Inner> {
    inner: Inner,
    client: Arc<FullClient>,
    pool: OffchainTransactionPoolFactory<Block>,
    seen: Arc<Mutex<Seen>>,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

impl<Inner> Watch<Inner> {
    /// Watches what is given to `inner`, and puts reports into `pool`.
    pub(crate) fn new(
        inner: Inner,
        client: Arc<FullClient>,
        pool: OffchainTransactionPoolFactory<Block>,
    ) -> Self {
        Self {
            inner,
            client,
            pool,
            seen: Arc::default(),
        }
    }

    /// Remembers the block, and reports its author if another block of it is remembered.
    fn watch(&self, block: &BlockImportParams<Block>) -> Result<(), Error> {
        // As its author sealed it.
        let header = block.post_header();
        let claim = sc_consensus_babe::find_pre_digest::<Block>(&header)?;
        let (slot, author) = (claim.slot(), claim.authority_index());
        let known = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.note(slot, author, &header)
        };
        match known {
            Some(first) => self.report(slot, author, first, header),
            None => Ok(()),
        }
    }

    fn report(
        &self,
        slot: Slot,
        author: AuthorityIndex,
        first: Header,
        second: Header,
    ) -> Result<(), Error> {
        let parent = second.parent_hash;
        let Some(offender) = self.authority(parent, slot, author)? else {
            return Ok(());
        };
        let proof = EquivocationProof {
            offender: offender.clone(),
            slot,
            first_header: first,
            second_header: second,
        };
        // Two forks may have different validators in one slot. And nothing is sent that the runtime would refuse.
        if !check_equivocation_proof(proof.clone()) {
            return Ok(());
        }
        tracing::warn!(
            target: "babe",
            "{offender} sealed two blocks in slot {slot}: {:?} and {:?}",
            proof.first_header.hash(),
            proof.second_header.hash(),
        );
        let best = self.client.info().best_hash;
        // In the first block of a session the parent does not know the validators yet.
        let mut owner = None;
        for at in [parent, best] {
            let api = self.client.runtime_api();
            owner = api.generate_key_ownership_proof(at, slot, offender.clone())?;
            if owner.is_some() {
                break;
            }
        }
        let Some(owner) = owner else {
            return Ok(());
        };
        let mut api = self.client.runtime_api();
        api.register_extension(self.pool.offchain_transaction_pool(best));
        api.submit_report_equivocation_unsigned_extrinsic(best, proof, owner)?;
        Ok(())
    }

    /// The validator with this index in the epoch of `slot`, on the fork of `parent`.
    fn authority(
        &self,
        parent: Hash,
        slot: Slot,
        index: AuthorityIndex,
    ) -> Result<Option<AuthorityId>, Error> {
        let api = self.client.runtime_api();
        let mut epoch = api.current_epoch(parent)?;
        if slot >= epoch.start_slot.saturating_add(epoch.duration) {
            epoch = api.next_epoch(parent)?;
        }
        let authority = epoch.authorities.get(usize::try_from(index)?);
        Ok(authority.map(|(key, _)| key.clone()))
    }
}

#[async_trait::async_trait]
impl<Inner> BlockImport<Block> for Watch<Inner>
where
    Inner: BlockImport<Block> + Send + Sync,
{
    type Error = Inner::Error;

    async fn check_block(
        &self,
        block: BlockCheckParams<Block>,
    ) -> Result<ImportResult, Self::Error> {
        self.inner.check_block(block).await
    }

    async fn import_block(
        &self,
        block: BlockImportParams<Block>,
    ) -> Result<ImportResult, Self::Error> {
        // What is caught up with is old, and comes without its parent's state.
        let caught_up = matches!(
            block.origin,
            BlockOrigin::NetworkInitialSync | BlockOrigin::WarpSync | BlockOrigin::GapSync
        );
        if !caught_up && !block.with_state() {
            // A block is good or not whatever becomes of a report.
            if let Err(error) = self.watch(&block) {
                tracing::warn!(target: "babe", "cannot report whoever authored twice: {error}");
            }
        }
        self.inner.import_block(block).await
    }
}

/// The first header of each author in each of the last [`SLOTS`] slots. An author is an index into its epoch's validators; that both headers
/// are of the same one is seen by their seals.
#[derive(Debug, Default)]
struct Seen {
    slots: BTreeMap<Slot, Vec<(AuthorityIndex, Header)>>,
}

impl Seen {
    /// Remembers `header`. Returns the other one that the author sealed in the slot, if there is one.
    fn note(&mut self, slot: Slot, author: AuthorityIndex, header: &Header) -> Option<Header> {
        let newest = self.slots.last_key_value().map_or(slot, |(last, _)| *last);
        let oldest = newest.max(slot).saturating_sub(SLOTS);
        self.slots = self.slots.split_off(&oldest);
        if slot < oldest {
            return None;
        }
        let headers = self.slots.entry(slot).or_default();
        match headers.iter().find(|(by, _)| *by == author) {
            None => {
                headers.push((author, header.clone()));
                None
            }
            Some((_, first)) => (first.hash() != header.hash()).then(|| first.clone()),
        }
    }
}

/// A pool from which nothing comes out.
pub(crate) struct Nowhere;

impl LocalTransactionPool for Nowhere {
    type Block = Block;
    type Hash = Hash;
    type Error = PoolError;

    fn submit_local(
        &self,
        _at: Hash,
        _transaction: LocalTransactionFor<Self>,
    ) -> Result<Self::Hash, Self::Error> {
        Ok(Hash::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_consensus_babe::digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest};
    use sp_keyring::Sr25519Keyring::{self, Alice, Bob};
    use sp_runtime::{
        generic::{Digest, DigestItem},
        traits::Header as _,
    };

    const SLOT: u64 = 5_000;
    const AUTHOR: AuthorityIndex = 3;

    /// A header of the slot, one of several, sealed by its author unless nobody is named.
    fn header(slot: u64, distinction: u8, author: Option<Sr25519Keyring>) -> Header {
        let claim = PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
            authority_index: AUTHOR,
            slot: slot.into(),
        });
        let mut header = Header::new(
            7,
            Default::default(),
            [distinction; 32].into(),
            Default::default(),
            Digest {
                logs: vec![DigestItem::babe_pre_digest(claim)],
            },
        );
        if let Some(author) = author {
            let seal = author.sign(header.hash().as_ref());
            header.digest_mut().push(DigestItem::babe_seal(seal.into()));
        }
        header
    }

    fn proof(first_header: Header, second_header: Header) -> EquivocationProof<Header> {
        EquivocationProof {
            offender: Alice.public().into(),
            slot: SLOT.into(),
            first_header,
            second_header,
        }
    }

    #[test]
    fn two_headers_of_an_author_in_a_slot_are_evidence_only_with_their_seals() {
        let sealed = |distinction| header(SLOT, distinction, Some(Alice));
        let mut seen = Seen::default();
        assert_eq!(seen.note(SLOT.into(), AUTHOR, &sealed(1)), None);
        let second = sealed(2);
        let first = seen.note(SLOT.into(), AUTHOR, &second).expect("another");
        assert!(check_equivocation_proof(proof(first, second)));

        let bare = |distinction| header(SLOT, distinction, None);
        assert!(!check_equivocation_proof(proof(bare(1), bare(2))));
        let of_another = header(SLOT, 2, Some(Bob));
        assert!(!check_equivocation_proof(proof(sealed(1), of_another)));
    }

    #[test]
    fn the_same_block_again_and_blocks_of_others_are_no_evidence() {
        let mut seen = Seen::default();
        let first = header(SLOT, 1, Some(Alice));
        for _ in 0..2 {
            assert_eq!(seen.note(SLOT.into(), AUTHOR, &first), None);
        }
        let other = header(SLOT, 2, Some(Bob));
        assert_eq!(seen.note(SLOT.into(), AUTHOR + 1, &other), None);
        let later = header(SLOT + 1, 2, Some(Alice));
        assert_eq!(seen.note((SLOT + 1).into(), AUTHOR, &later), None);
    }

    #[test]
    fn what_is_remembered_is_bounded_from_both_ends() {
        let mut seen = Seen::default();
        for slot in SLOT..SLOT + 3 * SLOTS {
            seen.note(slot.into(), AUTHOR, &header(slot, 1, None));
        }
        let kept = u64::try_from(seen.slots.len()).expect("few");
        assert_eq!(kept, SLOTS + 1);
        assert_eq!(seen.note(SLOT.into(), AUTHOR, &header(SLOT, 2, None)), None);
        assert_eq!(u64::try_from(seen.slots.len()).expect("few"), SLOTS + 1);
    }
}
