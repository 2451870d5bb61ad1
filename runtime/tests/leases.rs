//! Storage, providers and audits as they are composed: a file is bought, placed, audited and paid for; a provider that stops answering is dropped, and another takes
//! over for a bounty.
//!
//! Hooks are called as the executive does, in blocks that have nothing else to do; seeds are put where `Entropy` keeps them.

mod chain;

use chain::answers::proof;
use frame_support::{
    assert_ok,
    traits::Hooks,
    weights::{Weight, WeightMeter},
};
use noema_commitment::{zero_root, Shape};
use noema_core::units::{GIB, NOEMA};
use noema_runtime::{
    configs::ai::storage::PotAccount, AccountId, Audits, Balances, Providers, Runtime,
    RuntimeOrigin, Storage, System,
};
use noema_traits::{Auditable, Payroll, Role, Rounds};
use pallet_noema_storage::{Deals, HostHashing, LeaseStatus, SlotState};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve, Ferdie};

fn signed(who: &AccountId) -> RuntimeOrigin {
    RuntimeOrigin::signed(who.clone())
}

/// A block with a seed, whose transactions are these.
fn block<R>(transactions: impl FnOnce() -> R) -> R {
    let number = System::block_number() + 1;
    System::set_block_number(number);
    System::reset_events();
    let seed = sp_io::hashing::blake2_256(&number.to_le_bytes());
    pallet_noema_entropy::Seeds::<Runtime>::insert(number, seed);
    let mut meter = WeightMeter::new();
    Storage::on_poll(number, &mut meter);
    Audits::on_poll(number, &mut meter);
    let result = transactions();
    Audits::on_idle(number, Weight::MAX);
    result
}

/// Until the provider can be challenged.
fn until_auditable(provider: &AccountId) {
    for _ in 0..2_000 {
        if Storage::population(provider, 0).units > 0 {
            return;
        }
        block(|| ());
    }
    panic!("it never matures");
}

/// The key of a provider's daemon, which is never that of its bond.
fn operator_of(provider: &AccountId) -> AccountId {
    let operators = [(Bob, Dave), (Charlie, Ferdie)];
    operators
        .into_iter()
        .find(|(bonded, _)| bonded.to_account_id() == *provider)
        .map(|(_, operator)| operator.to_account_id())
        .expect("one of the two")
}

/// Every invariant of the pallets concerned, in builds that have them.
fn check() {
    #[cfg(feature = "try-state")]
    {
        use frame_support::traits::{TryState, TryStateSelect};
        for pallet in ["Storage", "Audits", "Providers"] {
            let select = TryStateSelect::Only(vec![pallet.into()]);
            noema_runtime::AllPalletsWithSystem::try_state(System::block_number(), select)
                .expect("every invariant holds");
        }
    }
}

struct Scene {
    owner: AccountId,
    shape: Shape,
    file: [u8; 32],
}

impl Scene {
    fn slot(&self) -> SlotState<AccountId, u128, u32> {
        let deal = Deals::<Runtime>::get(self.file, &self.owner).expect("the deal is there");
        deal.slots[0].state.clone()
    }

    /// Runs until the slot is proven by whoever is drawn.
    fn place(&self) -> AccountId {
        for _ in 0..100 {
            block(|| match self.slot() {
                SlotState::Assigned { provider, .. } => {
                    assert_ok!(Storage::ready(
                        signed(&operator_of(&provider)),
                        self.file,
                        self.owner.clone(),
                        0
                    ));
                }
                SlotState::Proving {
                    provider, draw_at, ..
                } if draw_at <= System::block_number() => {
                    // Of a file of zeros every sector is the same; where it is decides which roots are beside it.
                    let seed = sp_io::hashing::blake2_256(&draw_at.to_le_bytes());
                    let drawn = noema_commitment::drawn_sectors::<HostHashing>(
                        &seed,
                        &self.file,
                        self.owner.as_ref(),
                        provider.as_ref(),
                        0,
                        &self.shape,
                        8,
                    );
                    let proofs: Vec<_> = drawn.map(|sector| proof(&self.shape, sector)).collect();
                    assert_ok!(Storage::prove(
                        signed(&operator_of(&provider)),
                        self.file,
                        self.owner.clone(),
                        0,
                        proofs.try_into().expect("eight")
                    ));
                }
                _ => {}
            });
            if let SlotState::Held { provider, .. } = self.slot() {
                return provider;
            }
        }
        panic!("it is never proven: {:?}", self.slot());
    }

    /// Answers whatever is asked.
    fn answer(&self, provider: &AccountId) {
        let Some((round, _, challenges)) = Audits::challenges(provider) else {
            return;
        };
        let answers: Vec<_> = challenges
            .into_iter()
            .filter(|(_, _, answered)| !answered)
            .map(|(index, item, _)| (index, proof(&self.shape, item.sector)))
            .collect();
        if !answers.is_empty() {
            let operator = signed(&operator_of(provider));
            let info = Audits::answer(operator, round, answers.try_into().expect("fit"))
                .expect("the answer is right");
            assert_eq!(info.pays_fee, frame_support::pallet_prelude::Pays::No);
        }
    }

    /// A round, in which this provider answers, or nobody.
    fn round(&self, answers: Option<&AccountId>) {
        let round = Audits::current();
        while Audits::current() == round {
            block(|| {
                if let Some(provider) = answers {
                    self.answer(provider);
                }
            });
        }
    }
}

#[test]
fn a_file_is_bought_audited_paid_for_and_repaired() {
    chain::genesis("development").execute_with(|| {
        let owner = Alice.to_account_id();
        block(|| {
            for who in [Bob, Charlie] {
                let who = who.to_account_id();
                assert_ok!(Providers::register(
                    signed(&who),
                    Role::Storage,
                    1_000 * NOEMA,
                    operator_of(&who),
                    b"http://127.0.0.1:1".to_vec(),
                    100 * GIB
                ));
            }
        });
        // A GiB, so that slashes are seen.
        let size = GIB;
        let shape = Shape::new(size).expect("a size");
        let root = zero_root::<HostHashing>(shape.padded_sectors());
        let scene = Scene {
            owner: owner.clone(),
            shape,
            file: noema_commitment::file_id::<HostHashing>(&root, size),
        };
        let quote = Storage::quote(size, 1, 120).expect("it is sold");
        let before = Balances::free_balance(&owner);
        block(|| {
            assert_ok!(Storage::commit(
                signed(&owner),
                root,
                size,
                1,
                120,
                quote.total
            ));
        });
        assert_eq!(before - Balances::free_balance(&owner), quote.total);
        let first = scene.place();
        assert_eq!(Storage::population(&first, 0).units, 0);
        check();
        until_auditable(&first);
        check();
        // A round of which nobody knows whether it began before; then each is paid.
        scene.round(Some(&first));
        let before = Balances::free_balance(&first);
        for _ in 0..3 {
            scene.round(Some(&first));
        }
        assert_eq!(
            Balances::free_balance(&first) - before,
            3 * quote.rent,
            "three rounds, to the unit"
        );
        check();
        // It stops answering: four misses, and everything is dropped. Whoever pokes is paid for it.
        let eve = Eve.to_account_id();
        let richer = Balances::free_balance(&eve);
        for _ in 0..5 {
            scene.round(None);
            block(|| {
                // Nothing to settle, once it is dropped.
                Audits::poke(signed(&eve), first.clone()).ok();
            });
        }
        assert!(Balances::free_balance(&eve) > richer);
        assert_eq!(Storage::population(&first, 0).units, 0);
        assert!(Audits::standing(&first).is_some_and(|standing| !standing.dropping));
        check();
        let bounty = Deals::<Runtime>::get(scene.file, &owner)
            .expect("the deal is there")
            .slots[0]
            .bounty;
        assert!(bounty > 0, "there is something for whoever takes over");
        // The other one takes it over, and earns the bounty with its first round.
        let second = scene.place();
        assert_ne!(first, second);
        until_auditable(&second);
        let owed = Storage::next(&second).expect("something is owed to it");
        let before = Balances::free_balance(&second);
        while Storage::next(&second) == Some(owed) {
            scene.round(Some(&second));
        }
        assert!(Balances::free_balance(&second) - before >= bounty + quote.rent);
        check();
        // The owner ends it: nothing is left but what is owed for begun rounds.
        let lease = Storage::lease(&scene.file, &owner).expect("it is there");
        assert_eq!(lease.status, LeaseStatus::Running);
        let before = Balances::free_balance(&owner);
        while block(|| Storage::remove(signed(&owner), scene.file, 1)).is_err() {}
        assert!(Balances::free_balance(&owner) > before);
        for _ in 0..3 {
            scene.round(Some(&second));
            block(|| Audits::poke(signed(&eve), second.clone()).ok());
        }
        let pot = PotAccount::get();
        assert_eq!(
            Balances::reserved_balance(&pot),
            0,
            "nobody's money is stuck"
        );
        check();
    });
}
