//! Random histories: blocks of every kind, censors, reorganisations, and what providers, owners and
//! strangers do in them.

use super::scene::output;
use crate::audits::{
    block::{Block, Kind, Load},
    book::Answer,
    book::{Audits, Drawn},
    population::Item,
    proof::Proof,
    Account, RoundIndex,
};
use proptest::prelude::*;

/// What a block is like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Weather {
    Usual,
    FullOfWeight,
    FullOfBytes,
    FullOfOperations,
    SessionStart,
    Migrating,
    MigrationEnds,
    Brimful,
    Paused,
    PausedWithin,
    OpenedWithin,
    NoOutput,
}

impl Weather {
    pub(super) fn block(self, salt: u64) -> Block {
        let usual = Block::usual(output(salt));
        let load = |normal, total, length| Load {
            normal,
            total,
            length,
        };
        match self {
            Self::Usual => usual,
            Self::FullOfWeight => Block {
                load: load(990, 740, 100),
                ..usual
            },
            Self::FullOfBytes => Block {
                load: load(30, 20, 760),
                ..usual
            },
            Self::FullOfOperations => Block {
                load: load(0, 900, 0),
                ..usual
            },
            Self::SessionStart => Block {
                kind: Kind::SessionStart,
                ..usual
            },
            Self::Migrating => Block {
                kind: Kind::Migrating,
                ..usual
            },
            Self::MigrationEnds => Block {
                kind: Kind::MigrationEnds,
                ..usual
            },
            Self::Brimful => Block {
                kind: Kind::Brimful,
                load: load(750, 1_000, 0),
                ..usual
            },
            Self::Paused => Block {
                open: (false, false),
                ..usual
            },
            Self::PausedWithin => Block {
                open: (true, false),
                ..usual
            },
            Self::OpenedWithin => Block {
                open: (false, true),
                ..usual
            },
            Self::NoOutput => Block {
                output: None,
                ..usual
            },
        }
    }
}

/// How somebody answers who does not just answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    Everything,
    One(u8),
    Twice(u8),
    Beyond,
    Flipped,
    Truncated,
    Old,
    TooSoon,
    OfAnotherRound,
    OfAnother(Account),
    Nothing,
}

/// What somebody does in a block.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Insert(Account, u64),
    Remove(Account, usize),
    RemoveAll(Account),
    Answer(Account, Manner),
    Poke(Account),
    Take(Account, usize),
}

/// A block of a history.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) weather: Weather,
    /// Its author leaves answers out.
    pub(super) censored: bool,
    /// Before it, the chain returns to where it was so many blocks ago.
    pub(super) back: usize,
    pub(super) acts: Vec<Act>,
}

fn any_weather() -> impl Strategy<Value = Weather> {
    prop_oneof![
        40 => Just(Weather::Usual),
        2 => Just(Weather::FullOfWeight),
        2 => Just(Weather::FullOfBytes),
        1 => Just(Weather::FullOfOperations),
        1 => Just(Weather::SessionStart),
        1 => Just(Weather::Migrating),
        1 => Just(Weather::MigrationEnds),
        1 => Just(Weather::Brimful),
        1 => Just(Weather::Paused),
        1 => Just(Weather::PausedWithin),
        1 => Just(Weather::OpenedWithin),
        8 => Just(Weather::NoOutput),
    ]
}

fn any_manner(accounts: Account) -> impl Strategy<Value = Manner> {
    prop_oneof![
        6 => Just(Manner::Everything),
        4 => (0..6u8).prop_map(Manner::One),
        1 => (0..6u8).prop_map(Manner::Twice),
        1 => Just(Manner::Beyond),
        1 => Just(Manner::Flipped),
        1 => Just(Manner::Truncated),
        1 => Just(Manner::Old),
        1 => Just(Manner::TooSoon),
        1 => Just(Manner::OfAnotherRound),
        1 => (0..accounts).prop_map(Manner::OfAnother),
        1 => Just(Manner::Nothing),
    ]
}

fn any_act(accounts: Account) -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => (0..accounts, 1..60u64).prop_map(|(who, sectors)| Act::Insert(who, sectors)),
        3 => (0..accounts, 0..6usize).prop_map(|(who, place)| Act::Remove(who, place)),
        1 => (0..accounts).prop_map(Act::RemoveAll),
        6 => (0..accounts, any_manner(accounts)).prop_map(|(who, manner)| Act::Answer(who, manner)),
        2 => (0..accounts).prop_map(Act::Poke),
        1 => (0..accounts, 0..4usize).prop_map(|(who, most)| Act::Take(who, most)),
    ]
}

/// Weather that lasts.
fn any_spell() -> impl Strategy<Value = Vec<Weather>> {
    (any_weather(), 1..6usize).prop_map(|(weather, blocks)| vec![weather; blocks])
}

fn any_step(accounts: Account) -> impl Strategy<Value = Step> {
    let acts = prop_oneof![
        1 => Just(Vec::new()),
        1 => prop::collection::vec(any_act(accounts), 1..3),
    ];
    let back = prop_oneof![30 => Just(0usize), 1 => 1..6usize];
    (prop::bool::weighted(0.5), back, acts).prop_map(|(censored, back, acts)| Step {
        weather: Weather::Usual,
        censored,
        back,
        acts,
    })
}

pub(super) fn any_history(accounts: Account, blocks: usize) -> impl Strategy<Value = Vec<Step>> {
    let spells = prop::collection::vec(any_spell(), blocks..=blocks);
    let steps = prop::collection::vec(any_step(accounts), blocks..=blocks);
    (spells, steps).prop_map(|(spells, mut steps)| {
        for (step, weather) in steps.iter_mut().zip(spells.into_iter().flatten()) {
            step.weather = weather;
        }
        steps
    })
}

/// The round and the answers that a manner comes to, when this is drawn for the account and that
/// for another.
pub(super) fn answers(
    manner: Manner,
    running: RoundIndex,
    own: Option<&Drawn>,
    other: Option<&Drawn>,
    earlier: Option<&Drawn>,
) -> (RoundIndex, Vec<Answer>) {
    let all = |drawn: Option<&Drawn>| -> Vec<Answer> {
        let items: Vec<Item> = drawn.map(|drawn| drawn.items.clone()).unwrap_or_default();
        (0..).zip(items.into_iter().map(Proof::of)).collect()
    };
    let open = |index: u8| own.is_some_and(|drawn| !drawn.answered.contains(&index));
    let mut mine = all(own);
    let number = u8::try_from(mine.len()).unwrap().max(1);
    match manner {
        Manner::Everything => {
            mine.retain(|(index, _)| open(*index));
            (running, mine)
        }
        Manner::One(index) => {
            mine.retain(|(which, _)| *which == index % number);
            (running, mine)
        }
        Manner::Twice(index) => {
            mine.retain(|(which, _)| *which == index % number);
            let twice = mine.iter().chain(&mine).copied().collect();
            (running, twice)
        }
        Manner::Beyond => (
            running,
            mine.into_iter().map(|(_, proof)| (number, proof)).collect(),
        ),
        Manner::Flipped => {
            mine.iter_mut().for_each(|(_, proof)| proof.flipped = true);
            (running, mine)
        }
        Manner::Truncated => {
            mine.iter_mut().for_each(|(_, proof)| proof.siblings += 1);
            (running, mine)
        }
        Manner::Old => (running.saturating_sub(1), mine),
        Manner::TooSoon => (running + 1, mine),
        Manner::OfAnotherRound => (running, all(earlier)),
        Manner::OfAnother(_) => (running, all(other)),
        Manner::Nothing => (running, Vec::new()),
    }
}

/// A chain with its past, for reorganisations.
struct Past<T> {
    states: Vec<T>,
}

impl<T: Clone> Past<T> {
    fn new(now: T) -> Self {
        Self { states: vec![now] }
    }

    /// The state that the next block builds on, so many blocks ago at most.
    fn parent(&mut self, back: usize) -> T {
        let keep = self.states.len().saturating_sub(back).max(1);
        self.states.truncate(keep);
        self.states[keep - 1].clone()
    }

    fn push(&mut self, state: T) {
        self.states.push(state);
        if self.states.len() > 8 {
            self.states.remove(0);
        }
    }
}

/// Takes `first` through a history, reorganisations included, and returns what it is in the end. `make` makes the block of a step on the state that it
/// builds on; the number differs from block to block.
pub(super) fn walk<T: Clone, E>(
    history: &[Step],
    first: T,
    mut make: impl FnMut(&mut T, &Step, u64) -> Result<(), E>,
) -> Result<T, E> {
    let mut past = Past::new(first);
    for (step, salt) in history.iter().zip(0u64..) {
        let mut now = past.parent(step.back);
        make(&mut now, step, salt)?;
        past.push(now);
    }
    Ok(past.parent(0))
}

/// Whether an honest provider can bring its answers in: blocks with room whose author does not
/// censor, and at the latest the last tick of the window.
pub(super) fn honest_can_answer<A: Audits>(chain: &A, block: &Block, censored: bool) -> bool {
    use crate::audits::rounds::State;
    let timeline = &chain.book().timeline;
    let State::Open { until, .. } = timeline.round.state else {
        return false;
    };
    let last_chance = block.is_tick() && timeline.tick + 1 >= until;
    block.can_take_answers() && (!censored || last_chance)
}

/// Answers for an honest provider, everything that is open.
pub(super) fn answer_honestly<A: Audits>(chain: &mut A, account: Account) {
    let Some(drawn) = chain.challenges(account) else {
        return;
    };
    let (round, batch) = answers(Manner::Everything, drawn.round, Some(&drawn), None, None);
    if !batch.is_empty() {
        assert!(chain.answer(account, round, &batch).is_ok());
    }
}
