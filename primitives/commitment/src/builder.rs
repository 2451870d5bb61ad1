//! Committing to a file while it is read.

use crate::{
    hash::hash_pair,
    segment::push_sectors,
    tree::{path, TreeHasher},
    zero_root, Hasher, Shape, ShapeError, Software, MAX_SIZE, SECTORS_PER_SEGMENT, SECTOR_BYTES,
    SECTOR_SIZE,
};

/// Computes the commitment of a file from its bytes, given in order in pieces of any length.
///
/// Keeps one sector, the tree over the segment being read and 32 bytes per finished segment (128 KiB
/// per GiB of file). Allocates only for the latter.
pub struct Builder<H: Hasher = Software> {
    size: u64,
    /// The first `filled` bytes are the sector being read.
    sector: [u8; SECTOR_SIZE],
    filled: usize,
    /// The segment being read.
    segment: TreeHasher<H>,
    /// Roots of the segments before it.
    roots: Vec<[u8; 32]>,
}

/// A perfect subtree of a file's tree, as 0G Storage's flow contract takes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmissionNode {
    /// Its root.
    pub root: [u8; 32],
    /// Its height: it stands for `2^height` sectors.
    pub height: u32,
}

/// A file's commitment and what proves its segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// Root of the file, the same as 0G Storage's.
    pub root: [u8; 32],
    /// Bytes of the file.
    pub size: u64,
    /// Roots of the segments that hold data, in order.
    pub segment_roots: Vec<[u8; 32]>,
    shape: Shape,
    /// The nodes over `segment_roots` with data under them, level by level up to the root.
    upper: Vec<Vec<[u8; 32]>>,
    /// The perfect subtrees of a last segment that is padded to less than a full one.
    tail: Vec<SubmissionNode>,
}

impl<H: Hasher> Default for Builder<H> {
    fn default() -> Self {
        Self::with_hasher()
    }
}

impl Builder<Software> {
    /// A builder that has read nothing, hashing with [`Software`].
    pub fn new() -> Self {
        Self::with_hasher()
    }
}

impl<H: Hasher> Builder<H> {
    /// A builder that has read nothing.
    pub fn with_hasher() -> Self {
        Self {
            size: 0,
            sector: [0; SECTOR_SIZE],
            filled: 0,
            segment: TreeHasher::new(),
            roots: Vec::new(),
        }
    }

    /// A builder that has read full segments with these roots.
    pub(crate) fn after_segments(roots: Vec<[u8; 32]>) -> Self {
        let segments = u64::try_from(roots.len()).unwrap_or(u64::MAX);
        Self {
            size: segments.saturating_mul(SECTORS_PER_SEGMENT.saturating_mul(SECTOR_BYTES)),
            roots,
            ..Self::with_hasher()
        }
    }

    /// Bytes read so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads the file's next bytes. Fails, and reads none of them, when the file becomes larger than
    /// [`MAX_SIZE`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ShapeError> {
        let size = u64::try_from(bytes.len())
            .ok()
            .and_then(|len| self.size.checked_add(len))
            .unwrap_or(u64::MAX);
        let too_large = ShapeError::TooLarge {
            found: size,
            max: MAX_SIZE,
        };
        if size > MAX_SIZE {
            return Err(too_large);
        }
        self.absorb(bytes).ok_or(too_large)?;
        self.size = size;
        Ok(())
    }

    /// The commitment to all bytes read. Fails when there were none.
    pub fn finish(mut self) -> Result<Commitment, ShapeError> {
        let shape = Shape::new(self.size)?;
        let too_large = ShapeError::TooLarge {
            found: self.size,
            max: MAX_SIZE,
        };
        let tail = self.close_segment(&shape).ok_or(too_large)?;
        let upper = upper_levels::<H>(&shape, &self.roots);
        let root = upper
            .last()
            .unwrap_or(&self.roots)
            .first()
            .copied()
            .ok_or(ShapeError::Empty)?;
        Ok(Commitment {
            root,
            size: self.size,
            segment_roots: self.roots,
            shape,
            upper,
            tail,
        })
    }

    /// Cuts `bytes` into sectors and hashes them; what does not fill a sector is kept. Only a tree
    /// that is too large gives `None`.
    fn absorb(&mut self, bytes: &[u8]) -> Option<()> {
        let mut rest = bytes;
        if self.filled > 0 {
            let free = self.sector.get_mut(self.filled..)?;
            let (fitting, beyond) = rest.split_at(rest.len().min(free.len()));
            free.get_mut(..fitting.len())?.copy_from_slice(fitting);
            self.filled = self.filled.checked_add(fitting.len())?;
            rest = beyond;
            if self.filled < SECTOR_SIZE {
                return Some(());
            }
            self.segment.push(0, H::keccak_256(&self.sector))?;
            self.filled = 0;
            self.cut_segment()?;
        }
        while rest.len() >= SECTOR_SIZE {
            let missing = SECTORS_PER_SEGMENT.checked_sub(self.segment.leaves())?;
            let missing = usize::try_from(missing).ok()?.checked_mul(SECTOR_SIZE)?;
            let whole = rest.len().checked_sub(rest.len() % SECTOR_SIZE)?;
            let (sectors, beyond) = rest.split_at(whole.min(missing));
            push_sectors(&mut self.segment, sectors)?;
            self.cut_segment()?;
            rest = beyond;
        }
        self.sector.get_mut(..rest.len())?.copy_from_slice(rest);
        self.filled = rest.len();
        Some(())
    }

    /// Begins the next segment if this one is full.
    fn cut_segment(&mut self) -> Option<()> {
        if self.segment.leaves() == SECTORS_PER_SEGMENT {
            self.roots.push(self.segment.root()?);
            self.segment = TreeHasher::new();
        }
        Some(())
    }

    /// Fills the last sector with zeros, pads the last segment, and returns its perfect subtrees if
    /// it is not a full one.
    fn close_segment(&mut self, shape: &Shape) -> Option<Vec<SubmissionNode>> {
        if self.filled > 0 {
            self.sector.get_mut(self.filled..)?.fill(0);
            self.segment.push(0, H::keccak_256(&self.sector))?;
            self.filled = 0;
            self.cut_segment()?;
        }
        if self.segment.leaves() == 0 {
            return Some(Vec::new());
        }
        let index = u64::try_from(self.roots.len()).ok()?;
        let padded = shape.segment_sectors_padded(index)?;
        self.segment
            .push_zeros(padded.checked_sub(self.segment.leaves())?)?;
        self.roots.push(self.segment.root()?);
        if padded == SECTORS_PER_SEGMENT {
            return Some(Vec::new());
        }
        let mut tail: Vec<SubmissionNode> = self
            .segment
            .peaks()
            .map(|(height, root)| SubmissionNode {
                root: *root,
                height,
            })
            .collect();
        tail.reverse();
        Some(tail)
    }
}

/// The levels above the segment roots up to the root: nodes that have data under them.
fn upper_levels<H: Hasher>(shape: &Shape, roots: &[[u8; 32]]) -> Vec<Vec<[u8; 32]>> {
    let mut levels: Vec<Vec<[u8; 32]>> = Vec::new();
    let mut nodes = shape.padded_segments();
    let mut level = 0u32;
    while nodes > 1 {
        let below = levels.last().map_or(roots, Vec::as_slice);
        let mut above = level_above::<H>(below);
        // The last node's sibling may be padding, which is not kept.
        let len = u64::try_from(below.len()).unwrap_or(u64::MAX);
        if len % 2 == 1 && len < nodes {
            if let (Some(left), Some(last)) = (below.last(), above.last_mut()) {
                *last = hash_pair::<H>(left, &padding_root::<H>(shape, level, len));
            }
        }
        levels.push(above);
        nodes = nodes.div_ceil(2);
        level = level.saturating_add(1);
    }
    levels
}

/// The level above `nodes`: neighbours joined, a lone last one carried up.
fn level_above<H: Hasher>(nodes: &[[u8; 32]]) -> Vec<[u8; 32]> {
    let (pairs, lone) = nodes.as_chunks::<2>();
    let mut above = vec![[0; 32]; pairs.len()];
    H::keccak_256_pairs(pairs, &mut above);
    above.extend_from_slice(lone);
    above
}

/// The root of the node at `(level, index)` over the segments, all of it padding.
fn padding_root<H: Hasher>(shape: &Shape, level: u32, index: u64) -> [u8; 32] {
    let width = SECTORS_PER_SEGMENT.checked_shl(level).unwrap_or(u64::MAX);
    let rest = shape
        .padded_sectors()
        .saturating_sub(width.saturating_mul(index));
    zero_root::<H>(width.min(rest))
}

impl Commitment {
    /// The file's shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The siblings that lead from the root of segment `index` to the file's root, bottom to top.
    /// `None` for a segment without data.
    pub fn segment_siblings(&self, index: u64) -> Option<Vec<[u8; 32]>> {
        if index >= self.shape.segments() {
            return None;
        }
        path(index, self.shape.padded_segments())
            .map(|step| {
                let stored = usize::try_from(step.index)
                    .ok()
                    .and_then(|node| self.level(step.level)?.get(node).copied());
                Some(stored.unwrap_or_else(|| {
                    padding_root::<Software>(&self.shape, step.level, step.index)
                }))
            })
            .collect()
    }

    /// The perfect subtrees that the file's tree consists of, largest first: what 0G Storage's flow
    /// contract takes. The root is their fold from the right.
    pub fn submission_nodes(&self) -> Vec<SubmissionNode> {
        let mut first = 0u64;
        let mut nodes = Vec::new();
        for height in self.shape.submission_node_heights() {
            let Some(level) = height.checked_sub(SECTORS_PER_SEGMENT.ilog2()) else {
                break;
            };
            let index = first.checked_shr(height).unwrap_or_default();
            let root = usize::try_from(index)
                .ok()
                .and_then(|index| self.level(level)?.get(index).copied());
            nodes.extend(root.map(|root| SubmissionNode { root, height }));
            first = first.saturating_add(1u64.checked_shl(height).unwrap_or_default());
        }
        nodes.extend_from_slice(&self.tail);
        nodes
    }

    /// The nodes at `level` over the segments; level 0 are the segments' roots.
    fn level(&self, level: u32) -> Option<&[[u8; 32]]> {
        match level.checked_sub(1) {
            None => Some(&self.segment_roots),
            Some(above) => self
                .upper
                .get(usize::try_from(above).ok()?)
                .map(Vec::as_slice),
        }
    }
}
