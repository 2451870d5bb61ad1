//! What follows from a file's size alone: sectors, padding, segments.

use crate::{MAX_SIZE, SECTORS_PER_SEGMENT, SECTOR_BYTES, SECTOR_SIZE};

/// Why a size has no [`Shape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A file without bytes cannot be committed to.
    #[error("the file is empty: expected at least 1 byte")]
    Empty,
    /// The file would need a higher tree than proofs can have.
    #[error("the file has {found} bytes: expected at most {max}")]
    TooLarge {
        /// The size given, in bytes.
        found: u64,
        /// [`MAX_SIZE`].
        max: u64,
    },
}

/// The shape of the tree over a file of a certain size. Only sizes from 1 to [`MAX_SIZE`] have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    size: u64,
    sectors: u64,
    padded: u64,
}

impl Shape {
    /// The shape of a file of `size` bytes.
    pub fn new(size: u64) -> Result<Self, ShapeError> {
        if size == 0 {
            return Err(ShapeError::Empty);
        }
        let too_large = ShapeError::TooLarge {
            found: size,
            max: MAX_SIZE,
        };
        if size > MAX_SIZE {
            return Err(too_large);
        }
        let sectors = size.div_ceil(SECTOR_BYTES);
        let full = sectors.checked_next_power_of_two().ok_or(too_large)?;
        // Up to a multiple of a sixteenth of the full tree: at most 12.5 % of padding.
        let padded = sectors
            .checked_next_multiple_of((full >> 4).max(1))
            .ok_or(too_large)?;
        Ok(Self {
            size,
            sectors,
            padded,
        })
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Sectors that hold data, at least 1. The last one may end with zeros that are not the file's.
    pub fn sectors(&self) -> u64 {
        self.sectors
    }

    /// Sectors under the root: those with data, then whole sectors of zeros.
    pub fn padded_sectors(&self) -> u64 {
        self.padded
    }

    /// Bytes under the root. This is what a replica reserves.
    pub fn padded_bytes(&self) -> u64 {
        // At most 2^48, because a size of at most 2^48 is never padded beyond the next power of two.
        self.padded.saturating_mul(SECTOR_BYTES)
    }

    /// Segments that hold data, at least 1. These are the ones that are transferred and stored.
    pub fn segments(&self) -> u64 {
        self.sectors.div_ceil(SECTORS_PER_SEGMENT)
    }

    /// Segments under the root. Those from [`segments`](Self::segments) on consist of zeros.
    pub fn padded_segments(&self) -> u64 {
        self.padded.div_ceil(SECTORS_PER_SEGMENT)
    }

    /// Sectors of segment `index` that hold data. `None` for a segment without data.
    pub fn segment_sectors(&self, index: u64) -> Option<u64> {
        within_segment(self.sectors, index)
    }

    /// Sectors under the root of segment `index`. `None` for one outside the tree.
    pub fn segment_sectors_padded(&self, index: u64) -> Option<u64> {
        within_segment(self.padded, index)
    }

    /// Bytes of segment `index` as it is transferred: the last one is cut to the end of the file
    /// rounded up to a whole sector. `None` for a segment without data.
    pub fn segment_len(&self, index: u64) -> Option<usize> {
        usize::try_from(self.segment_sectors(index)?)
            .ok()?
            .checked_mul(SECTOR_SIZE)
    }

    /// Bytes of the file in segment `index`: [`segment_len`](Self::segment_len) less the zeros that
    /// fill the last sector. `None` for a segment without data.
    pub fn segment_bytes(&self, index: u64) -> Option<usize> {
        let first = index.checked_mul(SECTORS_PER_SEGMENT)?;
        let rest = self.bytes_from_sector(first)?;
        Some(self.segment_len(index)?.min(usize::try_from(rest).ok()?))
    }

    /// Bytes of the file in sector `index`, from 1 to 256. `None` for a sector without data.
    pub fn sector_bytes(&self, index: u64) -> Option<usize> {
        let rest = self.bytes_from_sector(index)?;
        usize::try_from(rest.min(SECTOR_BYTES)).ok()
    }

    /// The segment that sector `index` is in, and its place in it. `None` for a sector without data.
    pub fn segment_of_sector(&self, index: u64) -> Option<(u64, u64)> {
        if index >= self.sectors {
            return None;
        }
        Some((
            index.checked_div(SECTORS_PER_SEGMENT)?,
            index.checked_rem(SECTORS_PER_SEGMENT)?,
        ))
    }

    /// Heights of the subtrees that the tree consists of, from the first sector on: the powers of two
    /// that add up to [`padded_sectors`](Self::padded_sectors), largest first. There are 1 to 4.
    pub fn submission_node_heights(&self) -> impl Iterator<Item = u32> {
        let padded = self.padded;
        (0..u64::BITS).rev().filter(move |height| {
            padded
                .checked_shr(*height)
                .is_some_and(|high| high & 1 == 1)
        })
    }

    /// Bytes of the file from the beginning of sector `index` on. `None` when there are none.
    fn bytes_from_sector(&self, index: u64) -> Option<u64> {
        let rest = self.size.checked_sub(index.checked_mul(SECTOR_BYTES)?)?;
        (rest > 0).then_some(rest)
    }
}

/// How many of `sectors` sectors lie in segment `index`. `None` when none do.
fn within_segment(sectors: u64, index: u64) -> Option<u64> {
    let rest = sectors.checked_sub(index.checked_mul(SECTORS_PER_SEGMENT)?)?;
    (rest > 0).then_some(rest.min(SECTORS_PER_SEGMENT))
}
