//! Random histories driven through the pallet and through both models at once: the lazy one, which must agree with the pallet after every act, and the
//! eager one, in which everybody is drawn and settled at once, which must show the same challenges in every block and come to the same in the end.

use crate::{mock::*, AnswersOf, Audited, Error, RoundState, Running, SkippedRounds, Standing};
use noema_models::audits::{
    block::{Block, Kind, Load},
    book::{Answer, Audits as ModelAudits, Outcome, Provider, Standing as ModelStanding},
    eager::Eager,
    error::Error as ModelError,
    lazy::Lazy,
    parameters::{ChallengeCount, Pace as ModelPace, Parameters},
    population::{Item as ModelItem, Leaf as ModelLeaf},
    proof::Proof as ModelProof,
    rounds::State,
};
use noema_traits::Frozen;
use proptest::prelude::*;
use sp_runtime::DispatchError;

const PROVIDERS: u32 = 4;
/// The one that has a bond of a fee and a half, and ten times that delegated.
const POOR: u32 = 3;

/// The model's parameters that are the mock's.
fn parameters() -> Parameters {
    let mut parameters = Parameters::production();
    parameters.pace = ModelPace {
        round_ticks: QUICK.round_ticks.into(),
        answer_ticks: QUICK.answer_ticks.into(),
        draw_delay: QUICK.draw_delay,
    };
    parameters.seed_gap = MaxSeedGap::get();
    parameters.seed_history = History::get();
    parameters.seed_window = 4;
    parameters.challenges = ChallengeCount {
        least: MinChallenges::get(),
        most: MaxChallenges::get(),
        unit: ChallengeUnit::get(),
    };
    parameters.penalties.jail = JailTerm::get();
    parameters.max_settle = MaxSettle::get();
    assert_eq!(parameters.penalties.fee, MissFee::get());
    assert_eq!(parameters.penalties.collateral, COLLATERAL);
    parameters
}

/// What a block is like.
#[derive(Clone, Copy, Debug)]
enum Weather {
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
    fn block(self) -> Block {
        let usual = usual();
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
            Self::SessionStart => of_kind(Kind::SessionStart),
            Self::Migrating => of_kind(Kind::Migrating),
            Self::MigrationEnds => of_kind(Kind::MigrationEnds),
            Self::Brimful => Block {
                load: load(750, 1_000, 0),
                ..of_kind(Kind::Brimful)
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
            Self::NoOutput => without_seed(),
        }
    }
}

/// How somebody answers.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Everything,
    One(u8),
    Twice(u8),
    Beyond,
    Flipped,
    Truncated,
    Old,
    TooSoon,
    OfAnother(u32),
    Nothing,
}

/// What somebody does in a block.
#[derive(Clone, Copy, Debug)]
enum Act {
    Insert(u32, u64),
    Remove(u32, u32),
    RemoveAll(u32),
    Answer(u32, Manner),
    Poke(u32),
    Take(u32, u32),
    Unbond(u32, u8),
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

fn any_manner() -> impl Strategy<Value = Manner> {
    prop_oneof![
        6 => Just(Manner::Everything),
        4 => (0..6u8).prop_map(Manner::One),
        1 => (0..6u8).prop_map(Manner::Twice),
        1 => Just(Manner::Beyond),
        1 => Just(Manner::Flipped),
        1 => Just(Manner::Truncated),
        1 => Just(Manner::Old),
        1 => Just(Manner::TooSoon),
        1 => (0..PROVIDERS).prop_map(Manner::OfAnother),
        1 => Just(Manner::Nothing),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    let who = 0..PROVIDERS;
    prop_oneof![
        5 => (who.clone(), 1..60u64).prop_map(|(who, sectors)| Act::Insert(who, sectors)),
        3 => (who.clone(), 0..6u32).prop_map(|(who, place)| Act::Remove(who, place)),
        1 => who.clone().prop_map(Act::RemoveAll),
        6 => (who.clone(), any_manner()).prop_map(|(who, manner)| Act::Answer(who, manner)),
        2 => who.clone().prop_map(Act::Poke),
        2 => (who.clone(), 0..4u32).prop_map(|(who, most)| Act::Take(who, most)),
        1 => (who, 1..100u8).prop_map(|(who, percent)| Act::Unbond(who, percent)),
    ]
}

type Step = (Weather, Vec<Act>);

fn any_history(blocks: usize) -> impl Strategy<Value = Vec<Step>> {
    let spell = (any_weather(), 1..6usize).prop_map(|(weather, blocks)| vec![weather; blocks]);
    let spells = prop::collection::vec(spell, blocks);
    let acts = prop_oneof![
        1 => Just(Vec::new()),
        1 => prop::collection::vec(any_act(), 1..3),
    ];
    (spells, prop::collection::vec(acts, blocks))
        .prop_map(|(spells, acts)| spells.into_iter().flatten().zip(acts).collect())
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(24),
        ..ProptestConfig::default()
    }
}

fn item(item: &ModelItem) -> Item {
    Item {
        replica: item.replica,
        sectors: item.sectors,
        sector: item.sector,
    }
}

fn proof(proof: &ModelProof) -> Proof {
    Proof {
        of: item(&proof.of),
        siblings: proof.siblings,
        dirty: false,
        flipped: proof.flipped,
    }
}

/// The pallet's name of a model's error.
fn named(error: ModelError) -> DispatchError {
    let error: Error<Test> = match error {
        ModelError::NotAnOperator => Error::NotAnOperator,
        ModelError::RoundNotBegun => Error::RoundNotBegun,
        ModelError::RoundOver => Error::RoundOver,
        ModelError::NotDrawn => Error::NotDrawn,
        ModelError::RoundSkipped => Error::RoundSkipped,
        ModelError::TooLate => Error::TooLate,
        ModelError::NoAnswers => Error::NoAnswers,
        ModelError::BeingDropped => Error::BeingDropped,
        ModelError::NothingToAnswer => Error::NothingToAnswer,
        ModelError::UnknownChallenge => Error::UnknownChallenge,
        ModelError::DuplicateIndex => Error::DuplicateIndex,
        ModelError::AlreadyAnswered => Error::AlreadyAnswered,
        ModelError::WrongProofLength => Error::WrongProofLength,
        ModelError::WrongProof => Error::WrongProof,
        ModelError::Drawing => Error::Drawing,
        ModelError::Unsettled => Error::Unsettled,
        ModelError::NothingToSettle => Error::NothingToSettle,
        error => panic!("no call fails with {error}"),
    };
    error.into()
}

/// What the mock's storage says where the model says this.
fn refusal(error: ModelError) -> Refused {
    match error {
        ModelError::Drawing => Refused::Frozen(Frozen::Drawing),
        ModelError::Unsettled => Refused::Frozen(Frozen::Unsettled),
        ModelError::BeingDropped => Refused::BeingDropped,
        ModelError::UnknownReplica => Refused::UnknownReplica,
        ModelError::NothingToDrop => Refused::NothingToDrop,
        error => panic!("no change fails with {error}"),
    }
}

/// Both models beside the pallet.
struct Both {
    eager: Eager,
    lazy: Lazy,
    /// Outcomes of pairs of acts, to see that histories are worth something.
    done: u32,
}

impl Both {
    /// The pallet with as many providers, and round 0 being drawn since genesis as in the models.
    fn new() -> Self {
        let parameters = parameters();
        let mut both = Self {
            eager: Eager::new(parameters.clone()),
            lazy: Lazy::new(parameters),
            done: 0,
        };
        for who in 0..PROVIDERS {
            let (bond, delegated) = match who {
                POOR => (MissFee::get() * 3 / 2, MissFee::get() * 15),
                _ => (BOND, 0),
            };
            both.eager.book_mut().register(who, bond, delegated);
            both.lazy.book_mut().register(who, bond, delegated);
            Registry::register(who.into(), bond, delegated);
        }
        Running::<Test>::put(crate::Round {
            index: 0,
            began_at: 0,
            draw_at: QUICK.draw_delay,
            ends: QUICK.round_ticks.into(),
            answer_ticks: QUICK.answer_ticks,
            state: RoundState::Drawing,
        });
        both
    }

    /// Before a block's transactions.
    fn begin(&mut self, block: &Block) -> Result<(), TestCaseError> {
        self.eager.begin(block);
        self.lazy.begin(block);
        let timeline = &self.eager.book().timeline;
        // The models make seeds by themselves.
        begin_block(block, timeline.seed_from(timeline.block));
        self.check_rounds()
    }

    /// After them.
    fn end(&mut self, block: &Block) -> Result<(), TestCaseError> {
        self.eager.end(block);
        self.lazy.end(block);
        end_block(block);
        self.check_rounds()
    }

    /// Clock, running round and skipped rounds are those of the models.
    fn check_rounds(&self) -> Result<(), TestCaseError> {
        let timeline = &self.eager.book().timeline;
        let (model, round) = (&timeline.round, running());
        prop_assert_eq!(tick(), timeline.tick);
        prop_assert_eq!(
            (round.index, round.began_at, round.draw_at, round.ends),
            (model.index, model.began_at, model.draw_at, model.ends)
        );
        let same = match (round.state, model.state) {
            (RoundState::Drawing, State::Drawing) | (RoundState::Skipped, State::Skipped) => true,
            (
                RoundState::Open { seed, until, .. },
                State::Open {
                    seed: theirs,
                    until: their_end,
                },
            ) => seed == theirs && until == their_end,
            _ => false,
        };
        prop_assert!(same, "{:?} {:?}", round, model);
        let skipped: Vec<u32> = (0..=round.index)
            .filter(|round| Audits::is_skipped(*round))
            .collect();
        prop_assert_eq!(
            skipped,
            timeline.skipped.iter().copied().collect::<Vec<_>>()
        );
        prop_assert_eq!(
            SkippedRounds::<Test>::iter().count(),
            usize::from(!timeline.skipped.is_empty())
        );
        Ok(())
    }

    /// One act, with the same result in the pallet and in the lazy model. The eager one has nothing unsettled, so that it gets what the lazy one does
    /// not refuse for that alone.
    fn act(&mut self, act: Act, replica: u64) -> Result<(), TestCaseError> {
        match act {
            Act::Insert(who, sectors) => {
                let leaf = ModelLeaf { replica, sectors };
                let lazy = self.lazy.insert(who, leaf.clone());
                if lazy != Err(ModelError::Unsettled) {
                    prop_assert_eq!(self.eager.insert(who, leaf), lazy);
                }
                let found = Replicas::insert(who.into(), Leaf { replica, sectors });
                self.done += u32::from(found.is_ok());
                prop_assert_eq!(found, lazy.map_err(refusal));
            }
            Act::Remove(who, place) => {
                let lazy = self.lazy.remove(who, place as usize);
                if lazy != Err(ModelError::Unsettled) {
                    prop_assert_eq!(&self.eager.remove(who, place as usize), &lazy);
                }
                let found = Replicas::remove(who.into(), place);
                let expected = lazy.map_err(refusal);
                prop_assert_eq!(
                    found.map(|leaf| (leaf.replica, leaf.sectors)),
                    expected.map(|leaf| (leaf.replica, leaf.sectors))
                );
            }
            Act::RemoveAll(who) => {
                for _ in 0..6 {
                    self.act(Act::Remove(who, 0), replica)?;
                }
            }
            Act::Take(who, most) => {
                let lazy = self.lazy.take(who, most as usize);
                if lazy != Err(ModelError::Unsettled) {
                    prop_assert_eq!(&self.eager.take(who, most as usize), &lazy);
                }
                // The model lets a round be drawn while it says that there is nothing to drop.
                let found = Replicas::take(who.into(), most);
                let expected = lazy.map(|taken| taken as u32).map_err(refusal);
                if found != Err(Refused::Frozen(Frozen::Drawing)) {
                    prop_assert_eq!(found, expected);
                } else {
                    prop_assert_eq!(expected, Err(Refused::NothingToDrop));
                }
            }
            Act::Poke(who) => {
                let lazy = self.lazy.poke(who, POKER as u32);
                let found = poke(who.into()).map(drop).map_err(|failed| failed.error);
                // A record of which nothing is left to say goes; in the model nothing ever goes.
                let gone = found.is_ok() && !Audited::<Test>::contains_key(u64::from(who));
                if !(gone && lazy == Err(ModelError::NothingToSettle)) {
                    prop_assert_eq!(found, lazy.map(drop).map_err(named));
                }
            }
            // Who settles late would have another part of its bond on the way than who settles early, if it had little.
            Act::Unbond(POOR, _) => {}
            Act::Unbond(who, tenths) => {
                // Part of the bond is on its way out, and can be slashed still.
                let part = Balance::from(tenths) * NOEMA / 10;
                for book in [self.eager.book_mut(), self.lazy.book_mut()] {
                    let funds = &mut book.providers.get_mut(&who).unwrap().funds;
                    funds.unbond(part, u32::MAX);
                }
                FundsOf::mutate(u64::from(who), |funds| {
                    let funds = funds.as_mut().unwrap();
                    funds.bond -= part;
                    funds.unbonding.push(part);
                });
            }
            Act::Answer(who, manner) => self.answer(who, manner)?,
        }
        self.check_lazy()
    }

    fn answer(&mut self, who: u32, manner: Manner) -> Result<(), TestCaseError> {
        let running = round();
        let own = self.eager.challenges(who);
        let all = |who: u32| -> Vec<Answer> {
            let items = self.eager.challenges(who).map(|drawn| drawn.items);
            (0..)
                .zip(items.unwrap_or_default().into_iter().map(ModelProof::of))
                .collect()
        };
        let mut mine = all(who);
        let number = u8::try_from(mine.len()).unwrap().max(1);
        let (of, batch): (u32, Vec<Answer>) = match manner {
            Manner::Everything => {
                let answered = own.map(|drawn| drawn.answered).unwrap_or_default();
                mine.retain(|(index, _)| !answered.contains(index));
                (running, mine)
            }
            Manner::One(index) => {
                mine.retain(|(which, _)| *which == index % number);
                (running, mine)
            }
            Manner::Twice(index) => {
                mine.retain(|(which, _)| *which == index % number);
                (running, mine.iter().chain(&mine).copied().collect())
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
            Manner::OfAnother(other) => (running, all(other)),
            Manner::Nothing => (running, Vec::new()),
        };
        let sent: Vec<(u8, Proof)> = batch
            .iter()
            .map(|(index, sent)| (*index, proof(sent)))
            .collect();
        let Ok(_) = AnswersOf::<Test>::try_from(sent.clone()) else {
            return Ok(());
        };
        let lazy = self.lazy.answer(who, of, &batch);
        if lazy != Err(ModelError::Unsettled) {
            prop_assert_eq!(&self.eager.answer(who, of, &batch), &lazy);
        }
        let found = answer(who.into(), of, &sent);
        self.done += u32::from(found.is_ok());
        let found = found.map(drop).map_err(|failed| failed.error);
        prop_assert_eq!(found, lazy.map(drop).map_err(named));
        Ok(())
    }

    /// All that is on chain is what the lazy model has, to the unit.
    fn check_lazy(&self) -> Result<(), TestCaseError> {
        let book = self.lazy.book();
        for (who, provider) in &book.providers {
            check_provider(u64::from(*who), provider)?;
            // Whoever settles later jails later.
            let until = Registry::funds(u64::from(*who)).jailed_until;
            prop_assert_eq!(until, provider.jailed_until);
            if let Some(drawn) = written(u64::from(*who)) {
                let model = provider.drawn.as_ref().unwrap();
                prop_assert_eq!(drawn.round, model.round);
                let items: Vec<Item> = model.items.iter().map(item).collect();
                prop_assert_eq!(drawn.items.to_vec(), items);
                let answered = model
                    .answered
                    .iter()
                    .fold(0, |bits, index| bits | 1u64 << index);
                prop_assert_eq!(drawn.answered, answered);
            } else {
                prop_assert_eq!(&provider.drawn, &None);
            }
        }
        prop_assert_eq!(RepairFund::get(), book.fund);
        let reward = book
            .rewards
            .get(&(POKER as u32))
            .copied()
            .unwrap_or_default();
        prop_assert_eq!(Rewards::get(POKER), reward);
        Ok(())
    }

    /// Whatever is asked for is what is asked for in the eager model, and so is what is answered of it.
    fn check_challenges(&self) -> Result<(), TestCaseError> {
        for who in 0..PROVIDERS {
            let expected = self.eager.challenges(who).map(|drawn| {
                let items: Vec<(u8, Item, bool)> = (0u8..)
                    .zip(&drawn.items)
                    .map(|(index, asked)| (index, item(asked), drawn.answered.contains(&index)))
                    .collect();
                (drawn.round, items)
            });
            let found = Audits::challenges(&who.into()).map(|(round, _, items)| (round, items));
            prop_assert_eq!(found, expected);
        }
        Ok(())
    }

    /// When everything is settled, it came to what the eager model came to.
    fn check_end(&mut self) -> Result<(), TestCaseError> {
        for who in 0..PROVIDERS {
            while poke(who.into()).is_ok() {}
            while self.lazy.poke(who, POKER as u32).is_ok() {}
        }
        self.check_lazy()?;
        let book = self.eager.book();
        for (who, provider) in &book.providers {
            check_provider(u64::from(*who), provider)?;
        }
        prop_assert_eq!(RepairFund::get() + Rewards::get(POKER), book.fund);
        Ok(())
    }
}

/// Points, standing, population, money, jail, pay and outcomes of a provider are those of a model.
fn check_provider(who: u64, model: &Provider) -> Result<(), TestCaseError> {
    let (points, standing) = Audited::<Test>::get(who).map_or((0, Standing::Good), |record| {
        (record.points, record.standing)
    });
    prop_assert_eq!(points, model.points);
    let same = match (standing, model.standing) {
        (Standing::Good, ModelStanding::Good) => true,
        (Standing::Dropping { since }, ModelStanding::Dropping { since: theirs }) => {
            since == theirs
        }
        _ => false,
    };
    prop_assert!(same, "{:?} {:?}", standing, model.standing);
    let leaves: Vec<_> = Replicas::leaves(who)
        .iter()
        .map(|leaf| (leaf.replica, leaf.sectors))
        .collect();
    let theirs: Vec<_> = model
        .population
        .leaves()
        .iter()
        .map(|leaf| (leaf.replica, leaf.sectors))
        .collect();
    prop_assert_eq!(leaves, theirs);
    let funds = Registry::funds(who);
    prop_assert_eq!(funds.bond, model.funds.bond);
    let unbonding: Vec<_> = model
        .funds
        .unbonding
        .iter()
        .map(|(amount, _)| *amount)
        .collect();
    prop_assert_eq!(&funds.unbonding, &unbonding);
    prop_assert_eq!(funds.delegated, model.funds.delegated);
    let totals = Wages::totals(who);
    prop_assert_eq!((totals.paid, totals.lost), (model.pay.paid, model.pay.lost));
    prop_assert_eq!(Wages::carried(who), model.pay.carried);
    // Forfeits are counted round by round in the model, and where something was owed in the end by the pallet.
    let outcomes: Vec<(u32, Paid)> = model
        .outcomes
        .iter()
        .filter_map(|(round, outcome)| match outcome {
            Outcome::Passed | Outcome::Idle => Some((*round, Paid::Passed)),
            Outcome::Missed => Some((*round, Paid::Missed)),
            Outcome::Skipped => Some((*round, Paid::Skipped)),
            Outcome::Forfeited => None,
        })
        .collect();
    let mut log = Wages::log(who);
    log.retain(|(_, paid)| *paid != Paid::Forfeited);
    prop_assert_eq!(log, outcomes);
    Ok(())
}

fn run(
    history: &[Step],
    check: impl Fn(&mut Both) -> Result<(), TestCaseError>,
) -> Result<u32, TestCaseError> {
    let mut both = Both::new();
    for (number, (weather, acts)) in (1u64..).zip(history) {
        let block = weather.block();
        both.begin(&block)?;
        if block.kind.polls() {
            for (which, act) in (0u64..).zip(acts) {
                both.act(*act, 10 * number + which)?;
            }
        }
        both.end(&block)?;
        check(&mut both)?;
        check_invariants();
    }
    both.check_end()?;
    check_invariants();
    Ok(both.done)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn histories_come_to_the_same_in_the_pallet_and_in_both_models(history in any_history(120)) {
        new_test_ext().execute_with(|| run(&history, |both| both.check_challenges()).map(drop))?;
    }

    #[test]
    fn histories_come_to_the_same_when_little_is_settled_at_once(history in any_history(160)) {
        new_test_ext().execute_with(|| {
            MaxSettle::set(2);
            run(&history, |both| both.check_challenges()).map(drop)
        })?;
    }
}

#[test]
fn histories_are_worth_something() {
    // A test of the test: in random histories much is done, and rounds are passed, missed, skipped and forfeited.
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = Vec::new();
    let mut done = 0;
    for _ in 0..8 {
        let history = any_history(150).new_tree(&mut runner).unwrap().current();
        new_test_ext().execute_with(|| {
            done += run(&history, |_| Ok(())).unwrap();
            for who in 0..PROVIDERS {
                seen.extend(Wages::log(who.into()).into_iter().map(|(_, paid)| paid));
            }
        });
    }
    assert!(done > 100, "{done}");
    for (outcome, least) in [
        (Paid::Passed, 10),
        (Paid::Missed, 10),
        (Paid::Skipped, 10),
        (Paid::Forfeited, 3),
    ] {
        let times = seen.iter().filter(|this| **this == outcome).count();
        assert!(times >= least, "{outcome:?}: {times}");
    }
}
