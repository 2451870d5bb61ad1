//! What parties do in tests.

use super::*;
use crate::{Balance, Channels, Claim, ClaimOf, GrantOf, NextChannel, NextService};
use frame_support::assert_ok;
use noema_compute_primitives::{
    ChannelId, Demand, Descriptor, ModelName, Price, Receipt, ServiceId, ServiceKind, Usage,
    VerificationMode, Voucher,
};
use noema_session::{Grant, Limits};
use sp_core::{ed25519, Pair as _};
use sp_runtime::DispatchError;

/// The price of the chat service.
pub(crate) const PRICE: Price = Price::Tokens {
    input: 1_000_000,
    cached: 500_000,
    output: 3_000_000,
};

pub(crate) fn signed(who: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(account(who))
}

/// The key pair with this number. Sessions and services use different ones.
pub(crate) fn pair(number: u8) -> ed25519::Pair {
    ed25519::Pair::from_seed(&[number; 32])
}

/// The account by which a key is named.
pub(crate) fn key(number: u8) -> AccountId {
    AccountId::new(pair(number).public().0)
}

pub(crate) fn sign(number: u8, payload: &[u8]) -> MultiSignature {
    MultiSignature::Ed25519(pair(number).sign(payload))
}

/// The key that signs receipts of a provider.
pub(crate) const fn service_key(provider: u8) -> u8 {
    provider + 10
}

pub(crate) fn model(name: &str) -> ModelName {
    name.as_bytes().to_vec().try_into().unwrap()
}

pub(crate) fn descriptor() -> Descriptor {
    Descriptor {
        kind: ServiceKind::Chat,
        model: model("tiny/1"),
        weights: None,
        endpoint: b"http://localhost:8080".to_vec().try_into().unwrap(),
        price: PRICE,
        verification: VerificationMode::None,
        capacity: 8,
    }
}

/// Offers the chat service.
pub(crate) fn announce(provider: u8) -> ServiceId {
    let service = NextService::<Test>::get();
    assert_ok!(Compute::announce(
        signed(provider),
        descriptor(),
        key(service_key(provider))
    ));
    service
}

/// Whatever a session key may do without limits that matter.
pub(crate) fn grant(number: u8) -> GrantOf<Test> {
    Grant {
        key: key(number),
        scope: (),
        limits: Limits {
            per_use: 1_000_000,
            total: 1_000_000,
        },
        expires: u64::MAX,
    }
}

/// The key of the first session of a payer's channels.
pub(crate) const fn session_key(payer: u8) -> u8 {
    payer + 20
}

/// Opens a channel with three lanes.
pub(crate) fn open(payer: u8, service: ServiceId, cap: Balance) -> ChannelId {
    let channel = NextChannel::<Test>::get();
    assert_ok!(Compute::open(
        signed(payer),
        service,
        cap,
        3,
        grant(session_key(payer))
    ));
    channel
}

/// A channel of Alice to the provider, and the service.
pub(crate) fn alice_opens(cap: Balance) -> (ChannelId, ServiceId) {
    let service = announce(PROVIDER);
    (open(ALICE, service, cap), service)
}

/// Request `nonce` of lane 0 of session 0, for up to `maximum` on top of `paid`.
pub(crate) fn voucher(channel: ChannelId, nonce: u64, paid: Balance, maximum: Balance) -> Voucher {
    Voucher {
        channel,
        session: 0,
        lane: 0,
        nonce,
        service: Channels::<Test>::get(channel).map_or(0, |record| record.service),
        paid,
        maximum,
        request: [7; 32],
        expires: u64::MAX,
        price: PRICE,
    }
}

/// A claim signed by the key with this number.
pub(crate) fn claim_by(number: u8, voucher: Voucher, amount: Balance) -> ClaimOf<Test> {
    Claim {
        signature: sign(number, &voucher.payload(&Pallet::<Test>::genesis())),
        voucher,
        amount,
        demand: None,
    }
}

/// The same claim, for which the key with this number signs the demand.
pub(crate) fn demanded_by(number: u8, claim: ClaimOf<Test>) -> ClaimOf<Test> {
    let demand = Demand::new(&claim.voucher, claim.amount);
    Claim {
        demand: Some(sign(number, &demand.payload(&Pallet::<Test>::genesis()))),
        ..claim
    }
}

/// A claim on a channel of Alice.
pub(crate) fn claim(voucher: Voucher, amount: Balance) -> ClaimOf<Test> {
    claim_by(session_key(ALICE), voucher, amount)
}

pub(crate) fn redeem(who: u8, claims: Vec<ClaimOf<Test>>) -> Result<(), DispatchError> {
    let claims = claims.try_into().unwrap();
    dispatch(who, crate::Call::redeem { claims })
        .map(drop)
        .map_err(|error| error.error)
}

/// What the provider says about request `nonce` of lane 0.
pub(crate) fn receipt(channel: ChannelId, nonce: u64, cumulative: Balance) -> Receipt {
    Receipt {
        channel,
        session: 0,
        lane: 0,
        nonce,
        service: 0,
        request: [7; 32],
        response: [8; 32],
        response_bytes: 12,
        model: model("tiny/1"),
        usage: Usage::Units { units: 0 },
        price: PRICE,
        amount: 0,
        cumulative,
        time: 1,
    }
}

pub(crate) fn sign_receipt(number: u8, receipt: &Receipt) -> MultiSignature {
    sign(number, &receipt.payload(&Pallet::<Test>::genesis()))
}

/// What can still be redeemed from a channel.
pub(crate) fn left(channel: ChannelId) -> Balance {
    Channels::<Test>::get(channel).unwrap().left
}

/// Free balance and what is held for requests and as deposits.
pub(crate) fn funds(who: u8) -> (Balance, Balance, Balance) {
    use crate::HoldReason;
    use frame_support::traits::fungible::InspectHold;
    let held = |reason: HoldReason| Balances::balance_on_hold(&reason.into(), &account(who));
    (
        Balances::free_balance(account(who)),
        held(HoldReason::Purse),
        held(HoldReason::Deposit),
    )
}

/// Makes a call as the runtime does: undone when it fails.
pub(crate) fn dispatch(
    who: u8,
    call: crate::Call<Test>,
) -> frame_support::dispatch::DispatchResultWithPostInfo {
    use frame_support::traits::UnfilteredDispatchable;
    RuntimeCall::Compute(call).dispatch_bypass_filter(signed(who))
}
