//! Calls for the states of slots: which are under way, and when one that failed may be tried again.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Calls about slots under way at the same time. What is beyond waits for the next block, so that answers to audits, which have the same
/// queue, never wait behind thousands of them.
pub(super) const MAX_CALLS: usize = 384;

/// How a call for a slot's state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    UnderWay,
    Done,
    /// It failed, and may be tried again from then on.
    NotBefore(Instant),
}

/// A call, and whether its token was seen since [`Calls::begin_look`].
#[derive(Clone, Copy, Debug)]
struct Entry {
    progress: Progress,
    seen: bool,
}

/// A call for a slot's state: which, and when it may be tried again. States have tokens, and a call
/// that worked is never repeated for the same token. Tokens without a call take no memory.
#[derive(Debug, Default)]
pub(super) struct Calls {
    entries: HashMap<u64, Entry>,
    under_way: usize,
}

impl Calls {
    /// A slot has this token.
    pub(super) fn see(&mut self, token: u64) {
        if let Some(entry) = self.entries.get_mut(&token) {
            entry.seen = true;
        }
    }

    /// Whether a call for a token may begin, were it not for how many are under way.
    pub(super) fn may_begin(&self, token: u64) -> bool {
        let Some(entry) = self.entries.get(&token) else {
            return true;
        };
        match entry.progress {
            Progress::UnderWay | Progress::Done => false,
            Progress::NotBefore(at) => Instant::now() >= at,
        }
    }

    /// Begins a call, if it may.
    pub(super) fn begin(&mut self, token: u64) -> bool {
        if self.under_way >= MAX_CALLS || !self.may_begin(token) {
            return false;
        }
        let entry = Entry {
            progress: Progress::UnderWay,
            seen: true,
        };
        self.entries.insert(token, entry);
        self.under_way += 1;
        true
    }

    /// Ends a call that was begun.
    pub(super) fn end(&mut self, token: u64, again_after: Option<Duration>) {
        let Some(entry) = self.entries.get_mut(&token) else {
            return;
        };
        if entry.progress == Progress::UnderWay {
            self.under_way -= 1;
        }
        entry.progress = match again_after {
            None => Progress::Done,
            Some(pause) => Progress::NotBefore(Instant::now() + pause),
        };
    }

    /// Begins a look at all tokens that there are.
    pub(super) fn begin_look(&mut self) {
        self.entries
            .values_mut()
            .for_each(|entry| entry.seen = false);
    }

    /// Ends the look: what was done for tokens that no slot has any more is forgotten, and so is what may be tried again by now.
    pub(super) fn end_look(&mut self) {
        let now = Instant::now();
        self.entries.retain(|_, entry| match entry.progress {
            Progress::UnderWay => true,
            Progress::Done => entry.seen,
            Progress::NotBefore(at) => entry.seen && now < at,
        });
    }

    /// Lets everything that failed be tried again at once.
    #[cfg(test)]
    pub(super) fn end_pauses(&mut self) {
        for entry in self.entries.values_mut() {
            if let Progress::NotBefore(at) = &mut entry.progress {
                *at = Instant::now();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_call_is_made_once_for_a_token_and_again_after_a_pause_if_it_failed() {
        let mut calls = Calls::default();
        assert!(calls.begin(1) && !calls.begin(1));
        calls.end(1, Some(LONG));
        assert!(!calls.begin(1));
        calls.end_pauses();
        assert!(calls.begin(1));
        calls.end(1, None);
        assert!(!calls.begin(1) && !calls.may_begin(1));
    }

    #[test]
    fn no_more_calls_are_under_way_than_may_be() {
        let mut calls = Calls::default();
        assert!((0..MAX_CALLS as u64).all(|token| calls.begin(token)));
        assert!(!calls.begin(9999) && calls.may_begin(9999));
        calls.end(0, None);
        assert!(calls.begin(9999));
    }

    #[test]
    fn only_what_says_something_is_remembered() {
        let mut calls = Calls::default();
        for token in 0..4 {
            assert!(calls.begin(token));
        }
        calls.end(0, None);
        calls.end(1, None);
        calls.end(2, Some(Duration::ZERO));
        calls.begin_look();
        (1..200).for_each(|token| calls.see(token));
        assert!(!calls.may_begin(1) && calls.may_begin(2));
        assert!((100..200).all(|token| calls.may_begin(token)));
        calls.end_look();
        let mut left: Vec<_> = calls.entries.keys().copied().collect();
        left.sort_unstable();
        assert_eq!(left, [1, 3], "done and live, and under way");
        assert!(calls.begin(0), "a token that is gone is as good as new");
    }
}
