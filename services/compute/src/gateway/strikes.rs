//! Channels whose requests kept an engine busy for nothing that could be charged: those whose time ran out, or whose answer was too long to be taken. They wait before they may ask again, longer each time.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use noema_compute_primitives::ChannelId;

/// The first pause, doubled each time, and the longest.
const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// Channels from which on those are forgotten that may be.
const REMEMBERED: usize = 4_096;

#[derive(Clone, Copy, Debug)]
struct Strike {
    until: Instant,
    pause: Duration,
}

impl Strike {
    /// From when on it counts no more: whoever waited twice as long as it had to begins anew.
    fn forgotten(&self) -> Instant {
        self.until + self.pause * 2
    }
}

/// The channels.
#[derive(Debug, Default)]
pub(super) struct Strikes(Mutex<HashMap<ChannelId, Strike>>);

impl Strikes {
    /// Notes a request that cost an engine's time and nothing else.
    pub(super) fn note(&self, channel: ChannelId, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.retain(|_, strike| strike.forgotten() > now);
        }
        let pause = match all.get(&channel) {
            // Of the same burst.
            Some(strike) if now < strike.until => return,
            Some(strike) if now < strike.forgotten() => (strike.pause * 2).min(LONGEST),
            _ => FIRST,
        };
        let until = now + pause;
        all.insert(channel, Strike { until, pause });
    }

    /// For how long a channel must wait.
    pub(super) fn wait(&self, channel: ChannelId, now: Instant) -> Option<Duration> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = all.get(&channel)?.until.saturating_duration_since(now);
        Some(left).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_a_burst_is_one() {
        let (strikes, mut now) = (Strikes::default(), Instant::now());
        assert_eq!(strikes.wait(1, now), None);
        for seconds in [10, 20, 40] {
            (0..9).for_each(|_| strikes.note(1, now));
            let pause = Duration::from_secs(seconds);
            assert_eq!(strikes.wait(1, now), Some(pause));
            assert_eq!(strikes.wait(2, now), None);
            now += pause;
            assert_eq!(strikes.wait(1, now), None);
        }
        now += Duration::from_secs(80);
        strikes.note(1, now);
        assert_eq!(strikes.wait(1, now), Some(FIRST));
    }
}
