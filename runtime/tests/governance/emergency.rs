//! The emergency levers, rehearsed: who moves them, for how long, and how the chain comes back without
//! a sudo key.

use crate::{
    chain::Chain,
    people::{
        account, call, decide, decide_as, motion, on_a_chain, root, signed, COMMITTEE, REFUSED,
    },
    transactions::{decide_whitelisted, send},
};
use frame_support::{
    assert_noop, assert_ok,
    migrations::FailedMigrationHandler,
    traits::{fungible::Mutate, Hooks},
};
use noema_core::units::NOEMA;
use noema_runtime::{
    configs::{governance::Committee, money::TreasuryAccount, safety::RepairUnderSafeMode},
    governance::origins::Origin,
    parameters, Balances, Runtime, RuntimeCall, RuntimeOrigin, SafeMode, System, Treasury,
};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::DispatchError;

fn safe_mode(call: pallet_safe_mode::Call<Runtime>) -> RuntimeCall {
    RuntimeCall::SafeMode(call)
}

fn enter() -> RuntimeCall {
    safe_mode(pallet_safe_mode::Call::force_enter {})
}

fn transfer() -> RuntimeCall {
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: account(Ferdie).into(),
        value: NOEMA,
    })
}

fn pause(pallet: &str, name: &str) -> RuntimeCall {
    RuntimeCall::TxPause(pallet_tx_pause::Call::pause {
        full_name: full_name(pallet, name),
    })
}

fn full_name(pallet: &str, name: &str) -> pallet_tx_pause::RuntimeCallNameOf<Runtime> {
    let bounded = |text: &str| text.as_bytes().to_vec().try_into().expect("a short name");
    (bounded(pallet), bounded(name))
}

fn filtered() -> DispatchError {
    frame_system::Error::<Runtime>::CallFiltered.into()
}

#[test]
fn most_of_the_committee_enters_extends_and_leaves_safe_mode() {
    on_a_chain(|| {
        let two_thirds = motion(&COMMITTEE[..2], enter());
        assert_eq!(two_thirds, Err(REFUSED));
        assert!(!SafeMode::is_entered());

        assert_ok!(motion(&COMMITTEE, enter()));
        let until = pallet_safe_mode::EnteredUntil::<Runtime>::get();
        let six_hours = System::block_number() + parameters::COMMITTEE_SAFE_MODE;
        assert_eq!(until, Some(six_hours));
        assert_noop!(call(signed(Eve), transfer()), filtered());

        let extend = safe_mode(pallet_safe_mode::Call::force_extend {});
        assert_eq!(motion(&COMMITTEE[..2], extend.clone()), Err(REFUSED));
        assert_ok!(motion(&COMMITTEE, extend));
        assert_eq!(
            pallet_safe_mode::EnteredUntil::<Runtime>::get(),
            Some(six_hours + parameters::COMMITTEE_SAFE_MODE)
        );

        let exit = safe_mode(pallet_safe_mode::Call::force_exit {});
        assert_eq!(motion(&COMMITTEE[..2], exit.clone()), Err(REFUSED));
        assert_ok!(motion(&COMMITTEE, exit));
        assert_ok!(call(signed(Eve), transfer()));
    });
}

#[test]
fn safe_mode_of_the_committee_ends_by_itself() {
    on_a_chain(|| {
        assert_ok!(motion(&COMMITTEE, enter()));
        let until = System::block_number() + parameters::COMMITTEE_SAFE_MODE;
        SafeMode::on_initialize(until);
        assert!(SafeMode::is_entered());
        SafeMode::on_initialize(until + 1);
        assert!(!SafeMode::is_entered());
    });
}

#[test]
fn the_committee_pauses_calls_but_none_by_which_it_is_replaced() {
    on_a_chain(|| {
        let transfers = || pause("Balances", "transfer_keep_alive");
        assert_eq!(motion(&COMMITTEE[..2], transfers()), Err(REFUSED));
        assert_ok!(motion(&COMMITTEE, transfers()));
        assert_noop!(call(signed(Eve), transfer()), filtered());

        let unpausable = pallet_tx_pause::Error::<Runtime>::Unpausable.into();
        for (pallet, name) in [
            ("ConvictionVoting", "vote"),
            ("Referenda", "submit"),
            ("Preimage", "note_preimage"),
            ("TechnicalCommittee", "set_members"),
            ("TxPause", "unpause"),
            ("SafeMode", "force_exit"),
        ] {
            let refused = motion(&COMMITTEE, pause(pallet, name));
            assert_eq!(refused, Err(unpausable), "{pallet}::{name}");
        }
        let unpause = RuntimeCall::TxPause(pallet_tx_pause::Call::unpause {
            ident: full_name("Balances", "transfer_keep_alive"),
        });
        assert_noop!(call(Origin::GeneralAdmin, unpause.clone()), REFUSED);
        decide(root(), unpause);
        assert_ok!(call(signed(Eve), transfer()));
    });
}

#[test]
fn a_committee_that_keeps_the_chain_stopped_is_replaced_meanwhile() {
    on_a_chain(|| {
        assert_ok!(motion(&COMMITTEE, enter()));
        let new_members = [Dave, Eve, Ferdie].map(account).to_vec();
        decide_as(
            Origin::GeneralAdmin,
            RuntimeCall::TechnicalCommittee(pallet_collective::Call::set_members {
                new_members,
                prime: None,
                old_count: 3,
            }),
        );
        assert!(SafeMode::is_entered());
        for old in [Alice, Bob, Charlie] {
            let members = pallet_collective::Members::<Runtime, Committee>::get();
            assert!(!members.contains(&account(old)));
        }
        let exit = safe_mode(pallet_safe_mode::Call::force_exit {});
        assert_ok!(motion(&[Dave, Eve, Ferdie], exit));
        assert!(!SafeMode::is_entered());
    });
}

#[test]
fn a_spend_that_is_approved_in_safe_mode_is_paid_after_it() {
    on_a_chain(|| {
        let filled = Balances::mint_into(&TreasuryAccount::get(), 5_000 * NOEMA);
        assert_ok!(filled);
        assert_ok!(call(RuntimeOrigin::root(), enter()));
        decide_as(
            Origin::SmallSpender,
            RuntimeCall::Treasury(pallet_treasury::Call::spend {
                asset_kind: Box::new(()),
                amount: NOEMA,
                beneficiary: Box::new(account(Ferdie)),
                valid_from: None,
            }),
        );
        let payout = RuntimeCall::Treasury(pallet_treasury::Call::payout { index: 0 });
        assert_noop!(call(signed(Bob), payout), filtered());
        assert_ok!(SafeMode::force_exit(RuntimeOrigin::root()));
        assert_ok!(Treasury::payout(signed(Bob), 0));
    });
}

/// A failed migration has closed the chain for all but repair, without an end, and there is no sudo key.
#[test]
fn a_chain_in_safe_mode_without_an_end_is_repaired_by_referendum() {
    let mut chain = Chain::development();
    chain.author(vec![]);
    let remove = RuntimeCall::Sudo(pallet_sudo::Call::remove_key {});
    send(&mut chain, Alice, remove);
    chain.state.execute_with(|| {
        RepairUnderSafeMode::failed(Some(0));
        assert_eq!(
            pallet_safe_mode::EnteredUntil::<Runtime>::get(),
            Some(u32::MAX)
        );
    });
    chain.state.commit_all().expect("the state is stored");
    let refused = chain.signed(Eve, transfer());
    let (_, results) = chain.author(vec![refused]);
    assert_eq!(results, [Ok(Err(filtered()))]);

    // The repair, and the end of safe mode.
    let repair = RuntimeCall::Utility(pallet_utility::Call::batch_all {
        calls: vec![
            RuntimeCall::System(frame_system::Call::set_storage {
                items: vec![(b"repaired".to_vec(), vec![1])],
            }),
            safe_mode(pallet_safe_mode::Call::force_exit {}),
        ],
    });
    decide_whitelisted(&mut chain, repair);
    assert!(chain.query(|| sp_io::storage::exists(b"repaired")));
    assert!(!chain.query(SafeMode::is_entered));
    send(&mut chain, Eve, transfer());
}
