//! Drawing late and settling late comes to the same as drawing and settling everybody at once.

use super::{
    histories::{answers, any_history, walk, Act, Manner, Step},
    scene::{quick, BOND},
};
use crate::audits::{
    book::{Audits, Book, Drawn, Provider},
    eager::Eager,
    error::Error,
    lazy::Lazy,
    parameters::Parameters,
    population::Leaf,
    Account,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const ACCOUNTS: Account = 4;

/// Both models after the same blocks and acts.
#[derive(Clone)]
struct Pair {
    eager: Eager,
    lazy: Lazy,
    /// What was drawn in the round before, for replays.
    earlier: BTreeMap<Account, Drawn>,
    /// What every provider was seen to be challenged for in the running round.
    seen: BTreeMap<(u32, Account), Drawn>,
}

impl Pair {
    fn new(parameters: Parameters) -> Self {
        let mut pair = Self {
            eager: Eager::new(parameters.clone()),
            lazy: Lazy::new(parameters),
            earlier: BTreeMap::new(),
            seen: BTreeMap::new(),
        };
        for account in 0..ACCOUNTS {
            pair.eager.book_mut().register(account, BOND, 0);
            pair.lazy.book_mut().register(account, BOND, 0);
        }
        pair
    }

    /// The same call to both, with the same result. Where the lazy one has too much to settle
    /// first, somebody pokes.
    fn both<T: PartialEq + std::fmt::Debug>(
        &mut self,
        account: Account,
        eager: impl Fn(&mut Eager) -> Result<T, Error>,
        lazy: impl Fn(&mut Lazy) -> Result<T, Error>,
    ) -> Result<(), TestCaseError> {
        let expected = eager(&mut self.eager);
        let mut found = lazy(&mut self.lazy);
        while found == Err(Error::Unsettled) {
            self.lazy.poke(account, 99).unwrap();
            found = lazy(&mut self.lazy);
        }
        prop_assert_eq!(found, expected);
        Ok(())
    }

    fn act(&mut self, act: Act, replica: u64) -> Result<(), TestCaseError> {
        match act {
            Act::Insert(who, sectors) => {
                let leaf = Leaf { replica, sectors };
                let again = leaf.clone();
                self.both(
                    who,
                    move |chain| chain.insert(who, leaf.clone()),
                    move |chain| chain.insert(who, again.clone()),
                )
            }
            Act::Remove(who, place) => self.both(
                who,
                |chain| chain.remove(who, place),
                |chain| chain.remove(who, place),
            ),
            Act::RemoveAll(who) => (0..6).try_for_each(|_| self.act(Act::Remove(who, 0), replica)),
            Act::Take(who, most) => self.both(
                who,
                |chain| chain.take(who, most),
                |chain| chain.take(who, most),
            ),
            Act::Poke(who) => {
                let _ = self.lazy.poke(who, 99);
                Ok(())
            }
            Act::Answer(who, manner) => {
                let other = match manner {
                    Manner::OfAnother(other) => self.eager.challenges(other),
                    _ => None,
                };
                let own = self.eager.challenges(who);
                let earlier = self.earlier.get(&who);
                let running = self.eager.book().timeline.round.index;
                let (round, batch) =
                    answers(manner, running, own.as_ref(), other.as_ref(), earlier);
                if let Some(own) = own {
                    self.earlier.insert(who, own);
                }
                self.both(
                    who,
                    |chain| chain.answer(who, round, &batch),
                    |chain| chain.answer(who, round, &batch),
                )
            }
        }
    }

    /// Whatever is challenged is the same in both, and stays as it was when it was first seen, but
    /// for what is answered.
    fn check_challenges(&mut self) -> Result<(), TestCaseError> {
        for account in 0..ACCOUNTS {
            let drawn = self.eager.challenges(account);
            let mut lazy = self.lazy.clone();
            while lazy.poke(account, 99).is_ok() {}
            prop_assert_eq!(&lazy.challenges(account), &drawn);
            if let Some(drawn) = drawn {
                let key = (drawn.round, account);
                let first = self.seen.entry(key).or_insert_with(|| drawn.clone());
                prop_assert_eq!(&first.items, &drawn.items);
                prop_assert_eq!(first.units, drawn.units);
            }
        }
        Ok(())
    }

    /// The lazy one is behind, and on the same way: what it has settled, the eager one has settled
    /// alike.
    fn check_behind(&self) -> Result<(), TestCaseError> {
        for account in 0..ACCOUNTS {
            let eager = &self.eager.book().providers[&account];
            let lazy = &self.lazy.book().providers[&account];
            prop_assert!(
                eager.outcomes.starts_with(&lazy.outcomes),
                "{:?}\n{:?}",
                eager.outcomes,
                lazy.outcomes
            );
            prop_assert_eq!(&eager.population, &lazy.population);
        }
        Ok(())
    }

    fn poke_all(&mut self) {
        for account in 0..ACCOUNTS {
            while self.lazy.poke(account, 99).is_ok() {}
        }
    }
}

/// All that must agree once everything is settled; the fund of the lazy one is short by what it
/// paid to those who settled.
fn all_of(book: &Book) -> impl PartialEq + std::fmt::Debug {
    let same: Vec<_> = book.providers.values().map(settled).collect();
    let rewards: u128 = book.rewards.values().sum();
    let funds: Vec<_> = book
        .providers
        .values()
        .map(|provider| (provider.funds.clone(), provider.jailed_until))
        .collect();
    (same, funds, book.fund + rewards)
}

/// What must agree however late it was settled.
fn settled(provider: &Provider) -> impl PartialEq + std::fmt::Debug {
    (
        provider.population.clone(),
        provider.points,
        provider.standing,
        provider.pay,
        provider.outcomes.clone(),
    )
}

/// Both through a history. `after_block` sees what each block made of them, and what they were before it.
fn run(
    history: &[Step],
    parameters: Parameters,
    after_block: impl Fn(&mut Pair, &Pair) -> Result<(), TestCaseError>,
) -> Result<Pair, TestCaseError> {
    walk(history, Pair::new(parameters), |pair, step, salt| {
        let before = pair.clone();
        let block = step.weather.block(salt);
        pair.eager.begin(&block);
        pair.lazy.begin(&block);
        if block.kind.polls() {
            for (act, which) in step.acts.iter().zip(0u64..) {
                pair.act(*act, 10 * salt + which)?;
            }
        }
        pair.eager.end(&block);
        pair.lazy.end(&block);
        after_block(pair, &before)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn settled_after_every_block_both_are_the_same_to_the_unit(history in any_history(ACCOUNTS, 120)) {
        run(&history, quick(), |pair, _| {
            pair.poke_all();
            prop_assert_eq!(all_of(pair.eager.book()), all_of(pair.lazy.book()));
            Ok(())
        })?;
    }

    #[test]
    fn settled_whenever_somebody_happens_to_both_come_to_the_same(history in any_history(ACCOUNTS, 120)) {
        let mut parameters = quick();
        parameters.max_settle = 2;
        let mut pair = run(&history, parameters, |pair, _| pair.check_behind())?;
        pair.poke_all();
        for account in 0..ACCOUNTS {
            let eager = settled(&pair.eager.book().providers[&account]);
            let lazy = settled(&pair.lazy.book().providers[&account]);
            prop_assert_eq!(eager, lazy);
        }
    }

    #[test]
    fn nothing_that_anybody_does_changes_a_challenge_once_its_seed_is_known(history in any_history(ACCOUNTS, 120)) {
        run(&history, quick(), |pair, _| {
            pair.check_challenges()?;
            // Seen on another fork is seen elsewhere: the clone that the next block builds on has
            // its own.
            let running = pair.eager.book().timeline.round.index;
            pair.seen.retain(|(round, _), _| *round == running);
            Ok(())
        })?;
    }

    #[test]
    fn nothing_that_anybody_does_changes_a_settled_round(history in any_history(ACCOUNTS, 120)) {
        // Outcomes only ever grow, on any one fork: each block's are the parent's and perhaps more.
        run(&history, quick(), |pair, before| {
            for account in 0..ACCOUNTS {
                for (now, then) in [
                    (pair.eager.book(), before.eager.book()),
                    (pair.lazy.book(), before.lazy.book()),
                ] {
                    let (now, then) = (&now.providers[&account], &then.providers[&account]);
                    prop_assert!(now.outcomes.starts_with(&then.outcomes));
                    prop_assert!(now.outcomes.windows(2).all(|pair| pair[0].0 < pair[1].0));
                }
            }
            Ok(())
        })?;
    }
}
