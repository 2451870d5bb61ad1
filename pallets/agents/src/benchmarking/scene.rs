//! Agents with everything at its largest, for benchmarks.

use super::*;
use crate::{
    AccountOf, Balance, CommitmentOf, Event, FormerWallet, GrantOf, NextAgent, Opinion, Reference,
};
use alloc::{vec, vec::Vec};
use codec::Encode;
use frame_support::traits::fungible::{Inspect, Mutate};
use noema_agents_primitives::{
    AgentId, CallId, Commitment, Description, Endpoints, Key, Scope, SealedFor, ServiceEndpoint,
    ServiceKind, Tag, Value, MAX_CALLS, MAX_DESCRIPTION, MAX_ENDPOINT, MAX_HOLDERS, MAX_KEY,
    MAX_RATING, MAX_SEALED, MAX_TAG, MAX_VALUE,
};
use noema_session::{Grant, Limits};

/// Enough for every deposit.
fn riches<T: Config>() -> Balance {
    T::Currency::minimum_balance()
        .saturating_add(crate::deposits::agent::<T>())
        .saturating_add(T::ItemDeposit::get())
        .saturating_add(T::ByteDeposit::get().saturating_mul(10_000))
        .saturating_mul(1_000)
        .max(1_000_000)
}

/// An account with money.
pub(super) fn rich<T: Config>(name: &'static str, number: u32) -> AccountOf<T> {
    let who: AccountOf<T> = account(name, number, 0);
    T::Currency::set_balance(&who, riches::<T>());
    who
}

pub(super) fn free<T: Config>(who: &AccountOf<T>) -> Balance {
    T::Currency::balance(who)
}

/// An agent with money and the largest endpoints.
pub(super) fn registered<T: Config>(number: u32) -> (AccountOf<T>, AgentId) {
    let owner = rich::<T>("owner", number);
    let agent = NextAgent::<T>::get();
    Pallet::<T>::register(
        RawOrigin::Signed(owner.clone()).into(),
        None,
        largest_endpoints(),
    )
    .unwrap();
    let account = Agents::<T>::get(agent).unwrap().account;
    T::Currency::mint_into(&account, riches::<T>()).unwrap();
    (owner, agent)
}

pub(super) fn largest_endpoints() -> Endpoints {
    let mut url = b"https://a.example/".to_vec();
    url.resize(MAX_ENDPOINT as usize, b'x');
    let endpoint = |kind| ServiceEndpoint {
        kind,
        url: url.clone().try_into().unwrap(),
    };
    [
        ServiceKind::A2a,
        ServiceKind::Mcp,
        ServiceKind::OpenAi,
        ServiceKind::Web,
    ]
    .map(endpoint)
    .to_vec()
    .try_into()
    .unwrap()
}

pub(super) fn largest_key(number: u32) -> Key {
    let mut key = number.encode();
    key.resize(MAX_KEY as usize, b'k');
    key.try_into().unwrap()
}

pub(super) fn largest_value() -> Value {
    vec![b'v'; MAX_VALUE as usize].try_into().unwrap()
}

pub(super) fn largest_tag(number: u32) -> Tag {
    let mut tag = number.encode();
    tag.resize(MAX_TAG as usize, b't');
    tag.try_into().unwrap()
}

pub(super) fn largest_description() -> Description {
    vec![b'd'; MAX_DESCRIPTION as usize].try_into().unwrap()
}

pub(super) fn largest_commitment<T: Config>(hash: u8) -> CommitmentOf<T> {
    let sealed = |number| SealedFor {
        holder: account("holder", number, 0),
        key: vec![7; MAX_SEALED as usize].try_into().unwrap(),
    };
    Commitment {
        hash: [hash; 32],
        file: Some([7; 32]),
        holders: (0..MAX_HOLDERS)
            .map(sealed)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap(),
    }
}

pub(super) fn smallest_commitment<T: Config>() -> CommitmentOf<T> {
    Commitment {
        hash: [0; 32],
        file: None,
        holders: Default::default(),
    }
}

pub(super) fn commit<T: Config>(owner: &AccountOf<T>, agent: AgentId, commitment: CommitmentOf<T>) {
    Pallet::<T>::commit_data(
        RawOrigin::Signed(owner.clone()).into(),
        agent,
        largest_description(),
        commitment,
    )
    .unwrap();
}

/// An entry of data for which somebody, who is returned, has staged another.
pub(super) fn staged<T: Config>(owner: &AccountOf<T>, agent: AgentId) -> AccountOf<T> {
    let to = rich::<T>("receiver", 0);
    commit::<T>(owner, agent, largest_commitment::<T>(1));
    Pallet::<T>::offer(
        RawOrigin::Signed(owner.clone()).into(),
        agent,
        Some(to.clone()),
    )
    .unwrap();
    stage::<T>(&to, agent, 0);
    to
}

fn stage<T: Config>(to: &AccountOf<T>, agent: AgentId, index: u32) {
    Pallet::<T>::stage_data(
        RawOrigin::Signed(to.clone()).into(),
        agent,
        index,
        largest_commitment::<T>(2),
    )
    .unwrap();
}

pub(super) fn authorized<T: Config>(
    owner: &AccountOf<T>,
    agent: AgentId,
    number: u32,
) -> AccountOf<T> {
    let user = rich::<T>("user", number);
    Pallet::<T>::authorize_usage(
        RawOrigin::Signed(owner.clone()).into(),
        agent,
        user.clone(),
        UsageScope::All,
        u64::MAX,
        1,
    )
    .unwrap();
    user
}

/// A scope as large as can be, of which the benchmark's leaf is the last.
pub(super) fn largest_grant<T: Config>(number: u32) -> GrantOf<T> {
    let bytes = T::BenchmarkHelper::leaf(0).encode();
    let leaf = CallId {
        pallet: bytes[0],
        call: bytes[1],
    };
    let others = CallId {
        pallet: 255,
        call: 255,
    };
    let mut calls = vec![others; MAX_CALLS as usize - 1];
    calls.push(leaf);
    Grant {
        key: T::BenchmarkHelper::key(number),
        scope: Scope::new(calls).unwrap(),
        limits: Limits {
            per_use: u128::MAX,
            total: u128::MAX,
        },
        expires: u64::MAX,
    }
}

/// A session without limits that matter. Returns its key.
pub(super) fn granted<T: Config>(
    owner: &AccountOf<T>,
    agent: AgentId,
    number: u32,
) -> AccountOf<T> {
    let grant = largest_grant::<T>(number);
    let key = grant.key.clone();
    let allowance = Allowance {
        period: 1,
        most: u128::MAX,
    };
    Pallet::<T>::grant_session(
        RawOrigin::Signed(owner.clone()).into(),
        agent,
        grant,
        allowance,
    )
    .unwrap();
    key
}

/// A scheduled act that is due, for a reward. Returns its call.
pub(super) fn scheduled<T: Config>(owner: &AccountOf<T>, agent: AgentId, bytes: u32) -> CallOf<T> {
    let call = T::BenchmarkHelper::leaf(bytes);
    Pallet::<T>::schedule(
        RawOrigin::Signed(owner.clone()).into(),
        agent,
        0,
        Box::new(call.clone()),
        crate::Plan {
            due: 0,
            every: 0,
            times: 1,
            reward: T::Currency::minimum_balance(),
        },
    )
    .unwrap();
    call
}

/// So many former wallets, and one that is bound, which is returned.
pub(super) fn bound<T: Config>(agent: AgentId, former: u32) -> AccountOf<T> {
    let now = Pallet::<T>::now();
    let wallet = |number: u32| -> AccountOf<T> { account("wallet", number, 0) };
    Agents::<T>::mutate(agent, |record| {
        let record = record.as_mut().unwrap();
        for number in 1..=former {
            let former = FormerWallet {
                wallet: wallet(number),
                ended: now,
                tenure: 0,
            };
            record.former.try_push(former).unwrap();
        }
        record.wallet = Some(wallet(0));
    });
    wallet(0)
}

pub(super) fn unbind<T: Config>(owner: &AccountOf<T>, agent: AgentId) {
    Pallet::<T>::unbind_wallet(RawOrigin::Signed(owner.clone()).into(), agent).unwrap();
}

/// Gives an agent so many entries of data, for each of which `to` has staged another.
pub(super) fn fill_data<T: Config>(
    owner: &AccountOf<T>,
    agent: AgentId,
    to: &AccountOf<T>,
    entries: u32,
) {
    let origin = RawOrigin::Signed(owner.clone());
    Pallet::<T>::offer(origin.into(), agent, Some(to.clone())).unwrap();
    for index in 0..entries {
        commit::<T>(owner, agent, largest_commitment::<T>(1));
        stage::<T>(to, agent, index);
    }
}

/// Fills an agent with up to so many records that end with the tenure. Returns how many are left over.
pub(super) fn fill_tenure<T: Config>(owner: &AccountOf<T>, agent: AgentId, records: u32) -> u32 {
    let mut left = records;
    let mut take = |most: u32| {
        let taken = left.min(most);
        left -= taken;
        taken
    };
    let sessions = take(T::MaxSessions::get());
    for number in 0..sessions {
        granted::<T>(owner, agent, number);
    }
    if sessions > 0 {
        for _ in 0..take(T::MaxScheduled::get()) {
            scheduled::<T>(owner, agent, 1);
        }
    }
    for number in 0..take(T::MaxUsages::get()) {
        authorized::<T>(owner, agent, number);
    }
    left
}

/// The same with records that end with the agent.
pub(super) fn fill_rest<T: Config>(owner: &AccountOf<T>, agent: AgentId, records: u32) {
    let metadata = records.min(T::MaxMetadata::get());
    for number in 0..metadata {
        Pallet::<T>::set_metadata(
            RawOrigin::Signed(owner.clone()).into(),
            agent,
            largest_key(number),
            Some(largest_value()),
        )
        .unwrap();
    }
    for number in 0..records - metadata {
        Pallet::<T>::add_tag(
            RawOrigin::Signed(owner.clone()).into(),
            agent,
            largest_tag(number),
        )
        .unwrap();
    }
}

/// As many tags as a rating can have, or as an agent can.
pub(super) fn tagged<T: Config>(owner: &AccountOf<T>, agent: AgentId) -> Tags {
    let tags = T::MaxTags::get().min(2);
    for number in 0..tags {
        Pallet::<T>::add_tag(
            RawOrigin::Signed(owner.clone()).into(),
            agent,
            largest_tag(number),
        )
        .unwrap();
    }
    if tags < 2 {
        Tags::One(largest_tag(0))
    } else {
        Tags::Two(largest_tag(0), largest_tag(1))
    }
}

pub(super) fn reference() -> Reference {
    Reference {
        hash: [7; 32],
        file: Some([7; 32]),
    }
}

pub(super) fn opinion(tags: Tags) -> Opinion {
    Opinion {
        value: MAX_RATING,
        tags,
        content: Some(reference()),
    }
}

/// A rating. Returns its giver.
pub(super) fn rated<T: Config>(agent: AgentId, tags: Tags) -> AccountOf<T> {
    let giver = rich::<T>("giver", 0);
    let account = Agents::<T>::get(agent).unwrap().account;
    T::Paid::set_unconsumed(&giver, &account, T::MinFeedback::get());
    Pallet::<T>::feedback(
        RawOrigin::Signed(giver.clone()).into(),
        agent,
        T::MinFeedback::get(),
        opinion(tags),
        None,
    )
    .unwrap();
    giver
}

/// Whether an act was told last.
pub(super) fn acted<T: Config>() -> bool {
    let last = frame_system::Pallet::<T>::events()
        .into_iter()
        .next_back()
        .map(|record| record.event.encode());
    // The runtime's index of the pallet, and then that of the event.
    let told = |event: Event<T>| {
        let event: <T as frame_system::Config>::RuntimeEvent = event.into();
        last.as_ref()
            .is_some_and(|last| last.get(..2) == event.encode().get(..2))
    };
    let call = CallId { pallet: 0, call: 0 };
    told(Event::Acted {
        agent: 0,
        session: 0,
        by: account("nobody", 0, 0),
        nonce: None,
        call,
        spent: 0,
        result: Ok(()),
    }) || told(Event::ActedByOwner {
        agent: 0,
        call,
        result: Ok(()),
    })
}
