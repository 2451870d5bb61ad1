//! What becomes of referenda: upgrades, refusals, cancellations, locks.

use crate::{
    chain::Chain,
    people::{
        account, advance, call, decide, decide_as, is_approved, on_a_chain, referendum, root,
        signed, submit, vote, vote_for, BALLOT, COMMITTEE, MOST, REFUSED,
    },
    transactions::{decide_whitelisted, send},
};
use codec::Encode;
use frame_support::{assert_noop, assert_ok, traits::Get};
use noema_core::{time::MINUTES, units::NOEMA};
use noema_runtime::{
    configs::{governance::RootAboveAll, money::TreasuryAccount},
    governance::origins::Origin,
    parameters, AccountId, Balances, ConvictionVoting, OriginCaller, Referenda, Runtime,
    RuntimeCall, RuntimeOrigin, Scheduler, System, VERSION,
};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_referenda::ReferendumInfo;
use sp_core::traits::{Externalities, ReadRuntimeVersion, ReadRuntimeVersionExt};
use sp_keyring::Sr25519Keyring::{self, Alice, AliceStash, Bob, BobStash, Dave, Ferdie};
use sp_runtime::traits::{BlakeTwo256, Hash as _};

/// Reads from every code the version after this one.
struct NextVersion;

impl ReadRuntimeVersion for NextVersion {
    fn read_runtime_version(
        &self,
        _code: &[u8],
        _state: &mut dyn Externalities,
    ) -> Result<Vec<u8>, String> {
        let mut next = VERSION;
        next.spec_version += 1;
        Ok(next.encode())
    }
}

/// The whole way of an upgrade without sudo, in blocks that other nodes accept: the committee
/// whitelists, people vote, the scheduler authorises, a stranger hands the code in.
#[test]
fn a_whitelisted_upgrade_is_voted_on_authorised_and_carried_out() {
    let mut chain = Chain::development();
    chain
        .state
        .register_extension(ReadRuntimeVersionExt::new(NextVersion));
    chain.author(vec![]);
    send(
        &mut chain,
        Alice,
        RuntimeCall::Sudo(pallet_sudo::Call::remove_key {}),
    );

    let code = b"the next runtime".to_vec();
    let authorize = frame_system::Call::authorize_upgrade {
        code_hash: BlakeTwo256::hash(&code),
    };
    decide_whitelisted(&mut chain, RuntimeCall::System(authorize));
    assert!(chain.query(|| is_approved(0)));
    let authorized = chain.query(System::authorized_upgrade);
    assert_eq!(
        authorized.map(|upgrade| *upgrade.code_hash()),
        Some(BlakeTwo256::hash(&code))
    );

    let other = frame_system::Call::apply_authorized_upgrade {
        code: b"another runtime".to_vec(),
    };
    let refused = chain.signed(Ferdie, RuntimeCall::System(other));
    let (_, results) = chain.author(vec![refused]);
    assert_eq!(
        results,
        [Ok(Err(frame_system::Error::<Runtime>::Unauthorized.into()))]
    );
    let apply = frame_system::Call::apply_authorized_upgrade { code: code.clone() };
    send(&mut chain, Ferdie, RuntimeCall::System(apply));
    // New code waits for a block.
    chain.author(vec![]);
    let found = chain.query(|| sp_io::storage::get(b":code"));
    assert_eq!(found.map(|bytes| bytes.to_vec()), Some(code));
}

/// A call that root makes to be seen, in state.
fn mark() -> RuntimeCall {
    RuntimeCall::System(frame_system::Call::set_storage {
        items: vec![(b"mark".to_vec(), b"seen".to_vec())],
    })
}

fn is_marked() -> bool {
    sp_io::storage::get(b"mark").is_some()
}

#[test]
fn a_root_referendum_does_what_root_does() {
    on_a_chain(|| {
        decide(root(), mark());
        assert!(is_marked());
    });
}

#[test]
fn a_referendum_is_carried_out_with_the_rights_of_its_track_only() {
    on_a_chain(|| {
        let name = decide_as(Origin::GeneralAdmin, mark());
        assert!(is_approved(name));
        assert!(!is_marked());
    });
}

#[test]
fn a_call_that_the_committee_did_not_whitelist_waits_for_it_and_no_longer() {
    let dispatch = || {
        let call = Box::new(mark());
        RuntimeCall::Whitelist(
            pallet_whitelist::Call::dispatch_whitelisted_call_with_preimage { call },
        )
    };
    on_a_chain(|| {
        decide_as(Origin::WhitelistedCaller, dispatch());
        assert!(!is_marked());
        assert_noop!(
            call(signed(Ferdie), dispatch()),
            pallet_whitelist::Error::<Runtime>::CallIsNotWhitelisted
        );
        let whitelist = RuntimeCall::Whitelist(pallet_whitelist::Call::whitelist_call {
            call_hash: BlakeTwo256::hash_of(&mark()),
        });
        let later = System::block_number() + parameters::WHITELIST_DEFERRAL;
        assert_ok!(crate::people::motion(&COMMITTEE[..2], whitelist));
        let before = System::block_number();
        System::set_block_number(later);
        assert_noop!(
            call(signed(Ferdie), dispatch()),
            pallet_whitelist::Error::<Runtime>::DeferredDispatchExpired
        );
        System::set_block_number(before);
        assert_ok!(call(signed(Ferdie), dispatch()));
        assert!(is_marked());
    });
}

#[test]
fn a_referendum_without_support_is_rejected_and_its_submission_costs_the_deposit() {
    on_a_chain(|| {
        let index = submit(root(), mark());
        // A tenth of what could vote, unanimous: root takes 5 % at the end, and 49 % a day into it.
        vote(Alice, index, false, Conviction::Locked1x);
        advance(5 + 28 * MINUTES + 1);
        assert!(matches!(referendum(index), ReferendumInfo::Rejected(..)));
        assert!(!is_marked());
        assert_noop!(
            Referenda::refund_submission_deposit(signed(BobStash), index),
            pallet_referenda::Error::<Runtime>::BadStatus
        );
        let reserved = Balances::reserved_balance(account(BobStash));
        assert_ok!(Referenda::refund_decision_deposit(signed(Ferdie), index));
        let left = Balances::reserved_balance(account(BobStash));
        assert_eq!(reserved - left, 100_000 * NOEMA);
        assert_eq!(left, parameters::SUBMISSION_DEPOSIT);
    });
}

#[test]
fn little_support_passes_late_and_none_never() {
    on_a_chain(|| {
        let (noticed, unnoticed) = (submit(root(), mark()), {
            let spender = OriginCaller::Origins(Origin::SmallSpender);
            submit(spender, mark())
        });
        // 7.5 % of what could vote.
        vote(Alice, noticed, true, Conviction::Locked1x);
        // A ten-thousandth.
        assert_ok!(ConvictionVoting::vote(
            signed(Bob),
            unnoticed,
            AccountVote::Standard {
                vote: Vote {
                    aye: true,
                    conviction: Conviction::Locked1x
                },
                balance: 12_000 * NOEMA,
            },
        ));
        advance(20 * MINUTES);
        assert!(matches!(referendum(noticed), ReferendumInfo::Ongoing(..)));
        advance(10 * MINUTES);
        assert!(is_approved(noticed));
        assert!(matches!(
            referendum(unnoticed),
            ReferendumInfo::Rejected(..)
        ));
    });
}

#[test]
fn cancelling_ends_a_referendum_and_gives_its_deposits_back() {
    on_a_chain(|| {
        let before = Balances::free_balance(account(BobStash));
        let index = submit(root(), mark());
        let cancel = || RuntimeCall::Referenda(pallet_referenda::Call::cancel { index });
        for other in [Origin::ReferendumKiller, Origin::GeneralAdmin] {
            assert_noop!(call(other, cancel()), REFUSED);
        }
        let canceller = decide_as(Origin::ReferendumCanceller, cancel());
        assert!(matches!(referendum(index), ReferendumInfo::Cancelled(..)));
        for (index, submission) in [(index, true), (canceller, true)] {
            assert_ok!(Referenda::refund_decision_deposit(signed(BobStash), index));
            assert!(submission);
            assert_ok!(Referenda::refund_submission_deposit(
                signed(BobStash),
                index
            ));
        }
        assert_eq!(Balances::free_balance(account(BobStash)), before);
    });
}

#[test]
fn killing_ends_a_referendum_and_its_deposits_go_to_the_treasury() {
    on_a_chain(|| {
        let index = submit(root(), mark());
        let treasury = Balances::free_balance(TreasuryAccount::get());
        let kill = || RuntimeCall::Referenda(pallet_referenda::Call::kill { index });
        for other in [Origin::ReferendumCanceller, Origin::WhitelistedCaller] {
            assert_noop!(call(other, kill()), REFUSED);
        }
        decide_as(Origin::ReferendumKiller, kill());
        assert!(matches!(referendum(index), ReferendumInfo::Killed(..)));
        assert_eq!(
            Balances::free_balance(TreasuryAccount::get()) - treasury,
            100_000 * NOEMA + parameters::SUBMISSION_DEPOSIT
        );
        assert_noop!(
            Referenda::refund_decision_deposit(signed(BobStash), index),
            pallet_referenda::Error::<Runtime>::NoDeposit
        );
    });
}

#[test]
fn root_takes_back_what_another_track_has_approved_and_nobody_else_does() {
    on_a_chain(|| {
        let spend = RuntimeCall::Treasury(pallet_treasury::Call::spend {
            asset_kind: Box::new(()),
            amount: NOEMA,
            beneficiary: Box::new(account(Ferdie)),
            valid_from: None,
        });
        let index = submit(OriginCaller::Origins(Origin::SmallSpender), spend);
        vote_for(index);
        // Prepared in 10 blocks, confirmed in 30, carried out after 60 more.
        advance(10 + 30 + 2);
        assert!(is_approved(index));
        let id = (*b"assembly", "enactment", index).using_encoded(sp_io::hashing::blake2_256);
        let cancel = || RuntimeCall::Scheduler(pallet_scheduler::Call::cancel_named { id });
        for other in [Origin::SmallSpender, Origin::Treasurer] {
            assert_noop!(call(other, cancel()), REFUSED);
        }
        assert_noop!(call(signed(Alice), cancel()), REFUSED);
        assert_ok!(call(RuntimeOrigin::root(), cancel()));
        advance(100);
        assert_eq!(pallet_treasury::SpendCount::<Runtime>::get(), 0);
    });
}

#[test]
fn privileges_are_compared_as_root_and_all_others() {
    use core::cmp::Ordering;
    use frame_support::traits::PrivilegeCmp;
    let ours = OriginCaller::Origins;
    let compare =
        |left: &OriginCaller, right: &OriginCaller| RootAboveAll::cmp_privilege(left, right);
    let (treasurer, admin) = (ours(Origin::Treasurer), ours(Origin::GeneralAdmin));
    assert_eq!(compare(&root(), &root()), Some(Ordering::Equal));
    assert_eq!(compare(&root(), &treasurer), Some(Ordering::Greater));
    assert_eq!(compare(&treasurer, &root()), Some(Ordering::Less));
    assert_eq!(compare(&treasurer, &treasurer), Some(Ordering::Equal));
    assert_eq!(compare(&treasurer, &admin), None);
}

#[test]
fn an_enactment_finds_its_block_although_many_others_want_the_same() {
    on_a_chain(|| {
        let when = System::block_number() + 50;
        let most: u32 = <Runtime as pallet_scheduler::Config>::MaxScheduledPerBlock::get();
        assert!(most >= 256);
        for _ in 0..most - 1 {
            assert_ok!(Scheduler::schedule(
                RuntimeOrigin::root(),
                when,
                None,
                0,
                Box::new(RuntimeCall::System(frame_system::Call::remark {
                    remark: vec![]
                })),
            ));
        }
        assert_ok!(Scheduler::schedule(
            RuntimeOrigin::root(),
            when,
            None,
            0,
            Box::new(mark())
        ));
        // Half a block's weight at a time: all of them are made within a few blocks.
        advance(53);
        assert!(is_marked());
    });
}

#[test]
fn tokens_of_a_winning_vote_stay_locked_for_the_period_times_its_conviction() {
    on_a_chain(|| {
        let index = submit(OriginCaller::Origins(Origin::GeneralAdmin), mark());
        let spendable = |who: AccountId| {
            use frame_support::traits::fungible::Inspect;
            use frame_support::traits::tokens::{Fortitude, Preservation};
            <Balances as Inspect<_>>::reducible_balance(
                &who,
                Preservation::Expendable,
                Fortitude::Polite,
            )
        };
        for who in MOST {
            // Twice the votes for twice the time, and 0.1 votes for none.
            let conviction = match who {
                Dave => Conviction::Locked2x,
                AliceStash => Conviction::None,
                _ => Conviction::Locked1x,
            };
            vote(who, index, true, conviction);
        }
        advance(3 + 8 + 2);
        assert!(is_approved(index));
        let unlock = |who: Sr25519Keyring| {
            let class = 14;
            let _ = ConvictionVoting::remove_vote(signed(who), Some(class), index);
            assert_ok!(ConvictionVoting::unlock(
                signed(Ferdie),
                class,
                account(who).into()
            ));
            spendable(account(who)) >= BALLOT
        };
        assert!(unlock(AliceStash));
        assert!(!unlock(Bob) && !unlock(Dave));
        advance(7 * MINUTES);
        assert!(unlock(Bob));
        assert!(!unlock(Dave));
        advance(7 * MINUTES);
        assert!(unlock(Dave));
    });
}
