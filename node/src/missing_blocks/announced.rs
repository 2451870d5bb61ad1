//! What peers announce, for who looks for blocks that do not come.

use super::list::Block as Noted;
use sp_consensus::block_validation::{
    BlockAnnounceValidator, DefaultBlockAnnounceValidator, Validation,
};
use sp_runtime::traits::{Block as BlockT, Header, NumberFor};
use std::{error::Error, future::Future, pin::Pin};
use tokio::sync::mpsc;

/// Announcements that wait to be looked at. Beyond that they are not noted: the next block of the same fork is announced a second later.
const WAITING: usize = 256;

/// The announcements of this node's peers.
pub(crate) type Announcements<Block> =
    mpsc::Receiver<Noted<<Block as BlockT>::Hash, NumberFor<Block>>>;

/// The SDK's check of announcements, and a note of each that passes.
#[derive(Debug)]
pub(crate) struct Noting<Block: BlockT> {
    notes: mpsc::Sender<Noted<Block::Hash, NumberFor<Block>>>,
}

/// A validator, and what it notes.
pub(crate) fn announcements<Block: BlockT>() -> (Noting<Block>, Announcements<Block>) {
    let (notes, announcements) = mpsc::channel(WAITING);
    (Noting { notes }, announcements)
}

impl<Block: BlockT> BlockAnnounceValidator<Block> for Noting<Block> {
    fn validate(
        &mut self,
        header: &Block::Header,
        data: &[u8],
    ) -> Pin<Box<dyn Future<Output = Result<Validation, Box<dyn Error + Send>>> + Send>> {
        // The SDK's check refuses what comes with data.
        if data.is_empty() {
            let noted = Noted {
                hash: header.hash(),
                number: *header.number(),
            };
            // Full: see `WAITING`. Closed: the node stops.
            self.notes.try_send(noted).ok();
        }
        BlockAnnounceValidator::<Block>::validate(&mut DefaultBlockAnnounceValidator, header, data)
    }
}
