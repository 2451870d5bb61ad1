//! Weights of the calls, each in its worst case.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    missing_docs,
    reason = "runs in benchmarks and tests only"
)]

mod scene;
mod signing;

use scene::*;
pub use signing::{key, sign, BenchmarkHelper};

use crate::{
    weights::{most_ended, most_removed},
    Agents, Call, CallOf, Config, DataEntries, EndpointsOf, Feedbacks, Metadata, Pallet,
    ScheduledActs, SessionKeys, Sessions, StagedEntries, TagReputations, Tags, Usages, MAX_WALLETS,
};
use alloc::boxed::Box;
use frame_benchmarking::v2::*;
use frame_support::traits::Get;
use frame_system::RawOrigin;
use noema_agents_primitives::{SignedAct, UsageScope, WalletBinding};
use noema_session::Allowance;
use noema_traits::PaidInteractions;

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register() {
        let owner = rich::<T>("owner", 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), Some([7; 32]), largest_endpoints());

        assert!(EndpointsOf::<T>::contains_key(0));
    }

    #[benchmark]
    fn set_file() {
        let (owner, agent) = registered::<T>(0);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), agent, Some([8; 32]));

        assert_eq!(Agents::<T>::get(agent).unwrap().file, Some([8; 32]));
    }

    #[benchmark]
    fn set_endpoints() {
        let (owner, agent) = registered::<T>(0);
        let one = largest_endpoints().into_iter().take(1);
        let one = one.collect::<alloc::vec::Vec<_>>().try_into().unwrap();
        Pallet::<T>::set_endpoints(RawOrigin::Signed(owner.clone()).into(), agent, one).unwrap();

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), agent, largest_endpoints());

        assert_eq!(
            EndpointsOf::<T>::get(agent).unwrap().endpoints,
            largest_endpoints()
        );
    }

    #[benchmark]
    fn set_metadata() {
        let (owner, agent) = registered::<T>(0);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner),
            agent,
            largest_key(0),
            Some(largest_value()),
        );

        assert_eq!(Agents::<T>::get(agent).unwrap().counts.metadata, 1);
    }

    #[benchmark]
    fn bind_wallet() {
        let (owner, agent) = registered::<T>(0);
        let wallet = T::BenchmarkHelper::key(7);
        // With as many as leave room.
        bound::<T>(agent, MAX_WALLETS - 2);
        let deadline = Pallet::<T>::now() + T::MaxDeadline::get();
        let binding = WalletBinding {
            agent,
            owner: owner.clone(),
            wallet: wallet.clone(),
            nonce: 0,
            deadline,
        };
        let signature = T::BenchmarkHelper::sign(7, &binding.payload(&Pallet::<T>::genesis()));

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner),
            agent,
            wallet.clone(),
            deadline,
            signature,
        );

        assert_eq!(Agents::<T>::get(agent).unwrap().wallet, Some(wallet));
    }

    #[benchmark]
    fn unbind_wallet() {
        let (owner, agent) = registered::<T>(0);
        bound::<T>(agent, MAX_WALLETS - 1);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), agent);

        assert_eq!(Agents::<T>::get(agent).unwrap().wallet, None);
    }

    #[benchmark]
    fn offer() {
        let (owner, agent) = registered::<T>(0);
        let to = rich::<T>("receiver", 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), agent, Some(to.clone()));

        assert_eq!(Agents::<T>::get(agent).unwrap().offered, Some(to));
    }

    #[benchmark]
    fn transfer(d: Linear<0, { T::MaxData::get() }>, r: Linear<0, { most_ended::<T>() }>) {
        let (owner, agent) = registered::<T>(0);
        let to = rich::<T>("receiver", 0);
        bound::<T>(agent, MAX_WALLETS - 1);
        fill_data::<T>(&owner, agent, &to, d);
        fill_tenure::<T>(&owner, agent, r);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), agent, to.clone());

        assert_eq!(Agents::<T>::get(agent).unwrap().owner, to);
        assert_eq!(Sessions::<T>::iter().count(), 0);
    }

    #[benchmark]
    fn burn(d: Linear<0, { T::MaxData::get() }>, r: Linear<0, { most_removed::<T>() }>) {
        let (owner, agent) = registered::<T>(0);
        let to = rich::<T>("receiver", 0);
        fill_data::<T>(&owner, agent, &to, d);
        let rest = fill_tenure::<T>(&owner, agent, r);
        fill_rest::<T>(&owner, agent, rest);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), agent);

        assert!(!Agents::<T>::contains_key(agent));
        assert_eq!(Metadata::<T>::iter().count(), 0);
    }

    #[benchmark]
    fn withdraw() {
        let (owner, agent) = registered::<T>(0);
        let account = Agents::<T>::get(agent).unwrap().account;
        let before = free::<T>(&account);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), agent, 1_000);

        assert_eq!(free::<T>(&account), before - 1_000);
    }

    #[benchmark]
    fn commit_data() {
        let (owner, agent) = registered::<T>(0);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner),
            agent,
            largest_description(),
            largest_commitment::<T>(1),
        );

        assert!(DataEntries::<T>::contains_key(agent, 0));
    }

    #[benchmark]
    fn update_data() {
        let (owner, agent) = registered::<T>(0);
        commit::<T>(&owner, agent, smallest_commitment::<T>());

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner),
            agent,
            0,
            largest_commitment::<T>(1),
        );

        assert_eq!(DataEntries::<T>::get(agent, 0).unwrap().version, 1);
    }

    #[benchmark]
    fn drop_data() {
        let (owner, agent) = registered::<T>(0);
        staged::<T>(&owner, agent);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), agent, 0);

        assert!(!StagedEntries::<T>::contains_key(agent, 0));
    }

    #[benchmark]
    fn stage_data() {
        let (owner, agent) = registered::<T>(0);
        let to = staged::<T>(&owner, agent);

        #[extrinsic_call]
        _(RawOrigin::Signed(to), agent, 0, largest_commitment::<T>(9));

        let staged = StagedEntries::<T>::get(agent, 0).unwrap();
        assert_eq!(staged.commitment.hash, [9; 32]);
    }

    #[benchmark]
    fn unstage_data() {
        let (owner, agent) = registered::<T>(0);
        let to = staged::<T>(&owner, agent);

        #[extrinsic_call]
        _(RawOrigin::Signed(to), agent, 0);

        assert!(!StagedEntries::<T>::contains_key(agent, 0));
    }

    #[benchmark]
    fn authorize_usage() {
        let (owner, agent) = registered::<T>(0);
        let user = rich::<T>("user", 0);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner),
            agent,
            user.clone(),
            UsageScope::Data(0),
            u64::MAX,
            1,
        );

        assert!(Usages::<T>::contains_key(agent, user));
    }

    #[benchmark]
    fn revoke_usage() {
        let (owner, agent) = registered::<T>(0);
        let user = authorized::<T>(&owner, agent, 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(user.clone()), agent, user.clone());

        assert!(!Usages::<T>::contains_key(agent, user));
    }

    #[benchmark]
    fn exercise() {
        let (owner, agent) = registered::<T>(0);
        let user = authorized::<T>(&owner, agent, 0);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(user.clone()),
            agent,
            UsageScope::Data(3),
            [7; 32],
        );

        assert_eq!(Usages::<T>::get(agent, user).unwrap().left, 0);
    }

    #[benchmark]
    fn grant_session() {
        let (owner, agent) = registered::<T>(0);
        let allowance = Allowance {
            period: 1,
            most: u128::MAX,
        };

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner),
            agent,
            largest_grant::<T>(0),
            allowance,
        );

        assert!(Sessions::<T>::contains_key(agent, 0));
    }

    #[benchmark]
    fn revoke_session() {
        let (owner, agent) = registered::<T>(0);
        let key = granted::<T>(&owner, agent, 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(key.clone()), agent, 0);

        assert!(!SessionKeys::<T>::contains_key(agent, key));
    }

    #[benchmark]
    fn act() {
        let (owner, agent) = registered::<T>(0);
        let key = granted::<T>(&owner, agent, 0);
        let call: Box<CallOf<T>> = Box::new(T::BenchmarkHelper::leaf(0));

        #[extrinsic_call]
        _(RawOrigin::Signed(key), agent, call);

        assert!(acted::<T>());
    }

    #[benchmark]
    fn act_signed() {
        let (owner, agent) = registered::<T>(0);
        granted::<T>(&owner, agent, 0);
        let call: CallOf<T> = T::BenchmarkHelper::leaf(0);
        let signing = SignedAct {
            agent,
            session: 0,
            nonce: 0,
            expires: u64::MAX,
            call: Pallet::<T>::call_hash(&call),
        };
        let signature = T::BenchmarkHelper::sign(0, &signing.payload(&Pallet::<T>::genesis()));

        #[extrinsic_call]
        _(
            RawOrigin::Signed(rich::<T>("bringer", 0)),
            agent,
            0,
            0,
            u64::MAX,
            Box::new(call),
            signature,
        );

        assert_eq!(Sessions::<T>::get(agent, 0).unwrap().nonce, 1);
    }

    #[benchmark]
    fn act_by_owner() {
        let (owner, agent) = registered::<T>(0);
        let call: Box<CallOf<T>> = Box::new(T::BenchmarkHelper::leaf(0));

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), agent, call);

        assert!(acted::<T>());
    }

    #[benchmark]
    fn schedule(b: Linear<1, { T::MaxScheduledCall::get() }>) {
        let (owner, agent) = registered::<T>(0);
        let key = granted::<T>(&owner, agent, 0);
        let call: Box<CallOf<T>> = Box::new(T::BenchmarkHelper::leaf(b));
        let plan = crate::Plan {
            due: 0,
            every: 1,
            times: 2,
            reward: 0,
        };

        #[extrinsic_call]
        _(RawOrigin::Signed(key), agent, 0, call, plan);

        assert!(ScheduledActs::<T>::contains_key(agent, 0));
    }

    #[benchmark]
    fn cancel() {
        let (owner, agent) = registered::<T>(0);
        let key = granted::<T>(&owner, agent, 0);
        scheduled::<T>(&owner, agent, T::MaxScheduledCall::get());

        #[extrinsic_call]
        _(RawOrigin::Signed(key), agent, 0);

        assert!(!ScheduledActs::<T>::contains_key(agent, 0));
    }

    #[benchmark]
    fn run(b: Linear<1, { T::MaxScheduledCall::get() }>) {
        let (owner, agent) = registered::<T>(0);
        granted::<T>(&owner, agent, 0);
        let call = scheduled::<T>(&owner, agent, b);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(rich::<T>("runner", 0)),
            agent,
            0,
            Box::new(call),
        );

        assert!(!ScheduledActs::<T>::contains_key(agent, 0));
    }

    #[benchmark]
    fn add_tag() {
        let (owner, agent) = registered::<T>(0);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), agent, largest_tag(0));

        assert!(TagReputations::<T>::contains_key(agent, largest_tag(0)));
    }

    #[benchmark]
    fn feedback() {
        let (owner, agent) = registered::<T>(0);
        let tags = tagged::<T>(&owner, agent);
        // Another agent's account: whose it is, is looked up.
        let (_, other) = registered::<T>(1);
        let giver = Agents::<T>::get(other).unwrap().account;
        let wallet = bound::<T>(agent, MAX_WALLETS - 1);
        T::Paid::set_unconsumed(&giver, &wallet, T::MinFeedback::get());
        unbind::<T>(&owner, agent);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(giver),
            agent,
            T::MinFeedback::get(),
            opinion(tags),
            Some(wallet),
        );

        assert!(Feedbacks::<T>::contains_key(agent, 0));
    }

    #[benchmark]
    fn revoke_feedback() {
        let (owner, agent) = registered::<T>(0);
        let tags = tagged::<T>(&owner, agent);
        let giver = rated::<T>(agent, tags);

        #[extrinsic_call]
        _(RawOrigin::Signed(giver), agent, 0);

        assert!(!Feedbacks::<T>::contains_key(agent, 0));
    }

    #[benchmark]
    fn respond() {
        let (owner, agent) = registered::<T>(0);
        rated::<T>(agent, Tags::None);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), agent, 0, reference());

        let given = Feedbacks::<T>::get(agent, 0).unwrap();
        assert_eq!(given.response, Some(reference()));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::with_keys(), crate::mock::Test);
}
