//! So many bytes in a second, shared by all that take part.
//!
//! Whoever wants to move bytes books them and waits until those booked before are paid for: in the order of coming, each with one timer
//! and no second look, so that small and large takers are served alike. (`governor`, which the lock file has by way of the client's RPC
//! server, lets waiters race for the bucket again and again, refuses more at once than the bucket holds, and keeps a clock of its own.)

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{sleep_until, Instant};

/// How much may be moved at once after a pause, as time. Timers are exact to a millisecond: this makes up for it.
const BURST: Duration = Duration::from_millis(100);

/// A limit for bytes in a second, or none. Cloning is cheap and shares it.
#[derive(Clone, Default)]
pub struct Rate(Option<Arc<Bucket>>);

struct Bucket {
    per_second: u64,
    /// When everything that is booked is paid for.
    paid_at: Mutex<Instant>,
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(bucket) => write!(f, "Rate({} B/s)", bucket.per_second),
            None => f.write_str("Rate(unlimited)"),
        }
    }
}

impl Rate {
    /// So many bytes in a second; 0 is no limit.
    pub fn new(per_second: u64) -> Self {
        if per_second == 0 {
            return Self(None);
        }
        Self(Some(Arc::new(Bucket {
            per_second,
            paid_at: Mutex::new(Instant::now()),
        })))
    }

    /// Waits until `bytes` may be moved. Returns for how long it waited.
    pub async fn take(&self, bytes: u64) -> Duration {
        let Some(bucket) = &self.0 else {
            return Duration::ZERO;
        };
        let now = Instant::now();
        let (booking, at) = bucket.book(bytes, now);
        if at > now {
            sleep_until(at).await;
        }
        booking.keep();
        Instant::now().saturating_duration_since(now)
    }
}

impl Bucket {
    /// Books bytes; says when they may be moved.
    fn book(&self, bytes: u64, now: Instant) -> (Booking<'_>, Instant) {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.per_second);
        let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let mut paid_at = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
        // What was not used is lost, but for a little.
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let at = (*paid_at).max(earliest);
        // Beyond what a clock can count nobody waits longer.
        *paid_at = at.checked_add(cost).unwrap_or(at);
        let booking = Booking {
            bucket: Some(self),
            cost,
        };
        (booking, at)
    }
}

/// Bytes that are booked; given back when whoever waits for them goes away.
struct Booking<'a> {
    bucket: Option<&'a Bucket>,
    cost: Duration,
}

impl Booking<'_> {
    fn keep(mut self) {
        self.bucket = None;
    }
}

impl Drop for Booking<'_> {
    fn drop(&mut self) {
        if let Some(bucket) = self.bucket {
            let mut paid_at = bucket
                .paid_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *paid_at = paid_at.checked_sub(self.cost).unwrap_or(*paid_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// A limit of a MiB in a second, and a clock that only the test moves.
    struct Clock {
        rate: Rate,
        began: Instant,
        now: Instant,
    }

    impl Clock {
        fn new() -> Self {
            let (rate, now) = (Rate::new(MIB), Instant::now());
            Self {
                rate,
                began: now,
                now,
            }
        }

        fn book(&self, bytes: u64) -> (Booking<'_>, Instant) {
            let bucket = self.rate.0.as_ref().expect("there is a limit");
            bucket.book(bytes, self.now)
        }

        /// Moves the clock on to when these bytes may be moved.
        fn take(&mut self, bytes: u64) {
            let (booking, at) = self.book(bytes);
            booking.keep();
            self.now = self.now.max(at);
        }

        fn seconds(&self) -> f64 {
            (self.now - self.began).as_secs_f64()
        }
    }

    #[tokio::test]
    async fn without_a_limit_nobody_waits() {
        assert_eq!(Rate::new(0).take(u64::MAX).await, Duration::ZERO);
        assert_eq!(Rate::default().take(u64::MAX).await, Duration::ZERO);
    }

    #[tokio::test]
    async fn who_takes_waits_in_truth() {
        let (rate, began) = (Rate::new(MIB), Instant::now());
        // A burst is free, the last piece is not waited for.
        for _ in 0..4 {
            rate.take(MIB / 8).await;
        }
        assert!(began.elapsed() >= Duration::from_millis(250));
    }

    #[test]
    fn bytes_take_their_time_in_small_and_in_large_pieces() {
        for piece in [1000, 32 << 10, 256 << 10, 4 * MIB] {
            let mut clock = Clock::new();
            let mut moved = 0;
            while moved < 20 * MIB {
                clock.take(piece);
                moved += piece;
            }
            // The last piece is begun when all before it are paid for; a burst is free.
            let seconds = clock.seconds();
            let most = moved as f64 / MIB as f64;
            let least = (moved - piece) as f64 / MIB as f64 - 0.2;
            assert!(
                (least..=most).contains(&seconds),
                "{piece}: {seconds} s, {least} to {most}"
            );
        }
    }

    #[test]
    fn all_share_one_limit_and_none_is_left_out() {
        let mut clock = Clock::new();
        // Of each taker: when it is there for its next piece, and how many it has had.
        let mut takers = [(clock.began, 0); 8];
        while let Some((at, had)) = takers
            .iter_mut()
            .filter(|(_, had)| *had < 16)
            .min_by_key(|(at, _)| *at)
        {
            clock.now = *at;
            clock.take(64 << 10);
            (*at, *had) = (clock.now, *had + 1);
        }
        // 8 MiB in all; each goes on when the others do, so that all end together.
        for (ended, _) in takers {
            let seconds = (ended - clock.began).as_secs_f64();
            assert!((6.9..=8.1).contains(&seconds), "{takers:?}");
        }
    }

    #[test]
    fn a_pause_gives_no_more_than_a_burst() {
        let mut clock = Clock::new();
        clock.now += Duration::from_secs(3600);
        clock.began = clock.now;
        for _ in 0..10 {
            clock.take(MIB);
        }
        let seconds = clock.seconds();
        assert!((8.8..=9.1).contains(&seconds), "{seconds}");
    }

    #[test]
    fn who_goes_away_gives_back_what_it_booked() {
        let mut clock = Clock::new();
        clock.take(MIB);
        drop(clock.book(3600 * MIB));
        clock.take(1);
        assert!(clock.seconds() <= 1.0, "{}", clock.seconds());
    }
}
