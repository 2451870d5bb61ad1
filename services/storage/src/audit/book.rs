//! What is known of the challenges of one round: which are to be answered, which answers are under way, and how it ended. The chain's finalised state is the truth;
//! this only keeps the daemon from sending twice what is on its way.

use std::collections::BTreeMap;

use noema_chain_client::{BlockNumber, Challenge, Challenges, RoundIndex};

/// Where the answer to a challenge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Nobody has it.
    Open,
    /// Submitted, and not known to be final.
    Sent,
    /// Its call ended in this finalised block; the state there says how.
    Ended(BlockNumber),
    /// The chain has it.
    Answered,
}

#[derive(Clone, Debug)]
struct Entry {
    challenge: Challenge,
    way: Way,
    /// Why it cannot be proven at present.
    fault: Option<String>,
}

/// How a challenge of a round that is over was missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missed {
    pub(super) challenge: Challenge,
    /// Why it could not be proven; `None` if it could, and the answer was late.
    pub(super) fault: Option<String>,
}

/// What a look at the chain brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Challenges that were not known.
    pub(super) new: usize,
    /// Answers that the chain has now and had not.
    pub(super) answered: usize,
}

/// The challenges of one round.
#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) round: RoundIndex,
    /// The block whose seed drew it: another fork may have drawn something else.
    pub(super) drawn_at: Option<BlockNumber>,
    entries: BTreeMap<u8, Entry>,
    /// Whether the finalised state was seen to ask for nothing more.
    done: bool,
    closed: bool,
}

impl Book {
    pub(super) fn new(round: RoundIndex) -> Self {
        Self {
            round,
            drawn_at: None,
            entries: BTreeMap::new(),
            done: false,
            closed: false,
        }
    }

    /// Takes over what a state asks for. Only a finalised state can end the round: elsewhere `answered` may be taken back.
    pub(super) fn see(
        &mut self,
        asked: Option<&Challenges>,
        at: BlockNumber,
        is_final: bool,
    ) -> Seen {
        let mut seen = Seen::default();
        let Some(asked) = asked else {
            if is_final {
                seen.answered = self.answer_all();
                self.done = true;
            }
            return seen;
        };
        self.done = false;
        for challenge in &asked.items {
            let entry = self.entries.entry(challenge.index).or_insert_with(|| {
                seen.new += 1;
                Entry {
                    challenge: *challenge,
                    way: Way::Open,
                    fault: None,
                }
            });
            if entry.challenge.sector != challenge.sector || entry.challenge.root != challenge.root
            {
                // Another fork's draw.
                entry.way = Way::Open;
                entry.fault = None;
            }
            entry.challenge = *challenge;
            match (challenge.answered, entry.way) {
                (true, Way::Answered) => {}
                (true, _) if is_final => {
                    entry.way = Way::Answered;
                    seen.answered += 1;
                }
                (true, _) => {}
                // Whatever ended in a block that this state knows has not answered it.
                (false, Way::Ended(block)) if block <= at => entry.way = Way::Open,
                (false, Way::Answered) => entry.way = Way::Open,
                (false, _) => {}
            }
        }
        seen
    }

    fn answer_all(&mut self) -> usize {
        let open = self
            .entries
            .values_mut()
            .filter(|entry| entry.way != Way::Answered);
        open.map(|entry| {
            entry.way = Way::Answered;
            entry.fault = None;
        })
        .count()
    }

    /// What nobody answers at present, those of one file behind each other.
    pub(super) fn to_answer(&self) -> Vec<Challenge> {
        let open = self
            .entries
            .values()
            .filter(|entry| entry.way == Way::Open && !entry.challenge.answered);
        let mut open: Vec<_> = open.map(|entry| entry.challenge).collect();
        open.sort_by_key(|challenge| (challenge.root, challenge.size, challenge.sector));
        open
    }

    fn set(&mut self, indices: &[u8], way: Way) {
        for index in indices {
            if let Some(entry) = self.entries.get_mut(index) {
                if entry.way != Way::Answered {
                    entry.way = way;
                }
            }
        }
    }

    /// Answers were submitted.
    pub(super) fn sent(&mut self, indices: &[u8]) {
        self.set(indices, Way::Sent);
        for index in indices {
            if let Some(entry) = self.entries.get_mut(index) {
                entry.fault = None;
            }
        }
    }

    /// The call with these answers was executed in a finalised block, with whatever result.
    pub(super) fn ended(&mut self, indices: &[u8], block: BlockNumber) {
        self.set(indices, Way::Ended(block));
    }

    /// The call with these answers was not executed, as far as is known.
    pub(super) fn failed(&mut self, indices: &[u8]) {
        self.set(indices, Way::Open);
    }

    /// A challenge cannot be proven. Says whether that is news.
    pub(super) fn fault(&mut self, index: u8, fault: String) -> bool {
        let Some(entry) = self.entries.get_mut(&index) else {
            return false;
        };
        let news = entry.fault.is_none();
        entry.fault = Some(fault);
        news
    }

    /// Challenges that cannot be proven at present.
    pub(super) fn faults(&self) -> usize {
        let faults = self.entries.values().filter(|entry| entry.fault.is_some());
        faults.count()
    }

    /// Whether the chain asks for nothing more.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Whether anything was ever asked.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the outcome is noted.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Notes that the round was passed.
    /// Returns how many answers were not known to be with the chain.
    pub(super) fn close_passed(&mut self) -> usize {
        self.closed = true;
        self.done = true;
        self.answer_all()
    }

    /// Notes that the round was missed. Returns what was not answered.
    pub(super) fn close_missed(&mut self) -> Vec<Missed> {
        self.closed = true;
        let missed = self
            .entries
            .values()
            .filter(|entry| entry.way != Way::Answered);
        missed
            .map(|entry| Missed {
                challenge: entry.challenge,
                fault: entry.fault.clone(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use noema_chain_client::AccountId;

    use super::*;

    fn asked(answered: &[bool]) -> Challenges {
        let items = (0u8..).zip(answered).map(|(index, answered)| Challenge {
            index,
            root: [1; 32],
            size: 1000,
            owner: AccountId([2; 32]),
            slot: 0,
            sector: 9 - u64::from(index),
            answered: *answered,
        });
        Challenges {
            round: 4,
            until: 130,
            items: items.collect(),
        }
    }

    fn indices(challenges: &[Challenge]) -> Vec<u8> {
        challenges.iter().map(|challenge| challenge.index).collect()
    }

    #[test]
    fn what_is_asked_is_answered_once_and_done_when_the_chain_says_so() {
        let mut book = Book::new(4);
        let seen = book.see(Some(&asked(&[false, false, true])), 10, true);
        assert_eq!((seen.new, seen.answered), (3, 1));
        assert_eq!(
            indices(&book.to_answer()),
            [1, 0],
            "in the order of the file"
        );
        book.sent(&[1, 0]);
        assert!(book.to_answer().is_empty());
        book.ended(&[1, 0], 12);
        // A state from before that block does not know of it.
        book.see(Some(&asked(&[false, false, true])), 11, true);
        assert!(book.to_answer().is_empty() && !book.is_done());
        let seen = book.see(None, 12, true);
        assert_eq!((seen.new, seen.answered), (0, 2));
        assert!(book.is_done());
    }

    #[test]
    fn an_answer_that_did_not_count_is_given_again() {
        let mut book = Book::new(4);
        book.see(Some(&asked(&[false, false])), 10, true);
        book.sent(&[0, 1]);
        book.failed(&[0]);
        assert_eq!(indices(&book.to_answer()), [0], "it was never executed");
        book.ended(&[1], 12);
        book.see(Some(&asked(&[false, false])), 12, true);
        assert_eq!(indices(&book.to_answer()), [1, 0], "it was, in vain");
    }

    #[test]
    fn a_head_that_is_not_final_ends_nothing_and_may_draw_anew() {
        let mut book = Book::new(4);
        book.see(Some(&asked(&[false, false])), 10, false);
        book.sent(&[0, 1]);
        book.see(None, 11, false);
        assert!(!book.is_done());
        book.see(Some(&asked(&[true, false])), 11, false);
        assert!(book.to_answer().is_empty());
        let mut other = asked(&[false, false]);
        other.items[0].sector = 77;
        book.see(Some(&other), 12, false);
        assert_eq!(indices(&book.to_answer()), [0], "another sector");
        book.see(Some(&asked(&[true, true])), 12, true);
        book.see(Some(&asked(&[false, true])), 13, true);
        assert_eq!(indices(&book.to_answer()), [0], "the chain knows better");
    }

    #[test]
    fn a_missed_round_tells_late_answers_from_lost_data() {
        let mut book = Book::new(4);
        book.see(Some(&asked(&[false, false, true])), 10, true);
        assert!(book.fault(0, "segment 0 is missing".into()));
        assert!(!book.fault(0, "segment 0 is missing".into()));
        assert_eq!(book.faults(), 1);
        book.sent(&[1]);
        let missed = book.close_missed();
        let faults: Vec<_> = missed
            .iter()
            .map(|m| (m.challenge.index, m.fault.is_some()))
            .collect();
        assert_eq!(faults, [(0, true), (1, false)]);
        assert!(book.is_closed());
    }

    #[test]
    fn whoever_is_asked_for_nothing_is_done_and_has_passed_nothing() {
        let mut book = Book::new(4);
        assert_eq!(book.see(None, 10, true), Seen::default());
        assert!(book.is_done() && book.is_empty());
    }
}
