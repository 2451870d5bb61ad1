//! Fetches single blocks that were announced and never came.
//!
//! The SDK's sync asks a peer that was lost while it owed a block for none in the minute after, in two minutes when it happens again, and bans it
//! the third time. On a line that breaks now and then, the only peer that has a block may be such a one, and when the block is what a vote is for,
//! finality waits for as long. So what is announced is noted here, and a block that is still unknown after some seconds is asked for beside the
//! sync, together with ancestors that are missing, and handed to the same import queue as everything else.
//!
//! It is one request at a time, over the protocol that every node serves, to peers of the sync; nothing else on the wire is new. What is noted
//! is bounded, for announcements are not verified: whoever fills the list with inventions takes this help away, and the sync remains.

mod announced;
mod chain;
mod fetcher;
mod list;

pub(crate) use announced::{announcements, Announcements};
pub(crate) use fetcher::Fetcher;
