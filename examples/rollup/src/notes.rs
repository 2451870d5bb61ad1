//! What survives a crash: one value in one file, replaced as a whole.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use codec::{DecodeAll, Encode};

/// A directory with notes.
#[derive(Clone, Debug)]
pub struct Notes(PathBuf);

impl Notes {
    /// Those in this directory, which is made if it is not there.
    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Self(dir.to_owned()))
    }

    /// What was noted under this name; nothing if nothing was.
    pub fn read<T: DecodeAll>(&self, name: &str) -> anyhow::Result<Option<T>> {
        let path = self.0.join(name);
        match fs::read(&path) {
            Ok(bytes) => {
                let value = T::decode_all(&mut &bytes[..]);
                let value = value.with_context(|| format!("{} is damaged", path.display()))?;
                Ok(Some(value))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Notes a value: durable when this returns, and never half of it.
    pub fn write(&self, name: &str, value: &impl Encode) -> anyhow::Result<()> {
        let (path, beside) = (self.0.join(name), self.0.join(format!("{name}.new")));
        let writing = || {
            let mut file = File::create(&beside)?;
            file.write_all(&value.encode())?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(&self.0)?.sync_all()
        };
        writing().with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_there_again_and_what_is_damaged_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let notes = Notes::open(&dir.path().join("a/b")).unwrap();
        assert_eq!(notes.read::<u64>("n").unwrap(), None);
        notes.write("n", &7u64).unwrap();
        notes.write("n", &8u64).unwrap();
        assert_eq!(notes.read::<u64>("n").unwrap(), Some(8));
        fs::write(dir.path().join("a/b/n"), [1]).unwrap();
        assert!(notes.read::<u64>("n").is_err());
    }
}
