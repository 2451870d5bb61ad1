//! Files with content that can be made again from a seed.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::Path,
};

use rand::{rngs::StdRng, RngCore, SeedableRng};

/// Bytes made at once.
const CHUNK: usize = 1 << 20;

/// Writes `size` bytes made from `seed` to `path`.
pub fn write_seeded(path: &Path, size: u64, seed: u64) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut source = StdRng::seed_from_u64(seed);
    let mut chunk = vec![0; CHUNK];
    let mut left = size;
    while left > 0 {
        let now = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        source.fill_bytes(&mut chunk[..now]);
        out.write_all(&chunk[..now])?;
        left -= now as u64;
    }
    out.flush()
}

/// The place of the first difference between two files, or `None` if they are identical.
pub fn first_difference(a: &Path, b: &Path) -> io::Result<Option<u64>> {
    let (mut a, mut b) = (File::open(a)?, File::open(b)?);
    let (mut left, mut right) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut offset = 0;
    loop {
        let (read_a, read_b) = (
            read_full(&mut a, &mut left)?,
            read_full(&mut b, &mut right)?,
        );
        let common = read_a.min(read_b);
        if let Some(at) = (0..common).find(|i| left[*i] != right[*i]) {
            return Ok(Some(offset + at as u64));
        }
        offset += common as u64;
        match (read_a == read_b, common) {
            (false, _) => return Ok(Some(offset)),
            (true, 0) => return Ok(None),
            (true, _) => {}
        }
    }
}

fn read_full(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < into.len() {
        match from.read(&mut into[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_follows_from_the_seed_and_differences_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let size = 2 * CHUNK as u64 + 77;
        write_seeded(&path("a"), size, 1).unwrap();
        write_seeded(&path("b"), size, 1).unwrap();
        assert_eq!(first_difference(&path("a"), &path("b")).unwrap(), None);

        let mut bytes = std::fs::read(path("a")).unwrap();
        assert_eq!(bytes.len() as u64, size);
        bytes[CHUNK + 5] ^= 1;
        std::fs::write(path("b"), &bytes).unwrap();
        assert_eq!(
            first_difference(&path("a"), &path("b")).unwrap(),
            Some(CHUNK as u64 + 5)
        );
        bytes[CHUNK + 5] ^= 1;
        bytes.truncate(CHUNK);
        std::fs::write(path("b"), &bytes).unwrap();
        assert_eq!(
            first_difference(&path("a"), &path("b")).unwrap(),
            Some(CHUNK as u64)
        );
    }
}
