//! Files that no disk or network makes smaller, the same in every run.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use rand::{rngs::StdRng, RngCore, SeedableRng};

/// Bytes made at once.
const CHUNK: usize = 1 << 20;

/// Writes `size` bytes made from `seed` to `path`, durably, so that no later measurement pays for it.
pub(crate) fn write_seeded(path: &Path, size: u64, seed: u64) -> io::Result<()> {
    let mut out = File::create(path)?;
    let mut source = StdRng::seed_from_u64(seed);
    let mut chunk = vec![0; CHUNK];
    let mut left = size;
    while left > 0 {
        let now = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        source.fill_bytes(&mut chunk[..now]);
        out.write_all(&chunk[..now])?;
        left -= now as u64;
    }
    out.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_has_its_size_and_follows_from_the_seed() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, seed| {
            let path = dir.path().join(name);
            write_seeded(&path, CHUNK as u64 + 77, seed).unwrap();
            std::fs::read(path).unwrap()
        };
        let first = write("a", 1);
        assert_eq!(first.len(), CHUNK + 77);
        assert_eq!(write("b", 1), first);
        assert_ne!(write("c", 2), first);
    }
}
