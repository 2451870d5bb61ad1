//! Asks to catch up in GRANDPA's rounds once more, when nothing else would make the SDK ask.
//!
//! A voter that was away asks a peer for the votes of a later round when it hears that the peer is there, and only then. What it hears while
//! one request is under way is not looked at again when that is done. As long as the others finalise, they enter new rounds and say so every
//! time. When they wait for this very voter they say nothing more, for the two minutes until they repeat themselves: all wait for each other.
//! So it happened in a network of four: one had just come back, and was some rounds behind, when another was lost.
//!
//! This stands between the network and GRANDPA's gossip and lets everything pass. When the gossip has stayed out of reach of a peer for a
//! while, it is told that the peer left, came back, and said again what it said last: then it asks. The peer hears nothing of this.

use super::packet::Neighbor;
use async_trait::async_trait;
use sc_network::{
    error,
    service::traits::{Direction, MessageSink, NotificationEvent, NotificationService},
    PeerId, ProtocolName,
};
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};
use tokio::time::{interval, Instant, Interval};

/// How long a voter is left to catch up by itself before the first and between any two attempts; it doubles up to [`Times::most`].
#[derive(Clone, Copy, Debug)]
struct Times {
    look: Duration,
    first: Duration,
    most: Duration,
}

const TIMES: Times = Times {
    look: Duration::from_secs(1),
    first: Duration::from_secs(3),
    most: Duration::from_secs(60),
};

/// GRANDPA's notifications, with one more occasion to catch up.
#[derive(Debug)]
pub(crate) struct CatchUp {
    inner: Box<dyn NotificationService>,
    peers: HashMap<PeerId, Peer>,
    /// What this node told last.
    own: Option<Neighbor>,
    behind: Option<Behind>,
    /// Told before anything else.
    due: VecDeque<NotificationEvent>,
    /// Who is not to hear what is told to a new peer: it knows, and would take the repetition for spam.
    knows: Option<PeerId>,
    times: Times,
    look: Option<Interval>,
}

/// As it was when it came, and what it said last.
#[derive(Debug)]
struct Peer {
    direction: Direction,
    handshake: Vec<u8>,
    negotiated_fallback: Option<ProtocolName>,
    said: Option<(Neighbor, Vec<u8>)>,
}

#[derive(Debug)]
struct Behind {
    own: Neighbor,
    next: Instant,
    wait: Duration,
}

impl CatchUp {
    /// Puts itself before these notifications.
    pub(crate) fn new(inner: Box<dyn NotificationService>) -> Self {
        Self {
            inner,
            peers: HashMap::new(),
            own: None,
            behind: None,
            due: VecDeque::new(),
            knows: None,
            times: TIMES,
            look: None,
        }
    }

    fn hear(&mut self, event: &NotificationEvent) {
        match event {
            NotificationEvent::NotificationStreamOpened {
                peer,
                direction,
                handshake,
                negotiated_fallback,
            } => {
                let as_it_came = Peer {
                    direction: *direction,
                    handshake: handshake.clone(),
                    negotiated_fallback: negotiated_fallback.clone(),
                    said: None,
                };
                self.peers.insert(*peer, as_it_came);
            }
            NotificationEvent::NotificationStreamClosed { peer } => {
                self.peers.remove(peer);
            }
            NotificationEvent::NotificationReceived { peer, notification } => {
                if let Some(packet) = Neighbor::read(notification) {
                    if let Some(known) = self.peers.get_mut(peer) {
                        known.said = Some((packet, notification.clone()));
                    }
                }
            }
            NotificationEvent::ValidateInboundSubstream { .. } => {}
        }
    }

    /// Sees whether it is time to ask.
    fn consider(&mut self, now: Instant) {
        let Some(own) = self.own else {
            return;
        };
        let out_of_reach = self.peers.iter().filter_map(|(id, peer)| {
            let (packet, _) = peer.said.as_ref()?;
            packet.is_out_of_reach_of(&own).then_some((packet, id))
        });
        let Some((packet, peer)) = out_of_reach.max_by_key(|(packet, _)| packet.round) else {
            self.behind = None;
            return;
        };
        let (round, peer) = (packet.round, *peer);
        match &mut self.behind {
            Some(behind) if behind.own.round == own.round && behind.own.set_id == own.set_id => {
                if now < behind.next {
                    return;
                }
                behind.wait = behind.wait.saturating_mul(2).min(self.times.most);
                behind.next = now + behind.wait;
            }
            _ => {
                let wait = self.times.first;
                self.behind = Some(Behind {
                    own,
                    next: now + wait,
                    wait,
                });
                return;
            }
        }
        tracing::info!(
            target: "grandpa",
            "Still in round {} while {peer} is in round {round}: asking once more to catch up",
            own.round,
        );
        self.repeat(peer);
    }

    fn repeat(&mut self, peer: PeerId) {
        let Some(known) = self.peers.get(&peer) else {
            return;
        };
        let Some((_, message)) = &known.said else {
            return;
        };
        self.due.extend([
            NotificationEvent::NotificationStreamClosed { peer },
            NotificationEvent::NotificationStreamOpened {
                peer,
                direction: known.direction,
                handshake: known.handshake.clone(),
                negotiated_fallback: known.negotiated_fallback.clone(),
            },
            NotificationEvent::NotificationReceived {
                peer,
                notification: message.clone(),
            },
        ]);
        self.knows = Some(peer);
    }
}

#[async_trait]
impl NotificationService for CatchUp {
    async fn open_substream(&mut self, peer: PeerId) -> Result<(), ()> {
        self.inner.open_substream(peer).await
    }

    async fn close_substream(&mut self, peer: PeerId) -> Result<(), ()> {
        self.inner.close_substream(peer).await
    }

    fn send_sync_notification(&mut self, peer: &PeerId, notification: Vec<u8>) {
        if let Some(packet) = Neighbor::read(&notification) {
            self.own = Some(packet);
            if self.knows.take_if(|knows| knows == peer).is_some() {
                return;
            }
        }
        self.inner.send_sync_notification(peer, notification);
    }

    async fn send_async_notification(
        &mut self,
        peer: &PeerId,
        notification: Vec<u8>,
    ) -> Result<(), error::Error> {
        self.inner.send_async_notification(peer, notification).await
    }

    async fn set_handshake(&mut self, handshake: Vec<u8>) -> Result<(), ()> {
        self.inner.set_handshake(handshake).await
    }

    fn try_set_handshake(&mut self, handshake: Vec<u8>) -> Result<(), ()> {
        self.inner.try_set_handshake(handshake)
    }

    // The gossip makes this future anew each time it is polled, so that whatever lasts is in `self`.
    async fn next_event(&mut self) -> Option<NotificationEvent> {
        loop {
            if let Some(event) = self.due.pop_front() {
                return Some(event);
            }
            let look = self.look.get_or_insert_with(|| interval(self.times.look));
            tokio::select! {
                biased;
                event = self.inner.next_event() => {
                    let event = event?;
                    self.hear(&event);
                    return Some(event);
                }
                now = look.tick() => self.consider(now),
            }
        }
    }

    fn clone(&mut self) -> Result<Box<dyn NotificationService>, ()> {
        self.inner.clone()
    }

    fn protocol(&self) -> &ProtocolName {
        self.inner.protocol()
    }

    fn message_sink(&self, peer: &PeerId) -> Option<Box<dyn MessageSink>> {
        self.inner.message_sink(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tokio::{
        sync::mpsc,
        time::{sleep, timeout},
    };

    type Sent = Arc<Mutex<Vec<(PeerId, Vec<u8>)>>>;

    const QUICK: Times = Times {
        look: Duration::from_millis(5),
        first: Duration::from_millis(30),
        most: Duration::from_millis(60),
    };
    /// Longer than any wait of these.
    const LONG: Duration = Duration::from_millis(150);

    #[derive(Debug)]
    struct Network {
        name: ProtocolName,
        events: mpsc::UnboundedReceiver<NotificationEvent>,
        sent: Sent,
    }

    #[async_trait]
    impl NotificationService for Network {
        async fn open_substream(&mut self, _peer: PeerId) -> Result<(), ()> {
            Err(())
        }
        async fn close_substream(&mut self, _peer: PeerId) -> Result<(), ()> {
            Err(())
        }
        fn send_sync_notification(&mut self, peer: &PeerId, notification: Vec<u8>) {
            self.sent.lock().unwrap().push((*peer, notification));
        }
        async fn send_async_notification(
            &mut self,
            _peer: &PeerId,
            _notification: Vec<u8>,
        ) -> Result<(), error::Error> {
            Ok(())
        }
        async fn set_handshake(&mut self, _handshake: Vec<u8>) -> Result<(), ()> {
            Ok(())
        }
        fn try_set_handshake(&mut self, _handshake: Vec<u8>) -> Result<(), ()> {
            Ok(())
        }
        async fn next_event(&mut self) -> Option<NotificationEvent> {
            self.events.recv().await
        }
        fn clone(&mut self) -> Result<Box<dyn NotificationService>, ()> {
            Err(())
        }
        fn protocol(&self) -> &ProtocolName {
            &self.name
        }
        fn message_sink(&self, _peer: &PeerId) -> Option<Box<dyn MessageSink>> {
            None
        }
    }

    /// A node and what happens to it.
    struct Scene {
        node: CatchUp,
        events: mpsc::UnboundedSender<NotificationEvent>,
        sent: Sent,
    }

    impl Scene {
        fn new() -> Self {
            let (events, receiver) = mpsc::unbounded_channel();
            let sent = Sent::default();
            let network = Network {
                name: "grandpa".into(),
                events: receiver,
                sent: sent.clone(),
            };
            let mut node = CatchUp::new(Box::new(network));
            node.times = QUICK;
            Self { node, events, sent }
        }

        async fn comes(&mut self, peer: PeerId) {
            let event = NotificationEvent::NotificationStreamOpened {
                peer,
                direction: Direction::Inbound,
                handshake: vec![4],
                negotiated_fallback: None,
            };
            self.passes(event).await;
        }

        async fn says(&mut self, peer: PeerId, round: u64) {
            let event = NotificationEvent::NotificationReceived {
                peer,
                notification: Neighbor::new(round).message(),
            };
            self.passes(event).await;
        }

        async fn passes(&mut self, event: NotificationEvent) {
            let expected = format!("{event:?}");
            self.events.send(event).unwrap();
            let heard = self.node.next_event().await.unwrap();
            assert_eq!(format!("{heard:?}"), expected);
        }

        /// Says its own round to a peer. Whether the network was given it.
        fn tells(&mut self, peer: PeerId, round: u64) -> bool {
            let before = self.sent.lock().unwrap().len();
            let message = Neighbor::new(round).message();
            self.node.send_sync_notification(&peer, message);
            self.sent.lock().unwrap().len() > before
        }

        async fn hears_nothing(&mut self) -> bool {
            // As the gossip does it: the future does not live on.
            timeout(LONG, async {
                loop {
                    let polled = timeout(Duration::from_millis(1), self.node.next_event());
                    if let Ok(event) = polled.await {
                        return event;
                    }
                }
            })
            .await
            .is_err()
        }

        /// Waits until it is told that this peer comes back in this round; says how long it took.
        async fn is_told_again(&mut self, back: PeerId, round: u64) -> Duration {
            let began = Instant::now();
            let left = self.node.next_event().await.unwrap();
            assert!(
                matches!(left, NotificationEvent::NotificationStreamClosed { peer } if peer == back)
            );
            let took = began.elapsed();
            let came = self.node.next_event().await.unwrap();
            assert!(matches!(
                came,
                NotificationEvent::NotificationStreamOpened { peer, handshake, .. } if peer == back && handshake == [4]
            ));
            // The gossip greets a new peer, which knows.
            assert!(!self.tells(back, self.node.own.unwrap().round));
            let said = self.node.next_event().await.unwrap();
            assert!(matches!(
                said,
                NotificationEvent::NotificationReceived { peer, notification }
                    if peer == back && notification == Neighbor::new(round).message()
            ));
            took
        }
    }

    #[tokio::test]
    async fn who_stays_behind_is_told_once_more_how_far_the_others_are() {
        let (mut scene, near, far) = (Scene::new(), PeerId::random(), PeerId::random());
        scene.comes(near).await;
        scene.comes(far).await;
        assert!(scene.tells(near, 10));
        scene.says(near, 12).await;
        scene.says(far, 22).await;
        assert!(scene.is_told_again(far, 22).await >= Duration::from_millis(20));
        // From then on it speaks to the peer as before.
        assert!(scene.tells(far, 10));
        // It may be of no use, and is tried again later.
        assert!(scene.is_told_again(far, 22).await >= Duration::from_millis(40));
        assert!(scene.is_told_again(far, 22).await >= Duration::from_millis(40));
    }

    #[tokio::test]
    async fn who_keeps_up_is_left_alone() {
        let (mut scene, peer) = (Scene::new(), PeerId::random());
        scene.comes(peer).await;
        scene.says(peer, 30).await;
        // Without a word of its own round.
        assert!(scene.hears_nothing().await);
        assert!(scene.tells(peer, 28));
        assert!(scene.hears_nothing().await);
        scene.says(peer, 31).await;
        sleep(QUICK.look).await;
        // It catches up by itself.
        assert!(scene.tells(peer, 31));
        assert!(scene.hears_nothing().await);
    }

    #[tokio::test]
    async fn progress_gives_time_anew() {
        let (mut scene, peer) = (Scene::new(), PeerId::random());
        scene.comes(peer).await;
        scene.says(peer, 99).await;
        for round in 1..20 {
            assert!(scene.tells(peer, round));
            let event = timeout(Duration::from_millis(10), scene.node.next_event());
            assert!(event.await.is_err(), "in round {round}");
        }
        scene.is_told_again(peer, 99).await;
    }

    #[tokio::test]
    async fn who_has_left_is_not_called_back() {
        let (mut scene, peer) = (Scene::new(), PeerId::random());
        scene.comes(peer).await;
        assert!(scene.tells(peer, 1));
        scene.says(peer, 9).await;
        let gone = NotificationEvent::NotificationStreamClosed { peer };
        scene.passes(gone).await;
        assert!(scene.hears_nothing().await);
        drop(scene.events);
        assert!(scene.node.next_event().await.is_none());
    }
}
