//! A lane while a request is on it.

use std::sync::Arc;

use super::Book;
use crate::{gateway::LaneKey, proxy::lanes::Pending};

/// A lane on which a request is, until this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(super) book: Arc<Book>,
    pub(crate) key: LaneKey,
    pub(crate) pending: Pending,
    /// Whether its provider gave no whole answer, though nobody went away.
    pub(crate) broke: bool,
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut state = self.book.state();
        state.active.remove(&self.key);
        if self.broke {
            state.broken.insert(self.key);
        }
        drop(state);
        self.book.orphaned.notify_one();
    }
}
