//! How far the scrub is, so that it goes on there after a restart.

use codec::{Decode, DecodeAll, Encode};
use noema_chain_client::FileId;

use super::{Index, StoreError, META};

/// The key in `meta`, and the version of what stands there.
const KEY: &str = "scrub";
const VERSION: u8 = 1;

/// How far the scrub is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct ScrubProgress {
    /// File and segment with which the round goes on; `None` between rounds.
    pub(crate) next: Option<([u8; 32], u64)>,
    /// When the round began, or the last one did, in seconds since 1970.
    pub(crate) began: u64,
    /// Segments and bytes checked in it.
    pub(crate) segments: u64,
    pub(crate) bytes: u64,
    /// Damaged segments found in it.
    pub(crate) damaged: u64,
    /// The last full round.
    pub(crate) last: Option<Round>,
}

/// A full round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Round {
    /// When it ended, in seconds since 1970.
    pub(crate) ended: u64,
    /// How long it took, in seconds.
    pub(crate) seconds: u64,
}

impl ScrubProgress {
    /// Where the round goes on.
    pub(crate) fn at(&self) -> Option<(FileId, u64)> {
        self.next.map(|(file, index)| (FileId(file), index))
    }
}

fn decode(bytes: &[u8]) -> Option<ScrubProgress> {
    let (version, mut rest) = bytes.split_first()?;
    (*version == VERSION)
        .then(|| ScrubProgress::decode_all(&mut rest).ok())
        .flatten()
}

impl Index {
    /// How far the scrub was when that was last noted. What cannot be read counts as nothing.
    pub(in crate::store) fn scrub_progress(&self) -> Result<ScrubProgress, StoreError> {
        self.read(|transaction| {
            let noted = transaction.open_table(META)?.get(KEY)?;
            Ok(noted
                .and_then(|bytes| decode(bytes.value()))
                .unwrap_or_default())
        })
    }

    /// Notes how far the scrub is.
    pub(in crate::store) fn note_scrub(&self, progress: &ScrubProgress) -> Result<(), StoreError> {
        let mut value = vec![VERSION];
        progress.encode_to(&mut value);
        self.write(|transaction, _| {
            transaction.open_table(META)?.insert(KEY, &value[..])?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_noted_is_read_and_anything_else_is_none(
            next in any::<Option<([u8; 32], u64)>>(),
            numbers in any::<[u64; 4]>(),
            last in any::<Option<(u64, u64)>>(),
            noise in prop::collection::vec(any::<u8>(), 0..120),
        ) {
            let [began, segments, bytes, damaged] = numbers;
            let last = last.map(|(ended, seconds)| Round { ended, seconds });
            let progress = ScrubProgress { next, began, segments, bytes, damaged, last };
            let noted = [vec![VERSION], progress.encode()].concat();
            prop_assert_eq!(decode(&noted), Some(progress));
            prop_assert_eq!(decode(&noted[..noted.len() - 1]), None);
            if let Some(read) = decode(&noise) {
                prop_assert_eq!([vec![VERSION], read.encode()].concat(), noise);
            }
        }
    }
}
