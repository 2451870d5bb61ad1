//! A provider's own receipt against its redemption.

use crate::{mock::*, Call, Error, Event};
use frame_support::{assert_noop, assert_ok, dispatch::Pays, storage::with_storage_layer};
use noema_compute_primitives::Receipt;
use sp_runtime::{DispatchResult, TransactionalError};

fn report_by(signer: u8, receipt: Receipt) -> Call<Test> {
    Call::report {
        signature: sign_receipt(signer, &receipt),
        receipt,
    }
}

fn report(receipt: Receipt) -> Call<Test> {
    report_by(service_key(PROVIDER), receipt)
}

/// Request 2 was promised 100 on top of 40, cost 30, and 140 were redeemed.
fn too_much_redeemed() -> u64 {
    let (channel, _) = alice_opens(1_000);
    let second = voucher(channel, 2, 40, 100);
    assert_ok!(redeem(PROVIDER, vec![claim(second, 140)]));
    channel
}

#[test]
fn report_slashes_and_jails_and_pays_the_payer_whoever_reports() {
    build_and_execute(|| {
        let channel = too_much_redeemed();
        let (alice, stranger, fund) = (funds(ALICE).0, funds(STRANGER).0, funds(FUND).0);
        let outcome = dispatch(STRANGER, report(receipt(channel, 2, 70))).unwrap();
        assert_eq!(outcome.pays_fee, Pays::No);
        // 70 too much, four times; half of it is the payer's.
        assert_eq!(bond_of(PROVIDER), BOND - 280);
        assert_eq!(funds(ALICE).0, alice + 140);
        assert_eq!(funds(STRANGER).0, stranger);
        assert_eq!(funds(FUND).0, fund + 140);
        assert!(!Registry::record(PROVIDER).active);
        assert_eq!(Registry::record(PROVIDER).jailed_until, 31);
        System::assert_last_event(
            Event::OverRedemptionProven {
                channel,
                session: 0,
                lane: 0,
                provider: account(PROVIDER),
                excess: 70,
                slashed: 280,
                to_payer: 140,
            }
            .into(),
        );
        for cumulative in [70, 71, 139] {
            assert_noop!(
                dispatch(ALICE, report(receipt(channel, 2, cumulative))),
                Error::<Test>::AlreadyPunished
            );
        }
    });
}

#[test]
fn report_of_oneself_by_a_weaker_receipt_leaves_the_rest_punishable() {
    build_and_execute(|| {
        let channel = too_much_redeemed();
        let alice = funds(ALICE).0;
        // The provider overtakes its payer with a receipt that admits one unit: the least that a slash takes.
        assert_ok!(dispatch(PROVIDER, report(receipt(channel, 2, 139))));
        assert_eq!(bond_of(PROVIDER), BOND - 20);
        let outcome = dispatch(ALICE, report(receipt(channel, 2, 70))).unwrap();
        assert_eq!(outcome.pays_fee, Pays::No);
        // In all what the stronger one costs alone.
        assert_eq!(bond_of(PROVIDER), BOND - 280);
        assert_eq!(funds(ALICE).0, alice + 140);
    });
}

#[test]
fn report_that_takes_less_than_the_least_slash_pays_its_fee() {
    build_and_execute(|| {
        let channel = too_much_redeemed();
        let pays = |cumulative| {
            let call = report(receipt(channel, 2, cumulative));
            dispatch(PROVIDER, call).unwrap().pays_fee
        };
        assert_eq!(pays(139), Pays::No);
        assert_eq!(pays(138), Pays::Yes);
        // 4 times 6, less the 20 that were taken.
        assert_eq!(pays(134), Pays::Yes);
        assert_eq!(pays(129), Pays::No);
        assert_eq!(bond_of(PROVIDER), BOND - 44);
    });
}

#[test]
fn report_with_the_receipt_before_leaves_one_maximum() {
    build_and_execute(|| {
        let channel = too_much_redeemed();
        assert_noop!(
            dispatch(ALICE, report(receipt(channel, 1, 40))),
            Error::<Test>::NotTooMuch
        );
        // The voucher acknowledged more than the receipt before says: the provider took it nevertheless.
        assert_ok!(dispatch(ALICE, report(receipt(channel, 1, 38))));
        assert_eq!(bond_of(PROVIDER), BOND - 20);
    });
}

#[test]
fn report_of_what_is_not_so_is_refused() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        assert_noop!(
            dispatch(ALICE, report(receipt(channel, 1, 0))),
            Error::<Test>::NothingRedeemed
        );
        assert_noop!(
            dispatch(ALICE, report(receipt(9, 1, 0))),
            Error::<Test>::UnknownChannel
        );
        let third = voucher(channel, 3, 40, 100);
        assert_ok!(redeem(PROVIDER, vec![claim(third, 90)]));
        for (nonce, cumulative) in [(3, 90), (4, 90), (2, 40), (1, 0)] {
            assert_noop!(
                dispatch(ALICE, report(receipt(channel, nonce, cumulative))),
                Error::<Test>::NotTooMuch
            );
        }
        for signer in [service_key(RIVAL), session_key(ALICE)] {
            assert_noop!(
                dispatch(ALICE, report_by(signer, receipt(channel, 3, 0))),
                Error::<Test>::BadSignature
            );
        }
        let mut call = report(receipt(channel, 3, 89));
        if let Call::report { receipt, .. } = &mut call {
            receipt.cumulative = 80;
        }
        assert_noop!(dispatch(ALICE, call), Error::<Test>::BadSignature);
        assert_eq!(bond_of(PROVIDER), BOND);
    });
}

#[test]
fn report_after_the_window_is_too_late() {
    build_and_execute(|| {
        let channel = too_much_redeemed();
        advance(EvidenceWindow::get());
        assert_noop!(
            dispatch(ALICE, report(receipt(channel, 2, 70))),
            Error::<Test>::EvidenceTooLate
        );
    });
}

#[test]
fn report_in_the_last_tick_and_of_a_settled_channel_is_in_time() {
    build_and_execute(|| {
        let channel = too_much_redeemed();
        assert_ok!(Compute::close(signed(PROVIDER), channel));
        advance(EvidenceWindow::get() - 1);
        assert_noop!(
            dispatch(PROVIDER, Call::remove { channel }),
            Error::<Test>::EvidencePossible
        );
        assert_ok!(dispatch(ALICE, report(receipt(channel, 2, 70))));
    });
}

#[test]
fn report_uses_the_key_that_the_channel_froze() {
    build_and_execute(|| {
        let channel = too_much_redeemed();
        assert_ok!(Compute::set_key(signed(PROVIDER), 0, key(99)));
        assert_noop!(
            dispatch(ALICE, report_by(99, receipt(channel, 2, 70))),
            Error::<Test>::BadSignature
        );
        assert_ok!(Compute::retire(signed(PROVIDER), 0));
        assert_ok!(dispatch(ALICE, report(receipt(channel, 2, 70))));
    });
}

#[test]
fn report_again_after_another_redemption_is_about_what_came_on_top() {
    build_and_execute(|| {
        let channel = too_much_redeemed();
        assert_ok!(dispatch(ALICE, report(receipt(channel, 2, 70))));
        let third = voucher(channel, 3, 70, 100);
        assert_ok!(redeem(PROVIDER, vec![claim(third, 170)]));
        // Requests 2 and 3 cost 30 each: the same 70 are too much as before, and were punished.
        assert_noop!(
            dispatch(ALICE, report(receipt(channel, 3, 100))),
            Error::<Test>::AlreadyPunished
        );
        // What the next requests cost has used them up; then 70 more are too much.
        let later = voucher(channel, 9, 170, 100);
        assert_ok!(redeem(PROVIDER, vec![claim(later, 270)]));
        assert_ok!(dispatch(ALICE, report(receipt(channel, 9, 200))));
        assert_eq!(bond_of(PROVIDER), BOND - 560);
    });
}

#[test]
fn report_slashes_at_most_what_one_maximum_is_worth() {
    build_and_execute(|| {
        let channel = too_much_redeemed();
        // Whoever stole the service key could sign anything.
        assert_ok!(dispatch(ALICE, report(receipt(channel, 9, 0))));
        assert_eq!(bond_of(PROVIDER), BOND - 400);
    });
}

#[test]
fn report_of_a_provider_that_is_gone_changes_nothing() {
    build_and_execute(|| {
        let channel = too_much_redeemed();
        Registry::leave(PROVIDER);
        let call = report(receipt(channel, 2, 70));
        assert_noop!(
            dispatch(ALICE, call),
            sp_runtime::DispatchError::Other("there is no such provider")
        );
    });
}

/// A deposit that does not come back, a provider that is not jailed: nobody chooses that by nesting a call deeply.
#[test]
fn calls_nested_too_deeply_fail_as_a_whole() {
    fn nested(layers: u32, call: &Call<Test>) -> DispatchResult {
        match layers {
            0 => dispatch(STRANGER, call.clone())
                .map(|_| ())
                .map_err(|error| error.error),
            _ => with_storage_layer(|| nested(layers - 1, call)),
        }
    }

    build_and_execute(|| {
        let channel = too_much_redeemed();
        let call = report(receipt(channel, 2, 70));
        for layers in [248, 250, 254] {
            assert_noop!(nested(layers, &call), TransactionalError::LimitReached);
        }
        assert_ok!(nested(200, &call));
        assert_eq!(bond_of(PROVIDER), BOND - 280);
        assert!(!Registry::record(PROVIDER).active);
    });
}
