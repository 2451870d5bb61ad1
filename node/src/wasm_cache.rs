//! Compiled runtimes on disk.

use crate::executor::RuntimeExecutor;
use sc_executor::{HeapAllocStrategy, DEFAULT_HEAP_ALLOC_STRATEGY};
use sc_service::config::ExecutorConfiguration;
use std::{
    fs::DirBuilder,
    io,
    path::{Path, PathBuf},
};

/// Where compiled runtimes are kept, if anywhere.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct WasmCache {
    /// Keep compiled runtimes in this directory, and take them from there.
    ///
    /// To compile a runtime takes a machine seconds, at every start and in the block that brings a new one: no block is imported meanwhile. A node
    /// finds a new runtime compiled when `noema-node check-upgrade` rehearsed it on this machine with the same directory. What lies there is
    /// executed as it is: nobody else may write to it.
    #[arg(long, value_name = "DIR", env = "NOEMA_WASM_CACHE")]
    wasm_cache: Option<PathBuf>,
}

impl WasmCache {
    /// Builds an executor as [`sc_service::new_wasm_executor`] does, which knows no such directory.
    pub(crate) fn executor(&self, config: &ExecutorConfiguration) -> RuntimeExecutor {
        let heap = config
            .default_heap_pages
            .map_or(DEFAULT_HEAP_ALLOC_STRATEGY, |pages| {
                HeapAllocStrategy::Static {
                    extra_pages: u32::try_from(pages).unwrap_or(u32::MAX),
                }
            });
        let builder = RuntimeExecutor::builder()
            .with_execution_method(config.wasm_method)
            .with_onchain_heap_alloc_strategy(heap)
            .with_offchain_heap_alloc_strategy(heap)
            .with_max_runtime_instances(config.max_runtime_instances)
            .with_runtime_cache_size(config.runtime_cache_size);
        match self.wasm_cache.as_deref().map(prepare) {
            Some(Ok(directory)) => builder.with_cache_path(directory).build(),
            Some(Err(error)) => {
                // It only saves time.
                tracing::warn!("compiled runtimes are not kept: {error}");
                builder.build()
            }
            None => builder.build(),
        }
    }
}

/// Makes the directory if it is missing, for this user alone. Returns its absolute path. An error if others may write to it.
fn prepare(directory: &Path) -> io::Result<PathBuf> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)?;
    let directory = directory.canonicalize()?;
    #[cfg(unix)]
    closed_to_others(&directory)?;
    Ok(directory)
}

#[cfg(unix)]
fn closed_to_others(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(directory)?.permissions().mode() & 0o777;
    if mode & 0o022 == 0 {
        return Ok(());
    }
    let directory = directory.display();
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "others may write to {directory} (mode {mode:o}), and what lies there is executed: chmod go-w {directory}"
        ),
    ))
}

#[cfg(all(test, unix))]
mod tests {
    use super::prepare;
    use std::{
        fs::{metadata, set_permissions, Permissions},
        os::unix::fs::PermissionsExt,
    };

    #[test]
    fn a_missing_directory_is_made_for_its_user_alone() {
        let parent = tempfile::tempdir().expect("a directory");
        let made = prepare(&parent.path().join("a/b")).expect("it can be made");
        let mode = metadata(&made).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(prepare(&made).expect("it is taken again"), made);
    }

    #[test]
    fn a_directory_that_others_may_write_to_is_refused() {
        let parent = tempfile::tempdir().expect("a directory");
        for mode in [0o770, 0o702, 0o777] {
            set_permissions(parent.path(), Permissions::from_mode(mode)).expect("it is ours");
            let error = prepare(parent.path())
                .expect_err("others may write")
                .to_string();
            assert!(error.contains("chmod go-w"), "{error}");
        }
        set_permissions(parent.path(), Permissions::from_mode(0o755)).expect("it is ours");
        prepare(parent.path()).expect("others may read");
    }

    #[test]
    fn a_file_in_its_place_is_an_error() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(prepare(file.path()).is_err());
    }
}
