//! Peers that served something wrong are left for a while, longer each time.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use noema_chain_client::AccountId;

/// How long a peer is left after its first fault; doubled with each further one.
const FIRST: Duration = Duration::from_secs(60);
/// The longest time.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Who is left until when.
#[derive(Debug, Default)]
pub(crate) struct Penalties {
    peers: Mutex<HashMap<AccountId, (u32, Instant)>>,
}

impl Penalties {
    /// Leaves a peer. Returns for how long.
    pub(crate) fn punish(&self, peer: AccountId) -> Duration {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let faults = peers.get(&peer).map_or(0, |(faults, _)| *faults);
        let time = FIRST.saturating_mul(1 << faults.min(10)).min(LONGEST);
        peers.insert(peer, (faults.saturating_add(1), Instant::now() + time));
        time
    }

    /// Whether a peer is left at present.
    pub(crate) fn is_left(&self, peer: &AccountId) -> bool {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers
            .get(peer)
            .is_some_and(|(_, until)| Instant::now() < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn penalties_grow_to_a_limit() {
        let penalties = Penalties::default();
        let peer = AccountId([1; 32]);
        assert!(!penalties.is_left(&peer));
        assert_eq!(penalties.punish(peer), FIRST);
        assert!(penalties.is_left(&peer));
        assert_eq!(penalties.punish(peer), FIRST * 2);
        for _ in 0..40 {
            penalties.punish(peer);
        }
        assert_eq!(penalties.punish(peer), LONGEST);
        assert!(!penalties.is_left(&AccountId([2; 32])));
    }
}
