//! Blocks as a node makes and checks them.

mod chain;

use chain::{Chain, EPOCH};
use noema_core::units::NOEMA;
use noema_runtime::{
    Babe, BlockNumber, Entropy, Grandpa, Historical, Runtime, RuntimeCall, Session, System,
    Timestamp,
};
use noema_traits::AgedRandomness;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie};
use sp_runtime::{
    traits::BlakeTwo256,
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
};

fn transfer(amount: u128) -> RuntimeCall {
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: Charlie.to_account_id().into(),
        value: amount,
    })
}

fn sudo(call: RuntimeCall) -> RuntimeCall {
    RuntimeCall::Sudo(pallet_sudo::Call::sudo {
        call: Box::new(call),
    })
}

#[test]
fn what_one_node_authors_another_executes_to_the_same_state() {
    let (mut author, mut importer) = (Chain::development(), Chain::development());
    for round in 1..=40u32 {
        let first = author.signed_with(Bob, transfer(NOEMA), 0, 0);
        let second = author.signed_with(Bob, transfer(2 * NOEMA), 1, 5);
        // The tenth block is the first of an epoch, and the twentieth comes after lost slots.
        let slots = match round {
            10 => EPOCH,
            20 => 17,
            _ => 1,
        };
        let transactions = if round == 10 {
            vec![]
        } else {
            vec![first, second]
        };
        let (block, results) = author.author_after(slots, transactions);
        assert!(
            results.iter().all(|result| *result == Ok(Ok(()))),
            "{round}: {results:?}"
        );
        importer.import(&block);
        assert_eq!(importer.head.hash(), author.head.hash());
    }
    let charlie = Charlie.to_account_id();
    assert_eq!(importer.free(&charlie), author.free(&charlie));
    assert_eq!(importer.query(Timestamp::get), author.slot * 1_000);
}

#[test]
#[should_panic(expected = "Storage root must match")]
fn a_block_that_claims_another_state_is_refused() {
    let (mut author, mut importer) = (Chain::development(), Chain::development());
    let (mut block, _) = author.author(vec![]);
    block.header.state_root = Default::default();
    importer.import(&block);
}

#[test]
fn the_first_block_of_a_session_takes_no_transactions_and_keeps_the_validators() {
    let mut chain = Chain::development();
    chain.author(vec![]);
    let validators = chain.query(Session::validators);
    for session in 1..=3u32 {
        let refused = chain.signed(Bob, transfer(NOEMA));
        let (_, results) = chain.author_after(EPOCH, vec![refused.clone()]);
        assert_eq!(results, [Err(InvalidTransaction::ExhaustsResources.into())]);
        assert_eq!(chain.query(Session::current_index), session);
        assert_eq!(chain.query(Session::validators), validators);
        assert_eq!(chain.query(Babe::epoch_index), u64::from(session));
        let (_, results) = chain.author(vec![refused]);
        assert_eq!(results, [Ok(Ok(()))]);
    }
    assert!(chain.query(|| Historical::historical_root(3)).is_some());
}

#[test]
fn the_voter_set_changes_only_with_a_key() {
    use codec::Encode;
    use sp_core::Pair;
    let mut chain = Chain::of(&[Alice]);
    chain.author(vec![]);
    // The first rotations record the set's root, once.
    for _ in 0..3 {
        chain.author_after(EPOCH, vec![]);
    }
    chain.author(vec![]);
    let set = chain.query(pallet_grandpa::CurrentSetId::<Runtime>::get);
    for _ in 0..3 {
        chain.author_after(EPOCH, vec![]);
        chain.author(vec![]);
        assert_eq!(
            chain.query(pallet_grandpa::CurrentSetId::<Runtime>::get),
            set
        );
    }

    // Alice takes a new finality key and proves that she holds all three.
    let grandpa = sp_core::ed25519::Pair::from_string("//Alice//new", None).expect("a key");
    let owner = Alice.to_account_id();
    let keys = noema_runtime::SessionKeys {
        babe: Alice.public().into(),
        grandpa: grandpa.public().into(),
        authority_discovery: Alice.public().into(),
    };
    let statement = sp_core::proof_of_possession::statement_of_ownership(&owner.encode());
    let proof = (
        Alice.pair().sign(&statement),
        grandpa.sign(&statement),
        Alice.pair().sign(&statement),
    )
        .encode();
    let call = RuntimeCall::Session(pallet_session::Call::set_keys { keys, proof });
    let transaction = chain.signed(Alice, call);
    let (_, results) = chain.author(vec![transaction]);
    assert_eq!(results, [Ok(Ok(()))]);
    for _ in 0..2 {
        chain.author_after(EPOCH, vec![]);
        chain.author(vec![]);
    }
    assert!(chain.query(pallet_grandpa::CurrentSetId::<Runtime>::get) > set);
    let expected = vec![(grandpa.public().into(), 1)];
    assert_eq!(chain.query(Grandpa::grandpa_authorities), expected);
}

#[test]
fn every_block_but_the_first_of_a_session_has_a_seed_of_its_own() {
    let mut chain = Chain::development();
    for _ in 0..40 {
        chain.author(vec![]);
    }
    let drawn = |chain: &mut Chain, block: BlockNumber| {
        chain.query(|| <Entropy as AgedRandomness<BlockNumber>>::seed_from(block))
    };
    let (a, b) = (
        drawn(&mut chain, 39).expect("drawn"),
        drawn(&mut chain, 40).expect("drawn"),
    );
    assert_eq!((a.drawn_at, b.drawn_at), (39, 40));
    assert_ne!(a.value, b.value);
    assert_eq!(drawn(&mut chain, 41), None);

    chain.author_after(EPOCH, vec![]);
    assert_eq!(
        drawn(&mut chain, 41),
        None,
        "a session's first block draws none"
    );
    chain.author(vec![]);
    assert_eq!(
        drawn(&mut chain, 41)
            .expect("a later block stands in")
            .drawn_at,
        42
    );
    assert_eq!(drawn(&mut chain, 40), Some(b), "an answer never changes");
}

#[test]
fn an_upgrade_becomes_the_code_two_blocks_after_it_was_handed_in() {
    let mut chain = Chain::development();
    chain.author(vec![]);
    // Not a runtime, which is why its version is not looked at.
    let code = vec![7u8; 2 * 1024 * 1024];
    let code_hash = <BlakeTwo256 as sp_runtime::traits::Hash>::hash(&code);
    let authorise = sudo(RuntimeCall::System(
        frame_system::Call::authorize_upgrade_without_checks { code_hash },
    ));
    let authorise = chain.signed(Alice, authorise);
    let (_, results) = chain.author(vec![authorise]);
    assert_eq!(results, [Ok(Ok(()))]);

    let apply =
        RuntimeCall::System(frame_system::Call::apply_authorized_upgrade { code: code.clone() });
    let apply = chain.signed(Bob, apply);
    let now = |chain: &mut Chain| {
        chain.query(|| {
            sp_io::storage::get(sp_core::storage::well_known_keys::CODE).map(|code| code.len())
        })
    };
    let (_, results) = chain.author(vec![apply]);
    assert_eq!(results, [Ok(Ok(()))]);
    assert_eq!(now(&mut chain), Some(0), "pending in block n");
    chain.author(vec![]);
    assert_eq!(
        now(&mut chain),
        Some(code.len()),
        "in force after block n + 1"
    );
}

#[test]
fn false_equivocation_reports_are_refused_signed_or_not() {
    use noema_runtime::Executive;
    let mut chain = Chain::development();
    chain.author(vec![]);
    for (name, call) in chain::every_call() {
        if name.ends_with("::report_equivocation") {
            let transaction = chain.signed(Bob, call);
            let before = chain.free(&Bob.to_account_id());
            let (_, results) = chain.author(vec![transaction]);
            assert!(
                matches!(results.as_slice(), [Ok(Err(_))]),
                "{name}: {results:?}"
            );
            assert!(
                chain.free(&Bob.to_account_id()) < before,
                "{name} is paid for"
            );
        } else if name.ends_with("::report_equivocation_unsigned") {
            let bare = noema_runtime::UncheckedExtrinsic::new_bare(call);
            // Others' reports are not taken: every node that saw an equivocation makes its own.
            for (source, refusal) in [
                (TransactionSource::Local, InvalidTransaction::BadProof),
                (TransactionSource::External, InvalidTransaction::Call),
            ] {
                let validity = chain.query(|| {
                    Executive::validate_transaction(source, bare.clone(), System::parent_hash())
                });
                let expected = Err(TransactionValidityError::Invalid(refusal));
                assert_eq!(validity, expected, "{name}");
            }
        }
    }
}

#[test]
fn hashes_of_four_hours_are_remembered() {
    assert_eq!(
        <Runtime as frame_system::Config>::BlockHashCount::get(),
        14_400
    );
}
