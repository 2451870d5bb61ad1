//! What people do with governance, in transactions of blocks that other nodes accept.

use crate::{
    chain::Chain,
    people::{is_approved, BALLOT, COMMITTEE, MOST},
};
use codec::Encode;
use frame_support::{
    dispatch::GetDispatchInfo,
    traits::{schedule::DispatchTime, Bounded},
};
use noema_runtime::{
    configs::governance::Committee, governance::origins::Origin, OriginCaller, Runtime, RuntimeCall,
};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use sp_keyring::Sr25519Keyring::{self, BobStash, Ferdie};
use sp_runtime::traits::{BlakeTwo256, Hash as _};

/// Sends a transaction and authors the block with it.
pub(crate) fn send(chain: &mut Chain, who: Sr25519Keyring, call: RuntimeCall) {
    let transaction = chain.signed(who, call.clone());
    let (_, results) = chain.author(vec![transaction]);
    assert_eq!(results, [Ok(Ok(()))], "{call:?}");
}

/// Has two of the committee whitelist a call, and then most people decide for it.
pub(crate) fn decide_whitelisted(chain: &mut Chain, call: RuntimeCall) {
    whitelist(chain, &call);
    let dispatch = RuntimeCall::Whitelist(
        pallet_whitelist::Call::dispatch_whitelisted_call_with_preimage {
            call: Box::new(call),
        },
    );
    let index = chain.query(pallet_referenda::ReferendumCount::<Runtime>::get);
    let submit = pallet_referenda::Call::submit {
        proposal_origin: Box::new(OriginCaller::Origins(Origin::WhitelistedCaller)),
        proposal: Bounded::Inline(dispatch.encode().try_into().expect("it is short")),
        enactment_moment: DispatchTime::After(0),
    };
    let deposit = pallet_referenda::Call::place_decision_deposit { index };
    for step in [submit, deposit] {
        send(chain, BobStash, RuntimeCall::Referenda(step));
    }
    for who in MOST {
        let vote = pallet_conviction_voting::Call::vote {
            poll_index: index,
            vote: AccountVote::Standard {
                vote: Vote {
                    aye: true,
                    conviction: Conviction::Locked1x,
                },
                balance: BALLOT,
            },
        };
        send(chain, who, RuntimeCall::ConvictionVoting(vote));
    }
    // Confirmed, approved, carried out.
    for _ in 0..4 {
        chain.author(vec![]);
    }
    assert!(chain.query(|| is_approved(index)));
}

/// Has two of the committee whitelist a call.
fn whitelist(chain: &mut Chain, whitelisted: &RuntimeCall) {
    use pallet_collective::Call;
    let whitelisted = BlakeTwo256::hash_of(whitelisted);
    let proposal = RuntimeCall::Whitelist(pallet_whitelist::Call::whitelist_call {
        call_hash: whitelisted,
    });
    let hash = BlakeTwo256::hash_of(&proposal);
    let length = proposal.encoded_size() as u32;
    let weight = proposal.get_dispatch_info().call_weight;
    let index = chain.query(pallet_collective::ProposalCount::<Runtime, Committee>::get);
    let propose = Call::propose {
        threshold: 2,
        proposal: Box::new(proposal),
        length_bound: length,
    };
    send(
        chain,
        COMMITTEE[0],
        RuntimeCall::TechnicalCommittee(propose),
    );
    for who in &COMMITTEE[1..] {
        let vote = Call::vote {
            proposal: hash,
            index,
            approve: true,
        };
        send(chain, *who, RuntimeCall::TechnicalCommittee(vote));
    }
    let close = Call::close {
        proposal_hash: hash,
        index,
        proposal_weight_bound: weight,
        length_bound: length + 4,
    };
    send(chain, Ferdie, RuntimeCall::TechnicalCommittee(close));
    let is_whitelisted =
        chain.query(|| pallet_whitelist::WhitelistedCall::<Runtime>::contains_key(whitelisted));
    assert!(is_whitelisted);
}
