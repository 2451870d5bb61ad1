//! Which blocks are ticks of the composed runtime, as the executive makes them: whatever keeps answers out stops the clock of everything that could cost
//! somebody something. And that providers answer with the key of their daemon, not with that of their bond.

mod chain;

use chain::{
    answers::{normal, proof},
    Chain, EPOCH,
};
use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    weights::Weight,
};
use noema_commitment::{zero_root, Shape};
use noema_core::units::{GIB, NOEMA};
use noema_runtime::{
    weights::block::{BlockLength, BlockWeights},
    AccountId, Audits, Entropy, Runtime, RuntimeCall, Storage, UncheckedExtrinsic,
};
use noema_traits::{AgedRandomness, Auditable, Role, Ticks};
use pallet_noema_storage::{Deals, HostHashing, SlotState};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};
use sp_runtime::{DispatchError, Perbill};

fn ticks(chain: &mut Chain) -> u64 {
    chain.query(<Audits as Ticks>::now)
}

/// Whether a block with these transactions, all of which do what they should, is a tick.
#[track_caller]
fn is_tick(chain: &mut Chain, transactions: Vec<UncheckedExtrinsic>) -> bool {
    let before = ticks(chain);
    let (_, results) = chain.author(transactions);
    for result in results {
        assert_eq!(result, Ok(Ok(())));
    }
    match ticks(chain) - before {
        0 => false,
        1 => true,
        more => panic!("a block is {more} ticks"),
    }
}

/// Root's call, in a block of its own.
#[track_caller]
fn is_tick_with(chain: &mut Chain, call: RuntimeCall) -> bool {
    let sudo = RuntimeCall::Sudo(pallet_sudo::Call::sudo {
        call: Box::new(call),
    });
    let transaction = chain.signed(Alice, sudo);
    is_tick(chain, vec![transaction])
}

fn name(pallet: &str, call: &str) -> pallet_tx_pause::RuntimeCallNameOf<Runtime> {
    let bounded = |text: &str| text.as_bytes().to_vec().try_into().expect("a short name");
    (bounded(pallet), bounded(call))
}

fn pause(pallet: &str, call: &str) -> RuntimeCall {
    let full_name = name(pallet, call);
    RuntimeCall::TxPause(pallet_tx_pause::Call::pause { full_name })
}

fn unpause(pallet: &str, call: &str) -> RuntimeCall {
    let ident = name(pallet, call);
    RuntimeCall::TxPause(pallet_tx_pause::Call::unpause { ident })
}

/// A chain with some blocks.
fn begun() -> Chain {
    let mut chain = Chain::development();
    for _ in 0..3 {
        chain.author(vec![]);
    }
    assert!(is_tick(&mut chain, vec![]));
    chain
}

#[test]
fn a_block_that_takes_transactions_and_leaves_room_is_a_tick() {
    let mut chain = begun();
    let remark = vec![0; 1_000];
    let call = RuntimeCall::System(frame_system::Call::remark { remark });
    let transaction = chain.signed(Bob, call);
    assert!(is_tick(&mut chain, vec![transaction]));
    // The first of a session takes none.
    let before = ticks(&mut chain);
    chain.author_after(EPOCH, vec![]);
    assert_eq!(ticks(&mut chain), before);
    assert!(is_tick(&mut chain, vec![]));
}

#[test]
fn while_answers_are_paused_no_block_is_a_tick() {
    let mut chain = begun();
    // Another call is no matter of ticks.
    assert!(is_tick_with(&mut chain, pause("Storage", "commit")));
    // Within this block, before the next.
    assert!(!is_tick_with(&mut chain, pause("Audits", "answer")));
    for _ in 0..5 {
        assert!(!is_tick(&mut chain, vec![]));
    }
    // They were paused when this one began.
    assert!(!is_tick_with(&mut chain, unpause("Audits", "answer")));
    assert!(is_tick(&mut chain, vec![]));
}

#[test]
fn in_safe_mode_no_block_is_a_tick() {
    let mut chain = begun();
    let enter = RuntimeCall::SafeMode(pallet_safe_mode::Call::force_enter {});
    assert!(!is_tick_with(&mut chain, enter));
    for _ in 0..5 {
        assert!(!is_tick(&mut chain, vec![]));
    }
    let exit = RuntimeCall::SafeMode(pallet_safe_mode::Call::force_exit {});
    assert!(!is_tick_with(&mut chain, exit));
    assert!(is_tick(&mut chain, vec![]));
}

/// A transaction of root that weighs so much.
fn heavy(chain: &mut Chain, call: RuntimeCall, weight: Weight) -> UncheckedExtrinsic {
    let call = Box::new(call);
    let call = RuntimeCall::Sudo(pallet_sudo::Call::sudo_unchecked_weight { call, weight });
    chain.signed(Alice, call)
}

#[test]
fn a_block_that_is_full_of_weight_is_no_tick() {
    let mut chain = begun();
    let remark = || RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
    for (percent, expected) in [(60, true), (77, false)] {
        let weight = Perbill::from_percent(percent) * normal();
        let transaction = heavy(&mut chain, remark(), weight.set_proof_size(0));
        assert_eq!(is_tick(&mut chain, vec![transaction]), expected);
    }
    // Operational calls keep answers out as well.
    let operational = || RuntimeCall::System(frame_system::Call::set_heap_pages { pages: 64 });
    assert_eq!(
        operational().get_dispatch_info().class,
        DispatchClass::Operational
    );
    for (percent, expected) in [(70, true), (82, false)] {
        let weight = Perbill::from_percent(percent) * BlockWeights::get().max_block;
        let transaction = heavy(&mut chain, operational(), weight.set_proof_size(0));
        assert_eq!(is_tick(&mut chain, vec![transaction]), expected);
    }
}

#[test]
fn a_block_that_is_full_of_bytes_is_no_tick() {
    let mut chain = begun();
    let most = *BlockLength::get().max.get(DispatchClass::Normal);
    for (percent, expected) in [(70, true), (76, false)] {
        let remark = vec![0; (Perbill::from_percent(percent) * most) as usize];
        let call = RuntimeCall::System(frame_system::Call::remark { remark });
        let transaction = chain.signed(Bob, call);
        assert_eq!(is_tick(&mut chain, vec![transaction]), expected);
    }
}

/// A file of zeros of Dave's, and one provider: bonded by Bob, operated by Charlie.
struct Scene {
    chain: Chain,
    shape: Shape,
    file: [u8; 32],
    owner: AccountId,
    bonded: AccountId,
}

impl Scene {
    fn new() -> Self {
        let mut chain = begun();
        // Some hundred blocks; the invariants are looked at in the end.
        chain.checked = false;
        let size = 10_000;
        let shape = Shape::new(size).expect("a size");
        let root = zero_root::<HostHashing>(shape.padded_sectors());
        let mut scene = Self {
            chain,
            shape,
            file: noema_commitment::file_id::<HostHashing>(&root, size),
            owner: Dave.to_account_id(),
            bonded: Bob.to_account_id(),
        };
        let register = RuntimeCall::Providers(pallet_noema_providers::Call::register {
            role: Role::Storage,
            bond: 1_000 * NOEMA,
            operator: Charlie.to_account_id(),
            endpoint: b"http://127.0.0.1:1".to_vec(),
            capacity: 100 * GIB,
        });
        assert_eq!(scene.send(Bob, register), Ok(()));
        let commit = RuntimeCall::Storage(pallet_noema_storage::Call::commit {
            root,
            size,
            replicas: 1,
            rounds: 100,
            max: 1_000 * NOEMA,
        });
        assert_eq!(scene.send(Dave, commit), Ok(()));
        scene
    }

    /// A block with this transaction, which is included.
    fn send(&mut self, who: Sr25519Keyring, call: RuntimeCall) -> Result<(), DispatchError> {
        let transaction = self.chain.signed(who, call);
        let (_, results) = self.chain.author(vec![transaction]);
        results[0].expect("it is included")
    }

    /// Empty blocks until there is something.
    fn until<R>(&mut self, what: impl Fn() -> Option<R>) -> R {
        for _ in 0..300 {
            if let Some(found) = self.chain.query(&what) {
                return found;
            }
            self.chain.author(vec![]);
        }
        panic!("it never comes");
    }

    fn slot(file: [u8; 32], owner: &AccountId) -> SlotState<AccountId, u128, u32> {
        let deal = Deals::<Runtime>::get(file, owner).expect("the deal is there");
        deal.slots[0].state.clone()
    }

    /// Has the file placed, each step by the operator.
    fn place(&mut self) {
        let (file, owner, shape) = (self.file, self.owner.clone(), self.shape);
        let of = owner.clone();
        self.until(move || {
            matches!(Self::slot(file, &of), SlotState::Assigned { .. }).then_some(())
        });
        let ready = || pallet_noema_storage::Call::ready {
            file,
            owner: Dave.to_account_id(),
            slot: 0,
        };
        assert_eq!(self.send(Charlie, RuntimeCall::Storage(ready())), Ok(()));
        let of = owner.clone();
        let seed = self.until(move || match Self::slot(file, &of) {
            SlotState::Proving { draw_at, .. } => Entropy::seed_from(draw_at),
            _ => None,
        });
        let drawn = noema_commitment::drawn_sectors::<HostHashing>(
            &seed.value,
            &file,
            owner.as_ref(),
            self.bonded.as_ref(),
            0,
            &shape,
            8,
        );
        let proofs: Vec<_> = drawn.map(|sector| proof(&shape, sector)).collect();
        let prove = pallet_noema_storage::Call::prove {
            file,
            owner,
            slot: 0,
            proof: proofs.try_into().expect("eight"),
        };
        assert_eq!(self.send(Charlie, RuntimeCall::Storage(prove)), Ok(()));
    }

    /// Right answers to all that the provider is asked for.
    fn answer(&mut self) -> RuntimeCall {
        let bonded = self.bonded.clone();
        let (round, _, challenges) = self.until(move || Audits::challenges(&bonded));
        let answers: Vec<_> = challenges
            .into_iter()
            .map(|(index, item, _)| (index, proof(&self.shape, item.sector)))
            .collect();
        RuntimeCall::Audits(pallet_noema_audits::Call::answer {
            round,
            answers: answers.try_into().expect("they fit"),
        })
    }
}

#[test]
fn a_pause_longer_than_the_window_costs_no_provider_anything_and_its_operator_answers_after_it() {
    let mut scene = Scene::new();
    scene.place();
    let bonded = scene.bonded.clone();
    scene.until(move || (Storage::population(&bonded, 0).units > 0).then_some(()));
    let answer = scene.answer();
    // For longer than the window is, nobody can answer.
    assert!(!is_tick_with(&mut scene.chain, pause("Audits", "answer")));
    let before = ticks(&mut scene.chain);
    let filtered = frame_system::Error::<Runtime>::CallFiltered.into();
    assert_eq!(scene.send(Charlie, answer.clone()), Err(filtered));
    for _ in 0..40 {
        scene.chain.author(vec![]);
    }
    assert_eq!(ticks(&mut scene.chain), before);
    assert!(!is_tick_with(&mut scene.chain, unpause("Audits", "answer")));
    // The key of the bond is not that of the daemon.
    let refused = pallet_noema_audits::Error::<Runtime>::NotAnOperator.into();
    assert_eq!(scene.send(Bob, answer.clone()), Err(refused));
    let charlie = Charlie.to_account_id();
    let had = scene.chain.free(&charlie);
    assert_eq!(scene.send(Charlie, answer), Ok(()));
    assert_eq!(scene.chain.free(&charlie), had, "an answer is free");
    let bonded = scene.bonded.clone();
    let standing = scene.chain.query(move || Audits::standing(&bonded));
    let standing = standing.expect("it is on record");
    assert_eq!((standing.points, standing.unsettled), (0, 0));
    // The round's pay is of the bonded account.
    scene.chain.checked = true;
    scene.chain.author(vec![]);
}
