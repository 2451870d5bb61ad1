//! Blocks of an answer, checked to be what was asked for.

use sc_consensus::IncomingBlock;
use sc_network::PeerId;
use sc_network_common::sync::message::BlockData;
use sp_runtime::traits::{Block as BlockT, Header};

/// Why an answer is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    /// It has no block.
    #[error("the peer does not have it")]
    Empty,
    /// A block is another than its place says.
    #[error("expected block {expected} at place {place} of the answer, found {found}")]
    Another {
        place: usize,
        expected: String,
        found: String,
    },
    /// A block is not there as a whole.
    #[error("block {hash} came without header or body")]
    Incomplete { hash: String },
    /// The oldest one is no child of a block that is here.
    #[error("{blocks} blocks came, of which none is the child of a known one")]
    NotConnected { blocks: usize },
}

/// The blocks of an answer from the first that is missing here up to the one that was asked for. They come the other way round.
///
/// That bodies fit headers, and headers the rules of the chain, is for the import to find out.
pub(super) fn connected<Block: BlockT>(
    wanted: Block::Hash,
    answer: Vec<BlockData<Block>>,
    from: PeerId,
    is_known: impl Fn(Block::Hash) -> bool,
) -> Result<Vec<IncomingBlock<Block>>, Unusable> {
    if answer.is_empty() {
        return Err(Unusable::Empty);
    }
    let mut blocks = Vec::new();
    let mut expected = wanted;
    for (place, data) in answer.into_iter().enumerate() {
        let (Some(header), Some(body)) = (data.header, data.body) else {
            let hash = format!("{:?}", data.hash);
            return Err(Unusable::Incomplete { hash });
        };
        // What the peer says the hash is does not count.
        let hash = header.hash();
        if hash != expected {
            return Err(Unusable::Another {
                place,
                expected: format!("{expected:?}"),
                found: format!("{hash:?}"),
            });
        }
        let parent = *header.parent_hash();
        blocks.push(IncomingBlock {
            hash,
            header: Some(header),
            body: Some(body),
            indexed_body: None,
            justifications: data.justifications,
            origin: Some(from),
            allow_missing_state: false,
            skip_execution: false,
            import_existing: false,
            state: None,
        });
        if is_known(parent) {
            blocks.reverse();
            return Ok(blocks);
        }
        expected = parent;
    }
    let blocks = blocks.len();
    Err(Unusable::NotConnected { blocks })
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_core::{Hash, OpaqueBlock};

    fn header(number: u32, parent: Hash) -> noema_core::Header {
        Header::new(
            number,
            Hash::zero(),
            Hash::zero(),
            parent,
            Default::default(),
        )
    }

    /// Blocks 1 to 4 on a genesis block, newest first, and that.
    fn chain() -> (Vec<BlockData<OpaqueBlock>>, Hash) {
        let genesis = header(0, Hash::zero()).hash();
        let mut parent = genesis;
        let mut blocks: Vec<_> = (1..=4)
            .map(|number| {
                let header = header(number, parent);
                parent = header.hash();
                BlockData::<OpaqueBlock> {
                    hash: parent,
                    header: Some(header),
                    body: Some(Vec::new()),
                    indexed_body: None,
                    receipt: None,
                    message_queue: None,
                    justification: None,
                    justifications: None,
                }
            })
            .collect();
        blocks.reverse();
        (blocks, genesis)
    }

    #[test]
    fn missing_ancestors_come_first_and_known_ones_not_at_all() {
        let (blocks, _) = chain();
        let (wanted, third, second) = (blocks[0].hash, blocks[1].hash, blocks[2].hash);
        let from = PeerId::random();
        let found = connected::<OpaqueBlock>(wanted, blocks, from, |hash| hash == second).unwrap();
        let hashes: Vec<_> = found.iter().map(|block| block.hash).collect();
        assert_eq!(hashes, [third, wanted]);
        assert!(found.iter().all(|block| block.origin == Some(from)
            && block.body.is_some()
            && !block.skip_execution
            && block.state.is_none()));
    }

    #[test]
    fn an_answer_that_is_something_else_is_refused() {
        let from = PeerId::random();
        let none = |_| false;
        let (blocks, genesis) = chain();
        let wanted = blocks[0].hash;
        let unusable = |answer, known: &dyn Fn(Hash) -> bool| {
            connected::<OpaqueBlock>(wanted, answer, from, known).unwrap_err()
        };
        assert_eq!(unusable(Vec::new(), &none), Unusable::Empty);
        assert_eq!(
            unusable(blocks.clone(), &none),
            Unusable::NotConnected { blocks: 4 }
        );
        // Another block whose hash is said to be the wanted one.
        let mut lie = blocks.clone();
        lie[0].header = Some(header(9, genesis));
        assert!(matches!(
            unusable(lie, &|hash| hash == genesis),
            Unusable::Another { place: 0, .. }
        ));
        let mut gap = blocks.clone();
        gap.remove(1);
        assert!(matches!(
            unusable(gap, &|hash| hash == genesis),
            Unusable::Another { place: 1, .. }
        ));
        let mut bare = blocks;
        bare[0].body = None;
        assert!(matches!(unusable(bare, &none), Unusable::Incomplete { .. }));
    }
}
