//! What the tests of specifications share.

use std::path::PathBuf;

/// A file that is gone with the test.
pub(super) struct Written(PathBuf);

impl Written {
    /// Writes `text` to a file of this name.
    pub(super) fn new(name: &str, text: &str) -> Self {
        let file = format!("noema-spec-{}-{name}.json", std::process::id());
        let path = std::env::temp_dir().join(file);
        std::fs::write(&path, text).expect("disk");
        Self(path)
    }

    /// What `--chain` is given for it.
    pub(super) fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What is kept in the repository of a chain.
pub(super) fn kept(chain: &str) -> String {
    let spec = super::load_without_code(chain).expect("it is made");
    spec.as_json(false).expect("it is written")
}
