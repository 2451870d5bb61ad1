//! What the processes of a network logged: no error that nobody expects.
//!
//! A node names the level of a line only when it is told to ([`DETAILED`]); daemons always do.

use std::path::Path;

use anyhow::{ensure, Context};
use noema_local_net::LocalNet;

/// Makes a node write the level of each line into its log.
pub const DETAILED: &str = "--detailed-log-output";

/// An error that may be logged, and why it is none to worry about.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    /// Words that the line contains.
    pub words: &'static str,
    /// Why it may be there.
    pub because: &'static str,
}

/// Errors that any network may log.
pub const ALWAYS: [Allowed; 2] = [
    Allowed {
        words: "No public addresses configured and no global listen addresses found",
        because: "everything is on the loopback, where no address is public",
    },
    Allowed {
        words: "Essential task `txpool-background` failed",
        because: "a node that was asked to end drops its pool before the task that serves it",
    },
];

/// What the SDK logs of every upgrade.
pub const UPGRADE: [Allowed; 1] = [Allowed {
    words: "Post dispatch weight is greater than pre dispatch weight",
    because:
        "`apply_authorized_upgrade` takes the rest of its block, so that nothing follows it there",
}];

/// Fails if a process of the network has logged an error that is neither in [`ALWAYS`] nor in `also`. Every node must have been started
/// with [`DETAILED`].
pub fn no_errors(net: &LocalNet, also: &[Allowed]) -> anyhow::Result<()> {
    let allowed: Vec<Allowed> = ALWAYS.iter().chain(also).copied().collect();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(net.data_dir().join("logs"))? {
        let path = entry?.path();
        let text = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let text = String::from_utf8_lossy(&text);
        let name = path.file_stem().unwrap_or(path.as_os_str());
        let node = net.nodes().iter().chain(net.followers());
        let of_node = node
            .map(|node| node.name())
            .any(|node| Path::new(node) == name);
        ensure!(
            !of_node || text.is_empty() || text.lines().any(|line| level(line).is_some()),
            "{} does not say the level of its lines: it needs {DETAILED}",
            name.to_string_lossy()
        );
        let errors = unexpected(&text, &allowed);
        found.extend(errors.map(|line| format!("{}: {line}", name.to_string_lossy())));
    }
    ensure!(
        found.is_empty(),
        "{} errors were logged that are not expected:\n{}",
        found.len(),
        found.join("\n")
    );
    Ok(())
}

/// The errors in a log that are not allowed, panics included.
fn unexpected<'a>(log: &'a str, allowed: &'a [Allowed]) -> impl Iterator<Item = &'a str> {
    log.lines()
        .filter(|line| level(line) == Some("ERROR") || line.contains("panicked at"))
        .filter(|line| !allowed.iter().any(|allowed| line.contains(allowed.words)))
}

/// The level of a line: behind its time, which is one word or two.
fn level(line: &str) -> Option<&str> {
    let words = line.split_whitespace().skip(1).take(2);
    words
        .into_iter()
        .find(|word| ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
2026-11-23 05:19:42  INFO tokio-runtime-worker substrate: said ERROR once
2026-11-23 05:19:43 ERROR tokio-runtime-worker babe: the slot is gone
2026-11-23T05:19:44.1Z ERROR noema_storage: the disk is full
Thread 'main' panicked at 'no', src/main.rs:1
a line without anything
";

    #[test]
    fn errors_are_found_by_their_level_and_panics_without_one() {
        assert_eq!(unexpected(LOG, &[]).count(), 3);
        let gone = Allowed {
            words: "the slot is gone",
            because: "slots go",
        };
        let left: Vec<_> = unexpected(LOG, std::slice::from_ref(&gone)).collect();
        assert_eq!(left.len(), 2);
        assert!(left[0].contains("the disk is full"), "{left:?}");
    }

    #[test]
    fn words_of_a_message_are_no_level() {
        assert_eq!(level("2026-11-23 05:19:42 there was an ERROR"), None);
        assert_eq!(level(""), None);
    }
}
