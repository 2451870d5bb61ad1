//! What vouchers are worth.

use crate::{mock::*, ClaimOf, Error, Event, Lanes, Pairs};
use codec::Encode;
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{InspectFreeze, MutateFreeze},
};
use noema_compute_primitives::{Price, Voucher, RECEIPT_DOMAIN, VOUCHER_DOMAIN};

#[test]
fn redeem_pays_the_provider_and_the_protocol() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        let (provider, treasury) = (funds(PROVIDER).0, funds(TREASURY).0);
        let first = voucher(channel, 1, 0, 500);
        assert_ok!(redeem(PROVIDER, vec![claim(first, 101)]));
        // 5 % of 101, rounded up.
        assert_eq!(funds(PROVIDER).0, provider + 95);
        assert_eq!(funds(TREASURY).0, treasury + 6);
        assert_eq!(funds(ALICE).1, 899);
        assert_eq!(left(channel), 899);
        let pair = Pairs::<Test>::get(account(ALICE), account(PROVIDER)).unwrap();
        assert_eq!(pair.unconsumed, 101);
        System::assert_has_event(
            Event::Redeemed {
                channel,
                session: 0,
                lane: 0,
                nonce: 1,
                amount: 101,
                cut: 6,
                redeemed: 101,
            }
            .into(),
        );
    });
}

#[test]
fn redeem_by_the_operator_pays_the_provider() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        let before = funds(PROVIDER).0;
        let first = voucher(channel, 1, 0, 100);
        let demanded = demanded_by(service_key(PROVIDER), claim(first, 100));
        assert_ok!(redeem(operator_of(PROVIDER), vec![demanded]));
        assert_eq!(funds(PROVIDER).0, before + 95);
        let next = voucher(channel, 2, 100, 100);
        for other in [RIVAL, operator_of(RIVAL), ALICE, STRANGER] {
            assert_noop!(
                redeem(other, vec![claim(next, 200)]),
                Error::<Test>::NotYourClaim
            );
        }
    });
}

#[test]
fn redeem_by_the_operator_takes_what_the_channels_key_demands_and_no_more() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        let operator = operator_of(PROVIDER);
        let first = voucher(channel, 1, 0, 100);
        assert_noop!(
            redeem(operator, vec![claim(first, 100)]),
            Error::<Test>::DemandMissing
        );
        // The receipt says 30: so much is demanded, and the rest of the maximum is out of reach.
        let demanded = demanded_by(service_key(PROVIDER), claim(first, 30));
        for amount in [29, 31, 100] {
            let mut other = demanded.clone();
            other.amount = amount;
            assert_noop!(redeem(operator, vec![other]), Error::<Test>::BadDemand);
        }
        // Nor for another request of the lane, nor another lane.
        let changes: [fn(&mut Voucher); 2] =
            [|voucher| voucher.nonce += 1, |voucher| voucher.lane += 1];
        for change in changes {
            let mut elsewhere = first;
            change(&mut elsewhere);
            let moved = ClaimOf::<Test> {
                demand: demanded.demand.clone(),
                ..claim(elsewhere, 30)
            };
            assert_noop!(redeem(operator, vec![moved]), Error::<Test>::BadDemand);
        }
        for forger in [session_key(ALICE), service_key(RIVAL), 99] {
            let forged = demanded_by(forger, claim(first, 100));
            assert_noop!(redeem(operator, vec![forged]), Error::<Test>::BadDemand);
        }
        // A voucher is no demand, although the key that signs it is the payer's own.
        let mut voucher_as_demand = claim(first, 100);
        voucher_as_demand.demand = Some(voucher_as_demand.signature.clone());
        assert_noop!(
            redeem(operator, vec![voucher_as_demand]),
            Error::<Test>::BadDemand
        );
        assert_ok!(redeem(operator, vec![demanded]));
        assert_eq!(left(channel), 970);
        // The bonded account answers for its claims with its bond, and needs none.
        assert_ok!(redeem(PROVIDER, vec![claim(first, 100)]));
    });
}

#[test]
fn redeem_for_another_service_is_refused() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        let other = announce(PROVIDER);
        let mut elsewhere = voucher(channel, 1, 0, 100);
        elsewhere.service = other;
        assert_noop!(
            redeem(PROVIDER, vec![claim(elsewhere, 10)]),
            Error::<Test>::WrongService
        );
    });
}

#[test]
fn redeem_pays_only_what_was_not_paid() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        let first = voucher(channel, 1, 0, 100);
        let third = voucher(channel, 3, 150, 100);
        assert_ok!(redeem(PROVIDER, vec![claim(first, 80)]));
        assert_noop!(
            redeem(PROVIDER, vec![claim(first, 80)]),
            Error::<Test>::NothingDue
        );
        // The second is skipped: the third acknowledges what it owed.
        assert_ok!(redeem(PROVIDER, vec![claim(third, 230)]));
        assert_eq!(left(channel), 770);
        assert_noop!(
            redeem(PROVIDER, vec![claim(voucher(channel, 2, 80, 900), 900)]),
            Error::<Test>::StaleVoucher
        );
        // The same voucher up to its ceiling, in steps.
        assert_ok!(redeem(PROVIDER, vec![claim(third, 250)]));
        assert_noop!(
            redeem(PROVIDER, vec![claim(third, 251)]),
            Error::<Test>::AboveVoucher
        );
    });
}

#[test]
fn redeem_of_what_was_changed_in_any_part_is_refused() {
    build_and_execute(|| {
        let (channel, service) = alice_opens(1_000);
        open(ALICE, service, 1_000);
        let good = claim(voucher(channel, 1, 10, 100), 100);
        let changes: [fn(&mut Voucher); 9] = [
            |voucher| voucher.channel += 1,
            |voucher| voucher.lane += 1,
            |voucher| voucher.nonce += 1,
            |voucher| voucher.price = Price::Units { unit: 1 },
            |voucher| voucher.paid += 1,
            |voucher| voucher.maximum += 1,
            |voucher| voucher.request[31] ^= 1,
            |voucher| voucher.expires -= 1,
            |voucher| voucher.maximum -= 1,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed: ClaimOf<Test> = good.clone();
            change(&mut changed.voucher);
            assert_eq!(
                redeem(PROVIDER, vec![changed]),
                Err(Error::<Test>::BadSignature.into()),
                "change {number}"
            );
        }
        // By the session's key, but for another chain, without the domain, with that of a receipt, or without anything before it.
        let genesis = Compute::genesis();
        let payload = good.voucher.payload(&genesis);
        let encoded = good.voucher.encode();
        assert!(payload.ends_with(&encoded));
        let mut of_another_chain = genesis;
        of_another_chain[0] ^= 1;
        let others = [
            good.voucher.payload(&of_another_chain),
            payload[VOUCHER_DOMAIN.len()..].to_vec(),
            [RECEIPT_DOMAIN.as_slice(), &genesis, &encoded].concat(),
            encoded,
        ];
        for (number, payload) in others.iter().enumerate() {
            let mut elsewhere = good.clone();
            elsewhere.signature = sign(session_key(ALICE), payload);
            assert_eq!(
                redeem(PROVIDER, vec![elsewhere]),
                Err(Error::<Test>::BadSignature.into()),
                "payload {number}"
            );
        }
        let by_other = claim_by(session_key(BOB), good.voucher, 100);
        assert_noop!(
            redeem(PROVIDER, vec![by_other]),
            Error::<Test>::BadSignature
        );
        assert_ok!(redeem(PROVIDER, vec![good]));
    });
}

#[test]
fn redeem_of_what_has_no_place_is_refused() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        let mut wrong = voucher(channel, 1, 0, 10);
        wrong.lane = 3;
        assert_noop!(
            redeem(PROVIDER, vec![claim(wrong, 10)]),
            Error::<Test>::UnknownLane
        );
        wrong.session = 1;
        assert_noop!(
            redeem(PROVIDER, vec![claim(wrong, 10)]),
            Error::<Test>::UnknownSession
        );
        wrong.channel = 9;
        assert_noop!(
            redeem(PROVIDER, vec![claim(wrong, 10)]),
            Error::<Test>::UnknownChannel
        );
        assert_noop!(redeem(PROVIDER, vec![]), Error::<Test>::NoClaims);
        let endless = voucher(channel, 1, u128::MAX, 1);
        assert!(redeem(PROVIDER, vec![claim(endless, 1)]).is_err());
    });
}

#[test]
fn redeem_of_an_expired_voucher_is_refused() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        let mut expiring = voucher(channel, 1, 0, 10);
        expiring.expires = Tick::get() + 5;
        advance(4);
        assert_ok!(redeem(PROVIDER, vec![claim(expiring, 4)]));
        advance(1);
        assert_noop!(
            redeem(PROVIDER, vec![claim(expiring, 10)]),
            Error::<Test>::VoucherExpired
        );
    });
}

#[test]
fn redeem_of_many_pays_what_is_good_and_tells_what_is_not() {
    build_and_execute(|| {
        let (channel, service) = alice_opens(1_000);
        let of_bob = open(BOB, service, 1_000);
        let good = claim(voucher(channel, 1, 0, 10), 10);
        let bad = claim(voucher(of_bob, 1, 0, 10), 10);
        let also_good = claim_by(session_key(BOB), voucher(of_bob, 1, 0, 20), 20);
        assert_ok!(redeem(PROVIDER, vec![bad.clone(), good.clone(), also_good]));
        assert_eq!((left(channel), left(of_bob)), (990, 980));
        System::assert_has_event(
            Event::ClaimRefused {
                index: 0,
                channel: of_bob,
                error: Error::<Test>::BadSignature.into(),
            }
            .into(),
        );
        // When nothing is good the call fails, with the first reason.
        assert_noop!(redeem(PROVIDER, vec![bad, good]), Error::<Test>::NothingDue);
    });
}

#[test]
fn redeem_from_an_empty_channel_waits_for_more() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        let big = voucher(channel, 1, 0, 150);
        assert_ok!(redeem(PROVIDER, vec![claim(big, 150)]));
        assert_eq!(left(channel), 0);
        assert_eq!(Lanes::<Test>::get((channel, 0), 0).unwrap().redeemed, 100);
        assert_noop!(
            redeem(PROVIDER, vec![claim(big, 150)]),
            Error::<Test>::ChannelEmpty
        );
        assert_ok!(Compute::top_up(signed(ALICE), channel, 100));
        assert_ok!(redeem(PROVIDER, vec![claim(big, 150)]));
        assert_eq!(left(channel), 50);
    });
}

#[test]
fn redeem_reaches_what_the_payer_froze_for_something_else() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        assert_ok!(Balances::set_freeze(&[1], &account(ALICE), FUNDS));
        assert_eq!(Balances::balance_frozen(&[1], &account(ALICE)), FUNDS);
        let first = voucher(channel, 1, 0, 100);
        assert_ok!(redeem(PROVIDER, vec![claim(first, 100)]));
    });
}

#[test]
fn redeem_for_a_provider_without_account_is_refused_until_it_has_one() {
    build_and_execute(|| {
        let (channel, service) = alice_opens(1_000);
        assert_ok!(Compute::retire(signed(PROVIDER), service));
        assert_ok!(Balances::transfer_all(
            signed(PROVIDER),
            account(STRANGER),
            false
        ));
        let first = voucher(channel, 1, 0, 100);
        assert_noop!(
            redeem(PROVIDER, vec![claim(first, 2)]),
            Error::<Test>::ProviderCannotReceive
        );
        assert_ok!(redeem(PROVIDER, vec![claim(first, 100)]));
        assert_eq!(funds(PROVIDER).0, 95);
    });
}

#[test]
fn redeem_of_one_unit_is_all_cut() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        let before = (funds(PROVIDER).0, funds(TREASURY).0);
        assert_ok!(redeem(PROVIDER, vec![claim(voucher(channel, 1, 0, 1), 1)]));
        assert_eq!(
            (funds(PROVIDER).0, funds(TREASURY).0),
            (before.0, before.1 + 1)
        );
    });
}
