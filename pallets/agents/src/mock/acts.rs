//! What parties do in tests.

use super::*;
use crate::{Balance, GrantOf, NextAgent, Opinion, Plan, Sessions, Tags};
use codec::Encode;
use frame_support::{assert_ok, dispatch::DispatchResultWithPostInfo};
use noema_agents_primitives::{
    AgentId, CallId, Commitment, Endpoints, Scope, SealedFor, ServiceEndpoint, ServiceKind,
    SessionId, SignedAct, WalletBinding,
};
use noema_session::{Allowance, Grant, Limits};
use sp_core::{ed25519, Pair as _};
use sp_runtime::traits::Dispatchable;
use std::{collections::BTreeMap, sync::Mutex};

/// The account with this number.
pub(crate) const fn account(number: u8) -> AccountId {
    AccountId::new([number; 32])
}

/// The key pair with this number.
pub(crate) fn pair(number: u8) -> ed25519::Pair {
    ed25519::Pair::from_seed(&[number; 32])
}

/// The account by which a key is named. Remembered, since deriving one takes long where nothing is optimised.
pub(crate) fn key(number: u8) -> AccountId {
    static KNOWN: Mutex<BTreeMap<u8, AccountId>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    known
        .entry(number)
        .or_insert_with(|| AccountId::new(pair(number).public().0))
        .clone()
}

pub(crate) fn sign(number: u8, payload: &[u8]) -> MultiSignature {
    MultiSignature::Ed25519(pair(number).sign(payload))
}

pub(crate) fn signed(who: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(account(who))
}

/// The origin of a session's or wallet's key.
pub(crate) fn signed_by_key(number: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(key(number))
}

/// Makes a call as the runtime does: undone when it fails.
pub(crate) fn dispatch(
    origin: RuntimeOrigin,
    call: impl Into<RuntimeCall>,
) -> DispatchResultWithPostInfo {
    let call: RuntimeCall = call.into();
    call.dispatch(origin)
}

/// Goes `ticks` ticks on.
pub(crate) fn advance(ticks: u64) {
    Tick::set(Tick::get() + ticks);
}

/// Registers an agent with one endpoint.
pub(crate) fn register(owner: u8) -> AgentId {
    let agent = NextAgent::<Test>::get();
    assert_ok!(Agents::register(signed(owner), None, endpoints()));
    agent
}

pub(crate) fn endpoints() -> Endpoints {
    let endpoint = ServiceEndpoint {
        kind: ServiceKind::Mcp,
        url: b"https://a.example/mcp".to_vec().try_into().unwrap(),
    };
    vec![endpoint].try_into().unwrap()
}

/// The account of an agent.
pub(crate) fn account_of(agent: AgentId) -> AccountId {
    Pallet::<Test>::account_of(agent).unwrap()
}

/// Gives an agent money of its own.
pub(crate) fn endow(agent: AgentId, amount: Balance) {
    assert_ok!(Balances::transfer_allow_death(
        signed(CAROL),
        account_of(agent),
        amount
    ));
}

/// An agent of Alice's with money and a session of the first key.
pub(crate) fn alice_with_session() -> (AgentId, SessionId) {
    let agent = register(ALICE);
    endow(agent, 10_000);
    assert_ok!(Agents::grant_session(
        signed(ALICE),
        agent,
        grant(KEYS[0]),
        ALLOWANCE
    ));
    (agent, 0)
}

/// So much per ten ticks.
pub(crate) const ALLOWANCE: Allowance = Allowance {
    period: 10,
    most: 150,
};

/// What the calls of the market and transfers may spend: 100 at once, 1,000 in all.
pub(crate) fn grant(number: u8) -> GrantOf<Test> {
    Grant {
        key: key(number),
        scope: scope(&[pay(BOB, 0), reserve(0), release(0), lie(0, 0)]),
        limits: Limits {
            per_use: 100,
            total: 1_000,
        },
        expires: Tick::get() + 500,
    }
}

/// The scope of these calls, whatever their arguments.
pub(crate) fn scope(calls: &[RuntimeCall]) -> Scope {
    Scope::new(calls.iter().map(call_id).collect::<Vec<CallId>>()).unwrap()
}

pub(crate) fn pay(to: u8, amount: Balance) -> RuntimeCall {
    pay_to(account(to), amount)
}

pub(crate) fn pay_to(to: AccountId, amount: Balance) -> RuntimeCall {
    market::Call::pay { to, amount }.into()
}

pub(crate) fn reserve(amount: Balance) -> RuntimeCall {
    market::Call::reserve { amount }.into()
}

pub(crate) fn release(amount: Balance) -> RuntimeCall {
    market::Call::release { amount }.into()
}

pub(crate) fn lie(declared: Balance, taken: Balance) -> RuntimeCall {
    market::Call::lie { declared, taken }.into()
}

/// The first key acts.
pub(crate) fn act(agent: AgentId, call: RuntimeCall) -> DispatchResultWithPostInfo {
    dispatch(
        signed_by_key(KEYS[0]),
        crate::Call::act {
            agent,
            call: Box::new(call),
        },
    )
}

/// A signed act of a session, brought by Carol.
pub(crate) fn signed_act(
    signer: u8,
    genesis: [u8; 32],
    message: (AgentId, SessionId, u64, u64),
    call: RuntimeCall,
) -> DispatchResultWithPostInfo {
    dispatch(signed(CAROL), signed_call(signer, genesis, message, call))
}

/// The call that brings it.
pub(crate) fn signed_call(
    signer: u8,
    genesis: [u8; 32],
    (agent, session, nonce, expires): (AgentId, SessionId, u64, u64),
    call: RuntimeCall,
) -> crate::Call<Test> {
    let signing = SignedAct {
        agent,
        session,
        nonce,
        expires,
        call: sp_io::hashing::blake2_256(&call.encode()),
    };
    crate::Call::act_signed {
        agent,
        session,
        nonce,
        expires,
        call: Box::new(call),
        signature: sign(signer, &signing.payload(&genesis)),
    }
}

/// What the wallet with this key signs, for the chain of the tests.
pub(crate) fn consent(
    wallet: u8,
    agent: AgentId,
    owner: u8,
    nonce: u64,
    deadline: u64,
) -> MultiSignature {
    let binding = WalletBinding {
        agent,
        owner: account(owner),
        wallet: key(wallet),
        nonce,
        deadline,
    };
    sign(wallet, &binding.payload(&Pallet::<Test>::genesis()))
}

/// Binds the wallet with this key for Alice.
pub(crate) fn bind(agent: AgentId, wallet: u8) {
    let deadline = Tick::get() + 10;
    let nonce = crate::Agents::<Test>::get(agent).unwrap().bindings;
    assert_ok!(Agents::bind_wallet(
        signed(ALICE),
        agent,
        key(wallet),
        deadline,
        consent(wallet, agent, ALICE, nonce, deadline)
    ));
}

/// A commitment with this hash, sealed for these.
pub(crate) fn commitment(hash: u8, holders: &[u8]) -> crate::CommitmentOf<Test> {
    let sealed = |holder: &u8| SealedFor {
        holder: account(*holder),
        key: vec![hash; 10].try_into().unwrap(),
    };
    Commitment {
        hash: [hash; 32],
        file: None,
        holders: holders
            .iter()
            .map(sealed)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap(),
    }
}

/// Due when, how often, for how much.
pub(crate) const fn plan(due: u64, every: u64, times: u32, reward: Balance) -> Plan {
    Plan {
        due,
        every,
        times,
        reward,
    }
}

/// A rating without tags.
pub(crate) fn rating(value: u16) -> Opinion {
    Opinion {
        value,
        tags: Tags::None,
        content: None,
    }
}

pub(crate) fn tag(name: &str) -> noema_agents_primitives::Tag {
    name.as_bytes().to_vec().try_into().unwrap()
}

/// What a session has spent.
pub(crate) fn spent(agent: AgentId, session: SessionId) -> Balance {
    Sessions::<Test>::get(agent, session)
        .unwrap()
        .session
        .spent()
}

/// What is free on an account, and what is held there for this pallet.
pub(crate) fn funds(who: &AccountId) -> (Balance, Balance) {
    use frame_support::traits::fungible::InspectHold;
    let held = Balances::balance_on_hold(&crate::HoldReason::Deposit.into(), who);
    (Balances::free_balance(who), held)
}
