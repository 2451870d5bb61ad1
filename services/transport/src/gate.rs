//! Which connections are let in, and which must make room.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::Peer;

/// Faults that a peer may make at once, and how soon one is forgotten.
const FAULTS: u32 = 128;
const FORGET: Duration = Duration::from_micros(62_500);
/// Peers remembered for their faults; beyond, those with the fewest are forgotten.
const REMEMBERED: usize = 4096;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all.
    pub total: usize,
    /// Of one peer.
    pub per_peer: usize,
}

/// Counts since the start, and what is open now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateStats {
    /// Connections open now.
    pub open: usize,
    /// Dropped because their peer had as many as one may have.
    pub over_peer_limit: u64,
    /// Dropped because their peer had made too many faults.
    pub barred: u64,
    /// Dropped because there was no room and nobody to make some.
    pub full: u64,
    /// Closed to make room: they had not had one good answer.
    pub displaced: u64,
}

/// Lets connections in.
#[derive(Debug)]
pub struct Gate {
    limits: ConnectionLimits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// By age.
    connections: BTreeMap<u64, Entry>,
    open: HashMap<Peer, usize>,
    faults: HashMap<Peer, Faults>,
    stats: GateStats,
}

#[derive(Debug)]
struct Entry {
    peer: Peer,
    /// Whether it had a good answer.
    proven: Arc<AtomicBool>,
    close: CancellationToken,
}

/// A bucket that faults fill and time empties.
#[derive(Clone, Copy, Debug)]
struct Faults {
    /// The time at which all are forgotten.
    until: Instant,
}

impl Faults {
    /// How many are not forgotten.
    fn count(&self, now: Instant) -> u32 {
        let left = self.until.saturating_duration_since(now);
        u32::try_from(left.as_nanos().div_ceil(FORGET.as_nanos())).unwrap_or(u32::MAX)
    }
}

/// A connection that was let in. Its place is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    gate: Arc<Gate>,
    id: u64,
    /// Who it is.
    pub(crate) peer: Peer,
    proven: Arc<AtomicBool>,
    /// Cancelled when the connection must end.
    pub(crate) close: CancellationToken,
}

impl Gate {
    /// A gate with nobody inside.
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it has done.
    pub fn stats(&self) -> GateStats {
        let state = self.state();
        GateStats {
            open: state.connections.len(),
            ..state.stats
        }
    }

    /// Lets a connection of `peer` in, or not. When all places are taken, the oldest connection
    /// that has not had a good answer makes room.
    pub(crate) fn admit(self: &Arc<Self>, peer: Peer, now: Instant) -> Option<Admitted> {
        let mut state = self.state();
        if state.is_barred(peer, now) {
            state.stats.barred += 1;
            return None;
        }
        let of_peer = state.open.get(&peer).copied().unwrap_or(0);
        if of_peer >= self.limits.per_peer {
            state.stats.over_peer_limit += 1;
            return None;
        }
        if state.connections.len() >= self.limits.total && !state.displace() {
            state.stats.full += 1;
            return None;
        }
        let id = state.next;
        state.next += 1;
        let (proven, close) = (Arc::new(AtomicBool::new(false)), CancellationToken::new());
        let entry = Entry {
            peer,
            proven: proven.clone(),
            close: close.clone(),
        };
        state.connections.insert(id, entry);
        *state.open.entry(peer).or_default() += 1;
        Some(Admitted {
            gate: self.clone(),
            id,
            peer,
            proven,
            close,
        })
    }
}

impl State {
    fn is_barred(&self, peer: Peer, now: Instant) -> bool {
        self.faults
            .get(&peer)
            .is_some_and(|faults| faults.count(now) >= FAULTS)
    }

    /// Makes room; false if every connection has proven itself.
    fn displace(&mut self) -> bool {
        let oldest = self
            .connections
            .iter()
            .find(|(_, entry)| !entry.proven.load(Ordering::Relaxed))
            .map(|(id, _)| *id);
        let Some(id) = oldest else { return false };
        if let Some(entry) = self.remove(id) {
            entry.close.cancel();
            self.stats.displaced += 1;
        }
        true
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.connections.remove(&id)?;
        if let Some(count) = self.open.get_mut(&entry.peer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.open.remove(&entry.peer);
            }
        }
        Some(entry)
    }

    /// Notes a fault; true if the peer is barred with it.
    fn fault(&mut self, peer: Peer, now: Instant) -> bool {
        if self.faults.len() >= REMEMBERED && !self.faults.contains_key(&peer) {
            self.faults.retain(|_, faults| faults.until > now);
            if self.faults.len() >= REMEMBERED {
                let mildest = self.faults.iter().min_by_key(|(_, faults)| faults.until);
                if let Some(mildest) = mildest.map(|(peer, _)| *peer) {
                    self.faults.remove(&mildest);
                }
            }
        }
        let faults = self.faults.entry(peer).or_insert(Faults { until: now });
        faults.until = faults.until.max(now) + FORGET;
        // Not without end: whoever stops is let in again soon.
        faults.until = faults.until.min(now + FORGET * (FAULTS + FAULTS / 4));
        self.is_barred(peer, now)
    }
}

impl Admitted {
    /// Notes that it had a good answer.
    pub(crate) fn proven(&self) {
        self.proven.store(true, Ordering::Relaxed);
    }

    /// Notes that the peer sent something it should not have. A peer that does so too often loses
    /// all its connections.
    pub(crate) fn fault(&self, now: Instant) {
        let mut state = self.gate.state();
        if state.fault(self.peer, now) {
            for entry in state.connections.values() {
                if entry.peer == self.peer {
                    entry.close.cancel();
                }
            }
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.gate.state().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn peer(n: u8) -> Peer {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, n)).into()
    }

    fn gate(total: usize, per_peer: usize) -> Arc<Gate> {
        Gate::new(ConnectionLimits { total, per_peer })
    }

    #[test]
    fn a_peer_has_so_many_places_and_gets_them_back() {
        let (gate, now) = (gate(10, 2), Instant::now());
        let first = gate.admit(peer(1), now).unwrap();
        let _second = gate.admit(peer(1), now).unwrap();
        assert!(gate.admit(peer(1), now).is_none());
        assert!(gate.admit(peer(2), now).is_some());
        drop(first);
        assert!(gate.admit(peer(1), now).is_some());
        assert_eq!(gate.stats().over_peer_limit, 1);
        assert_eq!(gate.stats().open, 1);
    }

    #[test]
    fn newcomers_displace_the_oldest_that_has_proven_nothing() {
        let (gate, now) = (gate(3, 3), Instant::now());
        let inside: Vec<_> = (0..3).map(|n| gate.admit(peer(n), now).unwrap()).collect();
        inside[0].proven();
        let newcomer = gate.admit(peer(9), now).unwrap();
        let closed: Vec<_> = inside.iter().map(|one| one.close.is_cancelled()).collect();
        assert_eq!(closed, [false, true, false]);
        newcomer.proven();
        inside[2].proven();
        assert!(
            gate.admit(peer(8), now).is_none(),
            "all have proven themselves"
        );
        let stats = gate.stats();
        assert_eq!((stats.open, stats.displaced, stats.full), (3, 1, 1));
        // What was displaced gives no second place back.
        drop(inside);
        assert_eq!(gate.stats().open, 1);
    }

    #[test]
    fn too_many_faults_bar_a_peer_for_a_while_and_nobody_else() {
        let (gate, now) = (gate(10, 10), Instant::now());
        let (bad, good) = (
            gate.admit(peer(1), now).unwrap(),
            gate.admit(peer(2), now).unwrap(),
        );
        for _ in 1..FAULTS {
            bad.fault(now);
        }
        assert!(!bad.close.is_cancelled());
        bad.fault(now);
        assert!(bad.close.is_cancelled());
        assert!(!good.close.is_cancelled());
        assert!(gate.admit(peer(1), now).is_none());
        assert!(gate.admit(peer(2), now).is_some());
        assert_eq!(gate.stats().barred, 1);
        // However many it made, it is let in again soon after it stops.
        for _ in 0..10_000 {
            bad.fault(now);
        }
        assert!(gate.admit(peer(1), now + FORGET * FAULTS / 2).is_some());
    }

    #[test]
    fn faults_of_many_peers_need_bounded_memory() {
        let (gate, now) = (gate(10, 10), Instant::now());
        let mut state = gate.state();
        for n in 0..3 * REMEMBERED as u32 {
            let peer = IpAddr::V4(Ipv4Addr::from_bits(n)).into();
            state.fault(peer, now);
        }
        assert_eq!(state.faults.len(), REMEMBERED);
    }
}
