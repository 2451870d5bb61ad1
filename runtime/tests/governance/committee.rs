//! The technical committee: what a motion takes, who is on it.

use crate::people::{
    account, advance, call, close, decide_as, motion, on_a_chain, propose, signed, COMMITTEE,
    REFUSED,
};
use frame_support::{assert_noop, assert_ok};
use noema_runtime::{
    configs::governance::Committee, governance::origins::Origin, parameters, AccountId, Balances,
    Hash, Runtime, RuntimeCall, RuntimeOrigin, System, TechnicalCommittee,
};
use pallet_collective::{Error, Members};
use pallet_whitelist::WhitelistedCall;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::DispatchError;

const CALL: Hash = Hash::repeat_byte(7);

fn whitelist() -> RuntimeCall {
    RuntimeCall::Whitelist(pallet_whitelist::Call::whitelist_call { call_hash: CALL })
}

fn is_whitelisted() -> bool {
    WhitelistedCall::<Runtime>::contains_key(CALL)
}

fn set_members(members: &[Sr25519Keyring], prime: Option<Sr25519Keyring>) -> RuntimeCall {
    RuntimeCall::TechnicalCommittee(pallet_collective::Call::set_members {
        new_members: members.iter().map(|who| account(*who)).collect(),
        prime: prime.map(account),
        old_count: parameters::COMMITTEE_MAX_MEMBERS,
    })
}

#[test]
fn two_of_three_whitelist_a_call_and_take_it_back() {
    on_a_chain(|| {
        assert_ok!(motion(&COMMITTEE[..2], whitelist()));
        assert!(is_whitelisted());
        let remove = RuntimeCall::Whitelist(pallet_whitelist::Call::remove_whitelisted_call {
            call_hash: CALL,
        });
        assert_ok!(motion(&COMMITTEE[1..], remove));
        assert!(!is_whitelisted());
    });
}

#[test]
fn one_member_whitelists_nothing_however_the_motion_is_made() {
    on_a_chain(|| {
        let length = codec::Encode::encoded_size(&whitelist()) as u32;
        let proposal = Box::new(whitelist());
        // Carried out at once, with the rights of one member.
        for threshold in [0, 1] {
            let made =
                TechnicalCommittee::propose(signed(Alice), threshold, proposal.clone(), length);
            assert_ok!(made.map(|_| ()).map_err(|failed| failed.error));
        }
        let made = TechnicalCommittee::execute(signed(Alice), proposal.clone(), length);
        assert_ok!(made.map(|_| ()).map_err(|failed| failed.error));
        assert!(!is_whitelisted());
        assert_noop!(call(signed(Alice), whitelist()), REFUSED);
        let stranger = TechnicalCommittee::propose(signed(Eve), 2, proposal, length);
        assert_eq!(
            stranger.map_err(|failed| failed.error),
            Err(Error::<Runtime, Committee>::NotMember.into())
        );
    });
}

#[test]
fn who_is_silent_is_against_even_when_the_prime_member_is_for_it() {
    on_a_chain(|| {
        assert_ok!(call(
            RuntimeOrigin::root(),
            set_members(&COMMITTEE, Some(Alice))
        ));
        let (hash, index) = propose(3, whitelist());
        assert_ok!(TechnicalCommittee::vote(signed(Alice), hash, index, true));
        let early = close(hash, index, &whitelist());
        assert_eq!(early, Err(Error::<Runtime, Committee>::TooEarly.into()));
        System::set_block_number(System::block_number() + parameters::COMMITTEE_MOTION_DURATION);
        let late = close(hash, index, &whitelist());
        assert!(matches!(late, Err(DispatchError::Other(_))), "{late:?}");
        assert!(!is_whitelisted());
    });
}

#[test]
fn a_motion_holds_a_deposit_until_it_is_closed_and_a_killed_one_loses_it() {
    on_a_chain(|| {
        use frame_support::traits::fungible::{Inspect, InspectHold};
        let held = |who: &AccountId| <Balances as InspectHold<_>>::total_balance_on_hold(who);
        let proposer = Members::<Runtime, Committee>::get().remove(0);
        let (hash, index) = propose(2, whitelist());
        assert_eq!(held(&proposer), parameters::COMMITTEE_MOTION_DEPOSIT);
        for who in &COMMITTEE[1..] {
            assert_ok!(TechnicalCommittee::vote(signed(*who), hash, index, true));
        }
        assert_ok!(close(hash, index, &whitelist()));
        assert_ok!(TechnicalCommittee::release_proposal_cost(
            signed(Ferdie),
            hash
        ));
        assert_eq!(held(&proposer), 0);

        let before = Balances::total_balance(&proposer);
        let (hash, _) = propose(
            2,
            RuntimeCall::System(frame_system::Call::remark { remark: vec![] }),
        );
        let kill = RuntimeCall::TechnicalCommittee(pallet_collective::Call::kill {
            proposal_hash: hash,
        });
        assert_noop!(call(Origin::Treasurer, kill.clone()), REFUSED);
        assert_ok!(call(Origin::GeneralAdmin, kill));
        assert_eq!(
            Balances::total_balance(&proposer),
            before - parameters::COMMITTEE_MOTION_DEPOSIT
        );
    });
}

#[test]
fn the_general_admin_chooses_the_members_and_the_committee_does_not() {
    on_a_chain(|| {
        let new = [Dave, Eve, Ferdie];
        let by_itself = motion(&COMMITTEE, set_members(&new, None));
        assert_eq!(by_itself, Err(REFUSED));
        // What the old members had begun ends with them.
        let (hash, index) = propose(2, whitelist());
        for who in &COMMITTEE[..2] {
            assert_ok!(TechnicalCommittee::vote(signed(*who), hash, index, true));
        }
        decide_as(Origin::GeneralAdmin, set_members(&new, None));
        let mut members = new.map(account).to_vec();
        members.sort();
        assert_eq!(Members::<Runtime, Committee>::get(), members);
        let closed = close(hash, index, &whitelist());
        assert_eq!(closed, Err(Error::<Runtime, Committee>::TooEarly.into()));
        for old in [Alice, Bob, Charlie] {
            let vote = TechnicalCommittee::vote(signed(old), hash, index, true);
            assert_eq!(
                vote.map_err(|failed| failed.error),
                Err(Error::<Runtime, Committee>::NotMember.into())
            );
        }
        advance(1);
        assert!(!is_whitelisted());
    });
}
