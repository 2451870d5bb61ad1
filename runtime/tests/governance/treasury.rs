//! What is paid from the treasury: to whom a referendum said, up to its track's limit, once.

use crate::people::{account, call, decide_as, on_a_chain, signed, REFUSED};
use frame_support::{assert_noop, assert_ok, traits::fungible::Mutate};
use noema_core::units::NOEMA;
use noema_runtime::{
    configs::money::{TreasuryAccount, EXISTENTIAL_DEPOSIT},
    governance::origins::Origin,
    parameters, Balance, Balances, Runtime, RuntimeCall, RuntimeOrigin, System, Treasury,
};
use pallet_treasury::{Error, SpendCount};
use sp_keyring::Sr25519Keyring::{Bob, Eve, Ferdie};
use sp_runtime::DispatchError;

const SPENDERS: [(Origin, Balance); 4] = [
    (Origin::SmallSpender, parameters::SMALL_SPENDER_LIMIT),
    (Origin::MediumSpender, parameters::MEDIUM_SPENDER_LIMIT),
    (Origin::BigSpender, parameters::BIG_SPENDER_LIMIT),
    (Origin::Treasurer, parameters::TREASURER_LIMIT),
];

fn spend(amount: Balance) -> RuntimeCall {
    RuntimeCall::Treasury(pallet_treasury::Call::spend {
        asset_kind: Box::new(()),
        amount,
        beneficiary: Box::new(account(Ferdie)),
        valid_from: None,
    })
}

fn batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
    RuntimeCall::Utility(pallet_utility::Call::batch_all { calls })
}

fn fill(amount: Balance) {
    assert_ok!(<Balances as Mutate<_>>::mint_into(
        &TreasuryAccount::get(),
        amount
    ));
}

#[test]
fn a_referendum_pays_whom_it_names_when_anybody_claims_it() {
    on_a_chain(|| {
        fill(5_000 * NOEMA);
        let before = Balances::free_balance(account(Ferdie));
        decide_as(Origin::SmallSpender, spend(1_000 * NOEMA));
        assert_eq!(Balances::free_balance(account(Ferdie)), before);
        assert_ok!(Treasury::payout(signed(Bob), 0));
        assert_eq!(
            Balances::free_balance(account(Ferdie)),
            before + 1_000 * NOEMA
        );
        assert_noop!(
            Treasury::payout(signed(Bob), 0),
            Error::<Runtime>::AlreadyAttempted
        );
        assert_ok!(Treasury::check_status(signed(Bob), 0)
            .map(|_| ())
            .map_err(|e| e.error));
        assert_noop!(
            Treasury::payout(signed(Bob), 0),
            Error::<Runtime>::InvalidIndex
        );
    });
}

#[test]
fn a_spender_stays_within_its_limit_in_one_spend_and_in_many() {
    on_a_chain(|| {
        let too_much = DispatchError::from(Error::<Runtime>::InsufficientPermission);
        for (who, limit) in SPENDERS {
            let index = SpendCount::<Runtime>::get();
            assert_noop!(call(who, spend(limit + 1)), too_much);
            assert_noop!(call(who, batch(vec![spend(limit), spend(1)])), too_much);
            let parts = vec![spend(1), spend(limit - 1)];
            assert_ok!(call(who, batch(parts)));
            assert_ok!(call(who, spend(limit)));
            assert_eq!(SpendCount::<Runtime>::get(), index + 3);
        }
        assert_ok!(call(RuntimeOrigin::root(), spend(Balance::MAX)));
    });
}

#[test]
fn nobody_else_spends() {
    on_a_chain(|| {
        for other in [
            Origin::WhitelistedCaller,
            Origin::GeneralAdmin,
            Origin::ReferendumCanceller,
            Origin::ReferendumKiller,
        ] {
            assert_noop!(call(other, spend(1)), REFUSED);
        }
        assert_noop!(call(signed(Eve), spend(1)), REFUSED);
        let committee = pallet_collective::RawOrigin::Members(3, 3);
        assert_noop!(call(RuntimeOrigin::from(committee), spend(1)), REFUSED);
    });
}

#[test]
fn the_call_that_has_a_successor_is_closed_to_referenda() {
    on_a_chain(|| {
        #[allow(deprecated)]
        let old = || {
            RuntimeCall::Treasury(pallet_treasury::Call::spend_local {
                amount: 1,
                beneficiary: account(Ferdie).into(),
            })
        };
        for (who, _) in SPENDERS {
            assert_noop!(
                call(who, old()),
                frame_system::Error::<Runtime>::CallFiltered
            );
        }
    });
}

#[test]
fn the_treasurer_takes_an_unpaid_spend_back_and_smaller_spenders_do_not() {
    on_a_chain(|| {
        fill(5_000 * NOEMA);
        assert_ok!(call(Origin::SmallSpender, spend(NOEMA)));
        assert_ok!(call(Origin::SmallSpender, spend(NOEMA)));
        let void = |index| RuntimeCall::Treasury(pallet_treasury::Call::void_spend { index });
        assert_noop!(call(Origin::BigSpender, void(0)), REFUSED);
        assert_noop!(call(signed(Ferdie), void(0)), REFUSED);
        assert_ok!(call(Origin::Treasurer, void(0)));
        assert_noop!(
            Treasury::payout(signed(Ferdie), 0),
            Error::<Runtime>::InvalidIndex
        );
        assert_ok!(Treasury::payout(signed(Ferdie), 1));
        assert_noop!(
            call(Origin::Treasurer, void(1)),
            Error::<Runtime>::AlreadyAttempted
        );
    });
}

#[test]
fn an_unclaimed_spend_expires() {
    on_a_chain(|| {
        fill(5_000 * NOEMA);
        assert_ok!(call(Origin::SmallSpender, spend(NOEMA)));
        System::set_block_number(System::block_number() + parameters::PAYOUT_PERIOD);
        assert_noop!(
            Treasury::payout(signed(Ferdie), 0),
            Error::<Runtime>::SpendExpired
        );
    });
}

#[test]
fn the_treasury_never_pays_its_last_token_and_can_pay_again_when_it_has_some() {
    on_a_chain(|| {
        let treasury = TreasuryAccount::get();
        fill(NOEMA);
        assert_ok!(call(
            Origin::SmallSpender,
            spend(NOEMA + EXISTENTIAL_DEPOSIT)
        ));
        assert_noop!(
            Treasury::payout(signed(Ferdie), 0),
            Error::<Runtime>::PayoutError
        );
        fill(EXISTENTIAL_DEPOSIT);
        assert_ok!(Treasury::payout(signed(Ferdie), 0));
        assert_eq!(Balances::free_balance(treasury), EXISTENTIAL_DEPOSIT);
    });
}

#[test]
fn unspent_funds_are_not_burnt_and_do_not_vote() {
    use frame_support::traits::{Currency, Hooks};
    on_a_chain(|| {
        fill(5_000 * NOEMA);
        let issuance = Balances::total_issuance();
        let number = System::block_number() + parameters::SPEND_PERIOD;
        System::set_block_number(number);
        Treasury::on_initialize(number);
        assert_eq!(Balances::total_issuance(), issuance);
        let active = <Balances as Currency<_>>::active_issuance();
        assert_eq!(issuance - active, 5_000 * NOEMA);
    });
}
