//! Ratings, and what they cost.

use crate::{
    mock::{market::pallet::cut, *},
    Error, Feedbacks, Opinion, Reference, Tags,
};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult, traits::fungible::Inspect};
use noema_agents_primitives::Mean;

fn paid(who: u8, agent: u64, amount: u128) {
    assert_ok!(dispatch(signed(who), pay_to(account_of(agent), amount)));
}

fn rate(who: u8, agent: u64, amount: u128, opinion: Opinion) -> DispatchResult {
    Agents::feedback(signed(who), agent, amount, opinion, None)
}

/// For what was paid to this one.
fn rate_for(who: u8, agent: u64, amount: u128, wallet: AccountId) -> DispatchResult {
    Agents::feedback(signed(who), agent, amount, rating(1), Some(wallet))
}

fn all(agent: u64) -> Mean {
    Agents::read_summary(agent, None).unwrap().all
}

#[test]
fn feedback_weighs_what_it_consumes() {
    build_and_execute(|| {
        let agent = register(ALICE);
        paid(BOB, agent, 100);
        paid(CAROL, agent, 300);
        assert_ok!(rate(BOB, agent, 100, rating(0)));
        assert_ok!(rate(CAROL, agent, 300, rating(10_000)));
        let mean = Mean {
            count: 2,
            weight: 400,
            value: Some(7_500),
        };
        assert_eq!(all(agent), mean);
    });
}

#[test]
fn feedback_without_or_beyond_what_was_paid_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        assert_noop!(rate(BOB, agent, 10, rating(1)), Error::<Test>::NotPaid);
        paid(BOB, agent, 100);
        assert_noop!(rate(CAROL, agent, 10, rating(1)), Error::<Test>::NotPaid);
        assert_noop!(rate(BOB, agent, 101, rating(1)), Error::<Test>::NotPaid);
        assert_ok!(rate(BOB, agent, 60, rating(1)));
        assert_noop!(rate(BOB, agent, 41, rating(1)), Error::<Test>::NotPaid);
        assert_ok!(rate(BOB, agent, 40, rating(1)));
        // What it consumed stays consumed.
        assert_ok!(Agents::revoke_feedback(signed(BOB), agent, 0));
        assert_noop!(rate(BOB, agent, 10, rating(1)), Error::<Test>::NotPaid);
    });
}

#[test]
fn feedback_is_about_the_wallet_that_is_bound() {
    build_and_execute(|| {
        let agent = register(ALICE);
        paid(BOB, agent, 100);
        bind(agent, KEYS[1]);
        assert_noop!(rate(BOB, agent, 10, rating(1)), Error::<Test>::NotPaid);
        assert_ok!(dispatch(signed(BOB), pay_to(key(KEYS[1]), 50)));
        assert_ok!(rate(BOB, agent, 50, rating(1)));
        let left = |wallet| Agents::read_unconsumed(account(BOB), agent, wallet);
        assert_eq!(left(None), Some(0));
        // The account is the agent's, too, whatever is bound.
        assert_eq!(left(Some(account_of(agent))), Some(100));
        assert_ok!(rate_for(BOB, agent, 100, account_of(agent)));
        assert_noop!(
            rate_for(BOB, agent, 10, account(CAROL)),
            Error::<Test>::NotItsWallet
        );
        assert_eq!(left(Some(account(CAROL))), None);
    });
}

#[test]
fn feedback_by_the_agents_own_is_refused() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        let sister = register(ALICE);
        let stranger = register(BOB);
        endow(sister, 10_000);
        endow(stranger, 10_000);
        // One that is bound, and one that was.
        bind(agent, KEYS[2]);
        bind(agent, KEYS[1]);
        // A session's key that has acted.
        assert_ok!(act(agent, pay(BOB, 1)));
        let own = [
            account(ALICE),
            account_of(agent),
            account_of(sister),
            key(KEYS[0]),
            key(KEYS[1]),
            key(KEYS[2]),
        ];
        for who in own {
            let origin = RuntimeOrigin::signed(who);
            assert_ok!(dispatch(origin.clone(), pay_to(key(KEYS[1]), 100)));
            assert_noop!(
                Agents::feedback(origin, agent, 100, rating(10_000), None),
                Error::<Test>::OwnFeedback
            );
        }
        // Another owner's agent may.
        let origin = RuntimeOrigin::signed(account_of(stranger));
        assert_ok!(dispatch(origin.clone(), pay_to(key(KEYS[1]), 100)));
        assert_ok!(Agents::feedback(origin, agent, 100, rating(10_000), None));
    });
}

/// An owner binds a friend's wallet, or its own, for a rating, and unbinds it; or sells. Whoever paid a wallet rates for two periods, where it belongs.
#[test]
fn feedback_for_a_former_wallet_counts_for_two_periods_and_its_tenure() {
    build_and_execute(|| {
        let agent = register(ALICE);
        paid(CAROL, agent, 100);
        bind(agent, KEYS[1]);
        for who in [BOB, CAROL] {
            assert_ok!(dispatch(signed(who), pay_to(key(KEYS[1]), 100)));
        }
        assert_ok!(Agents::unbind_wallet(signed(ALICE), agent));
        assert_noop!(rate(BOB, agent, 10, rating(1)), Error::<Test>::NotPaid);
        assert_ok!(rate_for(BOB, agent, 50, key(KEYS[1])));
        assert_ok!(Agents::transfer(signed(ALICE), agent, account(PAUPER)));
        advance(2 * PERIOD - 1);
        assert_ok!(rate_for(BOB, agent, 50, key(KEYS[1])));
        let summary = || Agents::read_summary(agent, None).unwrap();
        // It is about the owner before.
        assert_eq!((summary().all.weight, summary().in_tenure.weight), (100, 0));
        assert_ok!(rate(CAROL, agent, 100, rating(1)));
        assert_eq!(
            (summary().all.weight, summary().in_tenure.weight),
            (200, 100)
        );
        assert_ok!(Agents::revoke_feedback(signed(BOB), agent, 1));
        assert_eq!(
            (summary().all.weight, summary().in_tenure.weight),
            (150, 100)
        );
        advance(1);
        assert_noop!(
            rate_for(CAROL, agent, 50, key(KEYS[1])),
            Error::<Test>::NotItsWallet
        );
        let info = Agents::read_agent(agent).unwrap();
        assert!(info.former.is_empty());
    });
}

/// An owner can name any key in a grant, and make it look used by what it schedules itself.
#[test]
fn feedback_by_a_key_that_was_granted_a_session_and_has_not_acted_counts() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        assert_ok!(dispatch(
            signed_by_key(KEYS[0]),
            pay_to(account_of(agent), 100)
        ));
        assert_ok!(Agents::schedule(
            signed(ALICE),
            agent,
            session,
            Box::new(pay(BOB, 1)),
            plan(0, 0, 1, 0)
        ));
        assert_ok!(Agents::run(signed(ALICE), agent, 0, Box::new(pay(BOB, 1))));
        let rate = || Agents::feedback(signed_by_key(KEYS[0]), agent, 50, rating(0), None);
        assert_ok!(rate());
        assert_ok!(act(agent, pay(BOB, 1)));
        assert_noop!(rate(), Error::<Test>::OwnFeedback);
    });
}

#[test]
fn feedback_that_makes_no_sense_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        paid(BOB, agent, 100);
        let tagged = |tags| Opinion { tags, ..rating(1) };
        assert_noop!(
            rate(BOB, agent, 10, rating(10_001)),
            Error::<Test>::RatingInvalid
        );
        assert_noop!(
            rate(BOB, agent, 9, rating(1)),
            Error::<Test>::FeedbackTooSmall
        );
        assert_noop!(
            rate(BOB, agent, 10, tagged(Tags::One(tag("speed")))),
            Error::<Test>::UnknownTag
        );
        assert_noop!(
            rate(
                BOB,
                agent,
                10,
                tagged(Tags::Two(tag("speed"), tag("speed")))
            ),
            Error::<Test>::TagRepeated
        );
        assert_noop!(rate(BOB, 7, 10, rating(1)), Error::<Test>::UnknownAgent);
    });
}

#[test]
fn feedback_with_tags_counts_for_each_and_once_in_all() {
    build_and_execute(|| {
        let agent = register(ALICE);
        assert_noop!(
            Agents::add_tag(signed(BOB), agent, tag("speed")),
            Error::<Test>::NotYourAgent
        );
        assert_noop!(
            Agents::add_tag(signed(ALICE), agent, tag("")),
            Error::<Test>::TagInvalid
        );
        assert_ok!(Agents::add_tag(signed(ALICE), agent, tag("speed")));
        assert_ok!(Agents::add_tag(signed(ALICE), agent, tag("care")));
        assert_noop!(
            Agents::add_tag(signed(ALICE), agent, tag("care")),
            Error::<Test>::TagExists
        );
        assert_noop!(
            Agents::add_tag(signed(ALICE), agent, tag("more")),
            Error::<Test>::TooMany
        );
        paid(BOB, agent, 100);
        let about = |tags, value| Opinion {
            tags,
            ..rating(value)
        };
        let both = Tags::Two(tag("speed"), tag("care"));
        assert_ok!(rate(BOB, agent, 40, about(both, 1_000)));
        assert_ok!(rate(BOB, agent, 60, about(Tags::One(tag("care")), 6_000)));
        let of = |name: &str| {
            let mean = Agents::read_summary(agent, Some(tag(name))).unwrap().all;
            (mean.count, mean.weight, mean.value)
        };
        assert_eq!(of("speed"), (1, 40, Some(1_000)));
        assert_eq!(of("care"), (2, 100, Some(4_000)));
        assert_eq!(all(agent).count, 2);
        assert_eq!(Agents::read_summary(agent, Some(tag("other"))), None);
        assert_ok!(Agents::revoke_feedback(signed(BOB), agent, 0));
        assert_eq!(of("speed"), (0, 0, None));
        assert_eq!(of("care"), (1, 60, Some(6_000)));
    });
}

#[test]
fn summary_tells_recent_from_old_and_one_owner_from_another() {
    build_and_execute(|| {
        let agent = register(ALICE);
        paid(CAROL, agent, 300);
        assert_ok!(rate(CAROL, agent, 100, rating(2_000)));
        advance(PERIOD);
        assert_ok!(rate(CAROL, agent, 100, rating(4_000)));
        let summary = || {
            let read = Agents::read_summary(agent, None).unwrap();
            (read.all.value, read.in_tenure.value, read.recent.value)
        };
        assert_eq!(summary(), (Some(3_000), Some(3_000), Some(3_000)));
        advance(PERIOD);
        assert_eq!(summary(), (Some(3_000), Some(3_000), Some(4_000)));
        assert_ok!(Agents::transfer(signed(ALICE), agent, account(BOB)));
        assert_eq!(summary(), (Some(3_000), None, Some(4_000)));
        assert_ok!(rate(CAROL, agent, 100, rating(9_000)));
        assert_eq!(summary(), (Some(5_000), Some(9_000), Some(6_500)));
        advance(2 * PERIOD);
        assert_eq!(summary(), (Some(5_000), Some(9_000), None));
    });
}

#[test]
fn revoke_feedback_is_the_givers_and_gives_the_deposit_back() {
    build_and_execute(|| {
        let agent = register(ALICE);
        paid(BOB, agent, 100);
        let before = Balances::free_balance(account(BOB));
        assert_ok!(rate(BOB, agent, 100, rating(1)));
        assert!(funds(&account(BOB)).1 > 0);
        assert_noop!(
            Agents::revoke_feedback(signed(ALICE), agent, 0),
            Error::<Test>::NotYourFeedback
        );
        assert_ok!(Agents::revoke_feedback(signed(BOB), agent, 0));
        assert_eq!(Balances::free_balance(account(BOB)), before);
        assert_eq!(all(agent).count, 0);
        assert_noop!(
            Agents::revoke_feedback(signed(BOB), agent, 0),
            Error::<Test>::UnknownFeedback
        );
    });
}

#[test]
fn revoke_feedback_of_an_agent_that_is_gone_gives_the_deposit_back() {
    build_and_execute(|| {
        let agent = register(ALICE);
        paid(BOB, agent, 100);
        assert_ok!(rate(BOB, agent, 100, rating(1)));
        assert_ok!(Agents::burn(signed(ALICE), agent));
        assert_ok!(Agents::revoke_feedback(signed(BOB), agent, 0));
        assert_eq!(funds(&account(BOB)).1, 0);
    });
}

#[test]
fn respond_is_the_agents() {
    build_and_execute(|| {
        let agent = register(ALICE);
        paid(BOB, agent, 100);
        assert_ok!(rate(BOB, agent, 100, rating(1)));
        let answer = |hash| Reference {
            hash: [hash; 32],
            file: None,
        };
        assert_noop!(
            Agents::respond(signed(BOB), agent, 0, answer(1)),
            Error::<Test>::NotYourAgent
        );
        assert_noop!(
            Agents::respond(signed(ALICE), agent, 1, answer(1)),
            Error::<Test>::UnknownFeedback
        );
        assert_ok!(Agents::respond(signed(ALICE), agent, 0, answer(1)));
        let by_account = RuntimeOrigin::signed(account_of(agent));
        assert_ok!(Agents::respond(by_account, agent, 0, answer(2)));
        let given = Feedbacks::<Test>::get(agent, 0).unwrap();
        assert_eq!(given.response, Some(answer(2)));
    });
}

/// Measured: an owner whose friend praises the agent with money that the owner gave him loses the market's cut of it, and nothing else.
#[test]
fn self_dealing_costs_the_cut_of_the_weight_it_buys() {
    build_and_execute(|| {
        let agent = register(ALICE);
        paid(CAROL, agent, 1_000);
        assert_ok!(rate(CAROL, agent, 1_000, rating(5_000)));
        let wealth = || {
            [account(ALICE), account(BOB), account_of(agent)]
                .iter()
                .map(<Balances as Inspect<AccountId>>::total_balance)
                .sum::<u128>()
        };
        let before = wealth();
        // From 50.00 to 80.00: W (m′ − m) / (1 − m′) = 1,000 × 0.3 / 0.2.
        let weight = 1_500;
        paid(BOB, agent, weight);
        assert_ok!(rate(BOB, agent, weight, rating(10_000)));
        assert_eq!(all(agent).value, Some(8_000));
        assert_eq!(before - wealth(), cut(weight));
    });
}
