//! The storage daemon's configuration file: any text. Settings that are accepted lie within their
//! bounds, and what is refused is refused in words that do not repeat the file.

#![no_main]

use std::{fs, path::PathBuf, sync::OnceLock};

use clap::Parser;
use libfuzzer_sys::fuzz_target;
use noema_chain_client::SigningKey;
use noema_storage::{config::Args, Reserve};

struct Given {
    args: Args,
    path: PathBuf,
    _dir: tempfile::TempDir,
}

/// The command line: a configuration file, and the operator's key, so that no path of the file's is
/// opened.
fn given() -> &'static Given {
    static GIVEN: OnceLock<Given> = OnceLock::new();
    GIVEN.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let args = Args::try_parse_from([
            "noema-storage",
            "--config",
            path.to_str().unwrap(),
            "--dev-operator",
            "Alice",
        ]);
        Given {
            args: args.unwrap(),
            path,
            _dir: dir,
        }
    })
}

fuzz_target!(|text: &[u8]| {
    let Given { args, path, .. } = given();
    fs::write(path, text).unwrap();
    match args.clone().into_config() {
        Ok(config) => {
            let text = std::str::from_utf8(text).expect("a configuration is text");
            assert!(text.contains("provider"), "the file alone names it");
            for number in [config.max_uploads, config.max_downloads] {
                assert!((1..=1024).contains(&number));
            }
            assert!((1..=65_536).contains(&config.connections.total));
            assert!((1..=65_536).contains(&config.connections.per_peer));
            assert!((1 << 20..=65_536 << 20).contains(&config.store.index_cache));
            assert!(match config.store.reserve {
                Reserve::Bytes(bytes) => bytes >= 1 << 20,
                Reserve::Percent(percent) => (1..=90).contains(&percent),
                Reserve::Usual => true,
            });
            for rate in [
                config.rates.upload,
                config.rates.download,
                config.rates.pull,
            ] {
                assert!(rate == 0 || rate >= 1 << 20);
            }
            assert!(config.rates.scrub == 0 || config.rates.scrub >= 64 << 10);
            assert!(config.scrub_interval.as_secs() >= 1);
            let alice = SigningKey::dev("Alice").unwrap().account();
            assert_eq!(config.operator.account(), alice);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
