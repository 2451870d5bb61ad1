//! What people do with governance, in the state of a development chain. Time passes block by block, for
//! the scheduler at least: nothing else of governance waits for blocks.

use crate::chain;
use codec::Encode;
use frame_support::{
    assert_ok,
    traits::{schedule::DispatchTime, Bounded, Hooks},
};
use noema_core::units::NOEMA;
use noema_runtime::{
    configs::governance::Committee, governance::origins::Origin, AccountId, Balance, BlockNumber,
    Hash, OriginCaller, Runtime, RuntimeCall, RuntimeOrigin, Scheduler, System,
};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_referenda::{ReferendumInfo, ReferendumInfoFor, TracksInfo};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    traits::{BlakeTwo256, Dispatchable, Hash as _},
    DispatchError, DispatchResult,
};

/// What each voter votes with: of the issuance of 120 million, a twelfth.
pub(crate) const BALLOT: Balance = 9_000_000 * NOEMA;

/// Enough voters for every track at its beginning: more than half of the issuance.
pub(crate) const MOST: [Sr25519Keyring; 7] = [
    Sr25519Keyring::Alice,
    Sr25519Keyring::Bob,
    Sr25519Keyring::Charlie,
    Sr25519Keyring::Dave,
    Sr25519Keyring::Eve,
    Sr25519Keyring::Ferdie,
    Sr25519Keyring::AliceStash,
];

/// The committee of development chains.
pub(crate) const COMMITTEE: [Sr25519Keyring; 3] = [
    Sr25519Keyring::Alice,
    Sr25519Keyring::Bob,
    Sr25519Keyring::Charlie,
];

/// Does something on a development chain, in its first block.
pub(crate) fn on_a_chain<R>(test: impl FnOnce() -> R) -> R {
    genesis().execute_with(test)
}

fn genesis() -> TestExternalities {
    let mut state = chain::genesis("development");
    state.execute_with(|| System::set_block_number(1));
    state
}

/// The origin of an account.
pub(crate) fn signed(who: Sr25519Keyring) -> RuntimeOrigin {
    RuntimeOrigin::signed(who.to_account_id())
}

/// An account.
pub(crate) fn account(who: Sr25519Keyring) -> AccountId {
    who.to_account_id()
}

/// Root as referenda name it.
pub(crate) fn root() -> OriginCaller {
    OriginCaller::system(frame_system::RawOrigin::Root)
}

/// Makes a call as a transaction or a scheduled task does.
pub(crate) fn call(origin: impl Into<RuntimeOrigin>, call: RuntimeCall) -> DispatchResult {
    call.dispatch(origin.into())
        .map(|_| ())
        .map_err(|failed| failed.error)
}

/// Why a call is refused whose origin may not make it.
pub(crate) const REFUSED: DispatchError = DispatchError::BadOrigin;

/// Lets blocks pass.
pub(crate) fn advance(blocks: BlockNumber) {
    for _ in 0..blocks {
        let number = System::block_number() + 1;
        System::set_block_number(number);
        Scheduler::on_initialize(number);
    }
}

/// Submits a referendum and leaves its decision deposit.
pub(crate) fn submit(origin: OriginCaller, proposal: RuntimeCall) -> u32 {
    let index = pallet_referenda::ReferendumCount::<Runtime>::get();
    let submit = pallet_referenda::Call::submit {
        proposal_origin: Box::new(origin),
        proposal: note(&proposal),
        enactment_moment: DispatchTime::After(0),
    };
    let deposit = pallet_referenda::Call::place_decision_deposit { index };
    for step in [submit, deposit] {
        assert_ok!(call(
            signed(Sr25519Keyring::BobStash),
            RuntimeCall::Referenda(step)
        ));
    }
    index
}

/// A proposal as a referendum names it: itself when it is short, else its preimage.
fn note(proposal: &RuntimeCall) -> Bounded<RuntimeCall, BlakeTwo256> {
    let bytes = proposal.encode();
    bytes.clone().try_into().map_or_else(
        |_| {
            let note = pallet_preimage::Call::note_preimage {
                bytes: bytes.clone(),
            };
            assert_ok!(call(
                signed(Sr25519Keyring::BobStash),
                RuntimeCall::Preimage(note)
            ));
            Bounded::Lookup {
                hash: BlakeTwo256::hash(&bytes),
                len: bytes.len() as u32,
            }
        },
        Bounded::Inline,
    )
}

/// Votes with everything that a voter has for it.
pub(crate) fn vote(who: Sr25519Keyring, referendum: u32, aye: bool, conviction: Conviction) {
    let vote = pallet_conviction_voting::Call::vote {
        poll_index: referendum,
        vote: AccountVote::Standard {
            vote: Vote { aye, conviction },
            balance: BALLOT,
        },
    };
    assert_ok!(call(signed(who), RuntimeCall::ConvictionVoting(vote)));
}

/// Has most people vote for a referendum.
pub(crate) fn vote_for(referendum: u32) {
    for who in MOST {
        vote(who, referendum, true, Conviction::Locked1x);
    }
}

/// A referendum.
pub(crate) fn referendum(index: u32) -> pallet_referenda::ReferendumInfoOf<Runtime, ()> {
    ReferendumInfoFor::<Runtime>::get(index).expect("it was submitted")
}

/// Whether a referendum was approved.
pub(crate) fn is_approved(index: u32) -> bool {
    matches!(referendum(index), ReferendumInfo::Approved(..))
}

/// Brings a referendum through on its track, and has what it decides carried out.
pub(crate) fn decide(origin: OriginCaller, proposal: RuntimeCall) -> u32 {
    let track = noema_runtime::governance::tracks::Tracks::track_for(&origin).expect("a track");
    let index = submit(origin, proposal);
    vote_for(index);
    let track = noema_runtime::governance::tracks::Tracks::info(track).expect("a track");
    // A block each to begin and to end the decision.
    advance(track.prepare_period + track.confirm_period + 2);
    assert!(is_approved(index), "{:?}", referendum(index));
    advance(track.min_enactment_period);
    index
}

/// As [`decide`], with an origin of ours.
pub(crate) fn decide_as(origin: Origin, proposal: RuntimeCall) -> u32 {
    decide(OriginCaller::Origins(origin), proposal)
}

/// Makes a motion of the committee, has some of it vote for it, and closes it.
pub(crate) fn motion(for_it: &[Sr25519Keyring], proposal: RuntimeCall) -> DispatchResult {
    let (hash, index) = propose(for_it.len() as u32, proposal.clone());
    for who in for_it {
        let vote = pallet_collective::Call::vote {
            proposal: hash,
            index,
            approve: true,
        };
        assert_ok!(call(signed(*who), RuntimeCall::TechnicalCommittee(vote)));
    }
    close(hash, index, &proposal)
}

/// Makes a motion that so many must vote for.
pub(crate) fn propose(threshold: u32, proposal: RuntimeCall) -> (Hash, u32) {
    let index = pallet_collective::ProposalCount::<Runtime, Committee>::get();
    let hash = BlakeTwo256::hash_of(&proposal);
    let propose = pallet_collective::Call::propose {
        threshold,
        length_bound: proposal.encoded_size() as u32,
        proposal: Box::new(proposal),
    };
    let proposer = pallet_collective::Members::<Runtime, Committee>::get().remove(0);
    assert_ok!(call(
        RuntimeOrigin::signed(proposer),
        RuntimeCall::TechnicalCommittee(propose)
    ));
    (hash, index)
}

/// Closes a motion. What its call returned is in the event.
pub(crate) fn close(hash: Hash, index: u32, proposal: &RuntimeCall) -> DispatchResult {
    use frame_support::dispatch::GetDispatchInfo;
    let close = pallet_collective::Call::close {
        proposal_hash: hash,
        index,
        proposal_weight_bound: proposal.get_dispatch_info().call_weight,
        length_bound: proposal.encoded_size() as u32 + 4,
    };
    call(
        signed(Sr25519Keyring::Ferdie),
        RuntimeCall::TechnicalCommittee(close),
    )?;
    let outcome = System::events().into_iter().rev().find_map(|record| {
        use noema_runtime::RuntimeEvent;
        use pallet_collective::Event;
        match record.event {
            RuntimeEvent::TechnicalCommittee(Event::Executed { result, .. }) => Some(result),
            RuntimeEvent::TechnicalCommittee(Event::Disapproved { .. }) => {
                Some(Err(DispatchError::Other("the motion was disapproved")))
            }
            _ => None,
        }
    });
    outcome.expect("a motion is closed with an event")
}
