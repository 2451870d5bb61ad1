//! `noema node`: how a node is.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::{
    args::node::Node,
    failure::Failure,
    output::{Answer, Fields},
    session::Session,
};

/// A finalised block older than this is a sign of a halt, in seconds: thirty slots.
const STALE: u64 = 30;
/// What a node is called that keeps up.
const HEALTHY: &str = "ok";

pub(crate) async fn run(session: &Session, command: &Node) -> Result<(), Failure> {
    match command {
        Node::Status { check } => status(session, *check).await,
    }
}

async fn status(session: &Session, check: bool) -> Result<(), Failure> {
    let client = session.connect().await?;
    let info = client.node_info().await?;
    let best = client.best().await?;
    let state = client.at_finalized().await?;
    let finalized = state.block();
    let age = age_seconds(state.timestamp_ms().await?);
    let health = health(info.syncing, age);
    let spec_version = state.spec_version();

    let text = Fields::new()
        .add("node", format!("{} {}", info.name, info.version))
        .add("chain", &info.chain)
        .add("genesis", client.genesis_hash())
        .add("health", health)
        .add("best", format!("{} {}", best.number, best.hash))
        .add(
            "finalised",
            format!("{} {}", finalized.number, finalized.hash),
        )
        .add("age", format!("{age} s"))
        .add("peers", info.peers)
        .add("runtime", spec_version);
    session.output.answer(&Answer::new(
        text.to_string(),
        json!({
            "url": client.url(),
            "name": info.name,
            "version": info.version,
            "chain": info.chain,
            "genesis": client.genesis_hash(),
            "health": health,
            "best": best,
            "finalized": finalized,
            "finalized_age_seconds": age,
            "peers": info.peers,
            "syncing": info.syncing,
            "spec_version": spec_version,
        }),
    ))?;
    if check && health != HEALTHY {
        return Err(Failure::new(
            "unhealthy",
            format!("the node is {health}: its newest final block is {age} s old"),
        ));
    }
    Ok(())
}

/// `ok`, `syncing` (catching up with the network) or `stalled` (no block was finalised lately).
fn health(syncing: bool, age: u64) -> &'static str {
    match (syncing, age > STALE) {
        (true, _) => "syncing",
        (false, true) => "stalled",
        (false, false) => HEALTHY,
    }
}

/// How long ago a block's time was, by this machine's clock.
fn age_seconds(timestamp_ms: u64) -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    u64::try_from(now)
        .unwrap_or(u64::MAX)
        .saturating_sub(timestamp_ms)
        / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_catches_up_is_not_called_stalled() {
        assert_eq!(health(false, 0), "ok");
        assert_eq!(health(false, STALE + 1), "stalled");
        assert_eq!(health(true, STALE + 1), "syncing");
    }

    #[test]
    fn a_clock_behind_the_chain_gives_no_negative_age() {
        assert_eq!(age_seconds(u64::MAX), 0);
        assert!(age_seconds(0) > 1_600_000_000);
    }
}
