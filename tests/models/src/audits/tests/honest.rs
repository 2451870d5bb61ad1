//! Who answers whenever a block with room lets it is never struck.

use super::{
    histories::{answer_honestly, any_history, honest_can_answer, walk, Act, Step, Weather},
    scene::{quick, BOND},
};
use crate::audits::{
    book::{Audits, Outcome},
    eager::Eager,
    lazy::Lazy,
    population::Leaf,
    Account,
};
use proptest::prelude::*;
use std::convert::Infallible;

/// What keeps answers out, or seeds; the first does neither.
const WORST: [Weather; 12] = [
    Weather::Usual,
    Weather::FullOfWeight,
    Weather::FullOfBytes,
    Weather::FullOfOperations,
    Weather::SessionStart,
    Weather::Migrating,
    Weather::MigrationEnds,
    Weather::Brimful,
    Weather::Paused,
    Weather::PausedWithin,
    Weather::OpenedWithin,
    Weather::NoOutput,
];

/// Small numbers, always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 += 1;
        let hash = sp_crypto_hashing::blake2_256(&self.0.to_le_bytes());
        usize::from(u16::from_le_bytes([hash[0], hash[1]])) % sides
    }
}

/// The honest ones; 2 and 3 are whatever the history makes of them.
const HONEST: [Account; 2] = [0, 1];
const ACCOUNTS: Account = 4;

fn run<A: Audits>(history: &[Step], poke: impl Fn(&mut A, Account)) -> A {
    let mut chain = A::new(quick());
    for account in 0..ACCOUNTS {
        chain.book_mut().register(account, BOND, 0);
    }
    let Ok(chain) = walk::<_, Infallible>(history, chain, |chain, step, salt| {
        let block = step.weather.block(salt);
        chain.begin(&block);
        if block.kind.polls() {
            for act in &step.acts {
                // Refusals are what other tests are about.
                let _ = match *act {
                    Act::Insert(who, sectors) => chain.insert(
                        who,
                        Leaf {
                            replica: salt,
                            sectors,
                        },
                    ),
                    Act::Remove(who, place) => chain.remove(who, place).map(drop),
                    Act::RemoveAll(who) => (0..6).try_for_each(|_| chain.remove(who, 0).map(drop)),
                    Act::Poke(who) => {
                        poke(chain, who);
                        Ok(())
                    }
                    Act::Take(who, most) => chain.take(who, most).map(drop),
                    // Nobody answers for the honest; for the others nobody does at all.
                    Act::Answer(..) => Ok(()),
                };
            }
        }
        if honest_can_answer(chain, &block, step.censored) {
            for account in HONEST {
                answer_honestly(chain, account);
            }
        }
        chain.end(&block);
        Ok(())
    });
    chain
}

fn check<A: Audits>(chain: &A) -> Result<(), TestCaseError> {
    for account in HONEST {
        let provider = &chain.book().providers[&account];
        let fine = |outcome: &Outcome| !matches!(outcome, Outcome::Missed | Outcome::Forfeited);
        prop_assert!(
            provider.outcomes.iter().all(|(_, outcome)| fine(outcome)),
            "{:?}",
            provider.outcomes
        );
        prop_assert_eq!(provider.points, 0);
        prop_assert_eq!(provider.funds.bond, BOND);
        prop_assert_eq!(provider.pay.lost, 0);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn who_answers_is_never_struck_whatever_happens(history in any_history(ACCOUNTS, 150)) {
        check(&run::<Eager>(&history, |_, _| ()))?;
        let lazy = run::<Lazy>(&history, |chain, who| {
            let _ = chain.poke(who, 99);
        });
        check(&lazy)?;
    }
}

#[test]
fn who_answers_is_never_struck_in_a_thousand_rounds_of_bad_weather() {
    let mut dice = Dice(0);
    let mut chain = Lazy::new(quick());
    chain.book_mut().register(0, BOND, 0);
    let mut weather = Weather::Usual;
    for salt in 0.. {
        // Spells of spam of all kinds, migrations and pauses, longer than a window, one after the
        // other half of the time; half of the authors censor.
        if salt % 7 == 0 {
            weather = WORST[dice.roll(2) * dice.roll(12)];
        }
        let block = weather.block(salt);
        let (censored, moves) = (dice.roll(2) == 0, dice.roll(20) == 0);
        chain.begin(&block);
        if block.kind.polls() && moves {
            let _ = chain.insert(
                0,
                Leaf {
                    replica: salt,
                    sectors: 1 + salt % 50,
                },
            );
            let _ = chain.remove(0, 3);
        }
        if honest_can_answer(&chain, &block, censored) {
            answer_honestly(&mut chain, 0);
        }
        chain.end(&block);
        if chain.book().timeline.round.index > 1_000 {
            break;
        }
    }
    let provider = &chain.book().providers[&0];
    let passed = provider
        .outcomes
        .iter()
        .filter(|(_, outcome)| *outcome == Outcome::Passed)
        .count();
    let skipped = provider
        .outcomes
        .iter()
        .filter(|(_, outcome)| *outcome == Outcome::Skipped)
        .count();
    assert!(passed > 800, "{passed}");
    assert!(skipped > 10, "{skipped}");
    assert!(passed + skipped >= 990);
    assert_eq!((provider.points, provider.funds.bond), (0, BOND));
}

#[test]
fn histories_are_worth_something() {
    // A test of the test: in random histories rounds are passed, missed and skipped.
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = Vec::new();
    for _ in 0..10 {
        let history = any_history(ACCOUNTS, 150)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let chain = run::<Eager>(&history, |_, _| ());
        for provider in chain.book().providers.values() {
            seen.extend(provider.outcomes.iter().map(|(_, outcome)| *outcome));
        }
    }
    for outcome in [Outcome::Passed, Outcome::Missed, Outcome::Skipped] {
        let times = seen.iter().filter(|this| **this == outcome).count();
        assert!(times >= 10, "{outcome:?}: {times}");
    }
}
