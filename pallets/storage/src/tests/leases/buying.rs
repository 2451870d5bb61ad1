//! Buying, renewing, giving away: who may, what it costs, and what is refused.

use crate::{mock::*, Call, Error, Event, LeaseStatus, Price};
use frame_support::{assert_noop, assert_ok};
use noema_traits::Frozen;
use sp_runtime::traits::BadOrigin;

fn commit(file: &TestFile, rounds: u32, max: u64) -> Call<Test> {
    Call::commit {
        root: file.root,
        size: file.size,
        replicas: 1,
        rounds,
        max,
    }
}

fn lease(file: &TestFile) -> crate::LeasesOf<Test> {
    vec![(file.id(), ALICE)].try_into().unwrap()
}

#[test]
fn commit_of_a_wrong_term_is_refused() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        assert_noop!(
            dispatch(ALICE, commit(&file, MinRounds::get() - 1, AMPLE)),
            Error::<Test>::TooFewRounds
        );
        let most = MaxRounds::get() - GraceRounds::get();
        for rounds in [most + 1, u32::MAX] {
            assert_noop!(
                dispatch(ALICE, commit(&file, rounds, AMPLE)),
                Error::<Test>::TooManyRounds
            );
        }
        assert_ok!(dispatch(ALICE, commit(&file, most, AMPLE)));
    });
}

#[test]
fn commit_takes_what_the_quote_says_and_no_more() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let quote = Storage::quote(file.size, 1, ROUNDS).unwrap();
        assert_noop!(
            dispatch(ALICE, commit(&file, ROUNDS, quote.total - 1)),
            Error::<Test>::PriceAboveMaximum
        );
        assert_ok!(dispatch(ALICE, commit(&file, ROUNDS, quote.total)));
        assert_eq!(Balances::free_balance(ALICE), ENDOWMENT - quote.total);
    });
}

#[test]
fn commit_many_is_all_or_nothing() {
    build_and_execute(2, || {
        let one = ([1; 32], 300, 1);
        let call = |files: Vec<_>, max| Call::commit_many {
            files: files.try_into().unwrap(),
            rounds: ROUNDS,
            max,
        };
        assert_noop!(dispatch(ALICE, call(vec![], AMPLE)), Error::<Test>::NoFiles);
        assert_noop!(
            dispatch(ALICE, call(vec![one, ([2; 32], 0, 1)], AMPLE)),
            Error::<Test>::EmptyFile
        );
        let total = Storage::quote(300, 1, ROUNDS).unwrap().total;
        let two = vec![one, one, ([2; 32], 300, 1)];
        assert_noop!(
            dispatch(ALICE, call(two.clone(), 2 * total - 1)),
            Error::<Test>::PriceAboveMaximum
        );
        assert_ok!(dispatch(ALICE, call(two, 2 * total)));
        assert_eq!(crate::Deals::<Test>::iter().count(), 2);
        assert!(crate::FilesOf::<Test>::try_from(vec![one; 65]).is_err());
    });
}

#[test]
fn renew_names_a_round_so_that_a_retry_costs_nothing() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let id = earning(&file, 1);
        let until = ROUNDS + 5;
        let quote = Storage::quote_renewal(&id, &ALICE, until).unwrap();
        assert_noop!(
            dispatch(
                BOB,
                Call::renew {
                    leases: lease(&file),
                    until,
                    max: quote.price - 1
                }
            ),
            Error::<Test>::PriceAboveMaximum
        );
        let before = wealth(BOB);
        assert_ok!(Storage::renew(
            signed(BOB),
            lease(&file),
            until,
            quote.price
        ));
        assert_eq!(wealth(BOB), before - quote.price);
        take_events();
        assert_ok!(Storage::renew(signed(BOB), lease(&file), until, 0));
        assert_eq!(
            take_events(),
            [Event::RenewRepeated {
                file: id,
                owner: ALICE
            }]
        );
        assert_noop!(
            Storage::renew(signed(BOB), lease(&file), 0, AMPLE),
            Error::<Test>::RoundPassed
        );
        assert_noop!(
            Storage::renew(signed(BOB), lease(&file), MaxRounds::get(), AMPLE),
            Error::<Test>::TooManyRounds
        );
        assert_noop!(
            Storage::renew(signed(BOB), Default::default(), 9, AMPLE),
            Error::<Test>::NoFiles
        );
    });
}

#[test]
fn top_up_names_a_level_and_only_the_owner_spends_it() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let id = earning(&file, 1);
        assert_ok!(Storage::top_up(signed(BOB), id, ALICE, 500));
        let before = wealth(BOB);
        assert_ok!(Storage::top_up(signed(BOB), id, ALICE, 500));
        assert_eq!(wealth(BOB), before);
        assert_eq!(Storage::lease(&id, &ALICE).unwrap().credit, 500);
        let until = ROUNDS + 3;
        let price = Storage::quote_renewal(&id, &ALICE, until).unwrap().price;
        assert_ok!(Storage::renew(signed(BOB), lease(&file), until, AMPLE));
        assert_eq!(wealth(BOB), before - price);
        assert_eq!(Storage::lease(&id, &ALICE).unwrap().credit, 500);
        let before = wealth(ALICE);
        assert_ok!(Storage::renew(
            signed(ALICE),
            lease(&file),
            until + 3,
            AMPLE
        ));
        assert_eq!(wealth(ALICE), before);
        assert!(Storage::lease(&id, &ALICE).unwrap().credit < 500);
        // Without money there is nothing to top up with.
        assert_noop!(
            dispatch(
                PAUPER,
                Call::top_up {
                    file: id,
                    owner: ALICE,
                    level: 1_000
                }
            ),
            Error::<Test>::InsufficientFunds
        );
    });
}

#[test]
fn lease_warns_in_grace() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let id = earning(&file, 1);
        let status = || Storage::lease(&id, &ALICE).unwrap().status;
        assert_eq!(status(), LeaseStatus::Running);
        next_rounds(ROUNDS + 1);
        assert_eq!(status(), LeaseStatus::Grace);
        next_rounds(GraceRounds::get());
        assert_eq!(status(), LeaseStatus::Over);
        assert!(Storage::is_earning_nothing(&id));
    });
}

impl crate::Pallet<Test> {
    /// Whether rates have ended by themselves.
    fn is_earning_nothing(file: &crate::FileId) -> bool {
        let deal = deal_of(*file, ALICE);
        deal.terms.rent_in(RoundNow::get()) == 0
    }
}

#[test]
fn owner_changes_in_two_steps() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let id = earning(&file, 2);
        let max = Storage::deposit_for(2).unwrap();
        let accept = |who, max| {
            dispatch(
                who,
                Call::accept {
                    file: id,
                    owner: ALICE,
                    replicas: 2,
                    max,
                },
            )
        };
        assert_noop!(accept(BOB, max), Error::<Test>::NotOffered);
        assert_ok!(Storage::offer(signed(ALICE), id, Some(BOB)));
        assert_noop!(accept(BOB, max - 1), Error::<Test>::PriceAboveMaximum);
        let holder = provider_of(id, ALICE, 0);
        FrozenAs::insert(holder, Frozen::Drawing);
        assert_noop!(accept(BOB, max), Error::<Test>::RoundDrawing);
        FrozenAs::remove(holder);
        assert_ok!(accept(BOB, max));
        assert_eq!((held(ALICE), held(BOB)), (0, max));
        assert_eq!(deal_of(id, BOB).offered_to, None);
        check_invariants();
        // The lease went along.
        let before = wealth(BOB);
        assert_ok!(Storage::remove(signed(BOB), id, MOST));
        assert!(wealth(BOB) > before);
    });
}

#[test]
fn owner_does_not_change_while_a_proof_depends_on_it_or_another_deal_is_there() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let (id, _) = proving(&file);
        assert_ok!(Storage::offer(signed(ALICE), id, Some(BOB)));
        let accept = || {
            dispatch(
                BOB,
                Call::accept {
                    file: id,
                    owner: ALICE,
                    replicas: 1,
                    max: AMPLE,
                },
            )
        };
        assert_noop!(accept(), Error::<Test>::SlotProving);
        assert_ok!(Storage::commit(
            signed(BOB),
            file.root,
            file.size,
            1,
            ROUNDS,
            AMPLE
        ));
        assert_noop!(accept(), Error::<Test>::DealExists);
    });
}

#[test]
fn price_follows_use_by_a_sixteenth_a_round() {
    build_and_execute(1, || {
        let file = TestFile::new(256 * 256, 0);
        Registry::set_capacity(provider(0), 256 * 256);
        assigned(&file, 1);
        // Everything is reserved: to ten times, step by step.
        let mut last = Price::<Test>::get().unwrap().multiplier;
        assert_eq!(last, 1_000_000);
        for round in 1..=60 {
            next_round();
            let price = Price::<Test>::get().unwrap();
            assert_eq!(price.round, round);
            assert!(price.multiplier - last <= last / 16);
            last = price.multiplier;
        }
        assert_eq!(last, 10_000_000);
        // Within a round it stays, whatever happens.
        Registry::set_capacity(provider(0), CAPACITY);
        run_blocks(3);
        assert_eq!(Price::<Test>::get().unwrap().multiplier, last);
    });
}

#[test]
fn base_price_is_for_governance_within_bounds_from_the_next_round_on() {
    build_and_execute(1, || {
        let set = |price| Storage::set_base_price(RuntimeOrigin::root(), price);
        assert_noop!(Storage::set_base_price(signed(ALICE), 1_000), BadOrigin);
        for price in [0, 499, 2_001, u64::MAX] {
            assert_noop!(set(price), Error::<Test>::PriceOutOfBounds);
        }
        assert_ok!(set(2_000));
        assert_eq!(Price::<Test>::get().unwrap().base, 1_000);
        next_round();
        assert_eq!(Price::<Test>::get().unwrap().base, 2_000);
    });
}

#[test]
fn amounts_that_do_not_fit_are_refused() {
    build_and_execute(1, || {
        BasePrice::set(u64::MAX);
        Price::<Test>::kill();
        assert_eq!(
            Storage::quote(1 << 40, 1, ROUNDS),
            Err(Error::<Test>::AmountTooLarge.into())
        );
    });
}

/// A provider takes its capacity back in the last block of a round and offers it again in the first of the next.
#[test]
fn price_follows_the_use_of_the_whole_round() {
    build_and_execute(1, || {
        const MILLION: u64 = crate::price::MILLION;
        MaturingDelay::set(10);
        let id = earning(&TestFile::new(300, 0), 1);
        let who = provider_of(id, ALICE, 0);
        let used = Registry::all()[&who].reserved;
        RoundLength::set(200);
        let multiplier = || Storage::price().multiplier;
        // Half of all is used.
        Registry::set_capacity(who, 2 * used);
        next_rounds(2);
        run_blocks(198);
        assert_eq!(multiplier(), MILLION);
        let round = RoundNow::get();
        Registry::set_capacity(who, used);
        run_blocks(1);
        assert_eq!((RoundNow::get(), multiplier()), (round + 1, MILLION));
        Registry::set_capacity(who, 2 * used);
        run_blocks(200);
        assert!(multiplier() < MILLION + MILLION / 100);
        // To do without it for the whole round is what counts.
        Registry::set_capacity(who, used);
        run_blocks(200);
        let before = multiplier();
        run_blocks(200);
        assert_eq!(multiplier(), before + before / 16);
    });
}
