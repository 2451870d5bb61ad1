//! A state in a file, to check again without a node.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

use codec::{Decode, Encode, IoReader};

use crate::{Error, State};

/// What a snapshot begins with; the last byte is the version of its format.
const MAGIC: [u8; 8] = *b"STATEOF\x01";

/// Writes `state` to the file at `path`, which appears whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write(state: &State, path: &Path) -> Result<(), Error> {
    let failed = |source| Error::File {
        what: "write",
        path: path.to_owned(),
        source,
    };
    let partial = path.with_extension("partial");
    let write = || -> io::Result<()> {
        let mut file = BufWriter::new(File::create(&partial)?);
        file.write_all(&MAGIC)?;
        let mut packed = zstd::Encoder::new(file, 3)?;
        state.encode_to(&mut packed);
        packed.finish()?.into_inner()?.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().map_err(|error| {
        // Nothing to tell about a file that was never there.
        let _ = std::fs::remove_file(&partial);
        failed(error)
    })
}

/// Reads the state in the file at `path`.
///
/// # Errors
/// When the file cannot be read, or is no snapshot.
pub fn read(path: &Path) -> Result<State, Error> {
    let failed = |source| Error::File {
        what: "read",
        path: path.to_owned(),
        source,
    };
    let other = |reason: String| Error::NoSnapshot {
        path: path.to_owned(),
        reason,
    };
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut magic = [0; MAGIC.len()];
    file.read_exact(&mut magic)
        .map_err(|e| other(e.to_string()))?;
    if magic != MAGIC {
        return Err(other(
            "it begins with something else, or is of another version".into(),
        ));
    }
    let unpacked = zstd::Decoder::new(file).map_err(failed)?;
    let mut input = IoReader(BufReader::new(unpacked));
    let state = State::decode(&mut input).map_err(|e| other(e.to_string()))?;
    match input.0.read(&mut [0]) {
        Ok(0) => Ok(state),
        Ok(_) => Err(other("it goes on after its end".into())),
        Err(e) => Err(other(e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::header;
    use noema_core::Hash;

    #[test]
    fn snapshot_written_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.snap");
        let state = State {
            genesis: Hash::repeat_byte(3),
            header: header(9, Hash::repeat_byte(4)),
            top: [(vec![1], vec![2; 100])].into(),
            children: [(vec![5], [(vec![6], vec![])].into())].into(),
        };
        write(&state, &path).unwrap();
        assert_eq!(read(&path).unwrap(), state);
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn snapshot_that_is_none_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.snap");
        let state = State {
            genesis: Hash::zero(),
            header: header(1, Hash::zero()),
            top: [(vec![1], vec![2; 100])].into(),
            children: Default::default(),
        };
        write(&state, &path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for bytes in [&b"{}"[..], b"STATEOF\x02more", &whole[..whole.len() - 9]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(matches!(read(&path), Err(Error::NoSnapshot { .. })));
        }
        let nowhere = dir.path().join("nowhere");
        assert!(matches!(read(&nowhere), Err(Error::File { .. })));
    }
}
