//! Random sequences of calls, right and wrong, over blocks that sometimes have no seed, no hooks or
//! no weight left, with providers that come and go: every invariant holds after each step, and when
//! every owner removes its deals, nothing is left behind.

use crate::{mock::*, Agenda, AgendaCursor, Assignments, Call, Commitments, Deals, DealsOf};
use frame_support::weights::Weight;
use noema_commitment::Shape;
use noema_traits::AgedRandomness;
use proptest::prelude::*;
use sp_runtime::DispatchError;
use std::sync::OnceLock;

/// Owners that take part; the last one has no money.
pub(super) const OWNERS: [u64; 3] = [ALICE, BOB, PAUPER];
/// Capacities of the providers that take part. Not everybody has room for everything.
pub(super) const CAPACITIES: [u64; 5] = [CAPACITY, CAPACITY, 160_000, 12_000, 700];

/// Files that take part.
pub(super) fn files() -> &'static [TestFile] {
    static FILES: OnceLock<Vec<TestFile>> = OnceLock::new();
    FILES.get_or_init(|| {
        vec![
            TestFile::new(300, 0),
            TestFile::new(5_000, 1),
            TestFile::new(70_000, 2),
        ]
    })
}

/// Who makes a call about a slot.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    /// The bonded account of the provider that has the slot.
    Holder,
    /// Its operator.
    Operator,
    /// The operator of this provider, whoever has the slot.
    OperatorOf(usize),
    /// An owner.
    Owner,
}

/// What `prove` brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brings {
    Valid,
    OtherSectors,
    FlippedBit,
    TooFew,
}

/// Which slot a call is about: indices into [`OWNERS`] and [`files`], and a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) owner: usize,
    pub(super) file: usize,
    pub(super) slot: u8,
}

impl At {
    pub(super) fn owner(&self) -> u64 {
        OWNERS[self.owner]
    }

    pub(super) fn file(&self) -> &'static TestFile {
        &files()[self.file]
    }

    /// The provider that has the slot now.
    pub(super) fn provider(&self) -> Option<u64> {
        let deal = Deals::<Test>::get(self.file().id(), self.owner())?;
        deal.slot(self.slot)?.state.provider().copied()
    }
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Commit {
        at: At,
        replicas: u8,
    },
    Ready {
        at: At,
        by: By,
    },
    Prove {
        at: At,
        by: By,
        brings: Brings,
    },
    Remove {
        at: At,
    },
    Resign {
        at: At,
        by: By,
    },
    /// Blocks, each with or without a seed and with or without hooks.
    Blocks(Vec<(bool, bool)>),
    SetActivity {
        provider: usize,
        active: bool,
    },
}

impl By {
    pub(super) fn account(self, at: &At) -> u64 {
        match self {
            Self::Holder => at.provider().unwrap_or_else(|| provider(0)),
            Self::Operator => operator_of(at.provider().unwrap_or_else(|| provider(0))),
            Self::OperatorOf(n) => operator_of(provider(n as u64)),
            Self::Owner => at.owner(),
        }
    }
}

impl Op {
    /// Makes the call, as the runtime would: undone when it fails.
    pub(super) fn call(&self) -> Result<(), DispatchError> {
        let (who, call) = match self {
            Self::Commit { at, replicas } => {
                let (root, size) = (at.file().root, at.file().size);
                (
                    at.owner(),
                    Call::commit {
                        root,
                        size,
                        replicas: *replicas,
                    },
                )
            }
            Self::Ready { at, by } => {
                let (file, owner, slot) = (at.file().id(), at.owner(), at.slot);
                (by.account(at), Call::ready { file, owner, slot })
            }
            Self::Prove { at, by, brings } => {
                let (file, owner, slot) = (at.file().id(), at.owner(), at.slot);
                (
                    by.account(at),
                    Call::prove {
                        file,
                        owner,
                        slot,
                        proof: proof(at, *brings),
                    },
                )
            }
            Self::Remove { at } => (
                at.owner(),
                Call::remove {
                    file: at.file().id(),
                },
            ),
            Self::Resign { at, by } => {
                let (file, owner, slot) = (at.file().id(), at.owner(), at.slot);
                (by.account(at), Call::resign { file, owner, slot })
            }
            Self::Blocks(_) | Self::SetActivity { .. } => return Ok(()),
        };
        dispatch(who, call).map(|_| ()).map_err(|error| error.error)
    }
}

/// The proof that a slot awaits, or what comes nearest to it, spoilt as asked for.
fn proof(at: &At, brings: Brings) -> crate::SectorProofsOf<Test> {
    let file = at.file();
    let sectors = Shape::new(file.size).unwrap().sectors();
    let slot = Deals::<Test>::get(file.id(), at.owner())
        .and_then(|deal| deal.slot(at.slot).map(|slot| slot.state.clone()));
    let seed_is_there = match slot {
        Some(crate::SlotState::Proving { draw_at, .. }) => Seeds::seed_from(draw_at).is_some(),
        _ => false,
    };
    let drawn = if seed_is_there {
        sectors_drawn(file.id(), at.owner(), at.slot)
    } else {
        vec![0; 8]
    };
    match brings {
        Brings::Valid => file.proof_of(drawn),
        Brings::OtherSectors => file.proof_of(
            drawn
                .into_iter()
                .map(|sector| (sector + 1) % sectors)
                .collect(),
        ),
        Brings::FlippedBit => {
            let mut proofs = file.proof_of(drawn).into_inner();
            proofs[5].sector[0] ^= 0x10;
            proofs.try_into().unwrap()
        }
        Brings::TooFew => file.proof_of(drawn[1..].to_vec()),
    }
}

fn any_at() -> impl Strategy<Value = At> {
    // The pauper has no deals; it only tries.
    let owner = prop_oneof![9 => 0usize..2, 1 => Just(2usize)];
    (owner, 0usize..3, 0u8..5).prop_map(|(owner, file, slot)| At { owner, file, slot })
}

fn any_by() -> impl Strategy<Value = By> {
    prop_oneof![
        8 => Just(By::Operator),
        1 => Just(By::Holder),
        1 => (0usize..CAPACITIES.len()).prop_map(By::OperatorOf),
        1 => Just(By::Owner),
    ]
}

fn any_brings() -> impl Strategy<Value = Brings> {
    prop_oneof![
        6 => Just(Brings::Valid),
        1 => Just(Brings::OtherSectors),
        1 => Just(Brings::FlippedBit),
        1 => Just(Brings::TooFew),
    ]
}

/// Blocks have a seed mostly; and hooks always, or mostly.
fn any_blocks(always_hooks: bool) -> impl Strategy<Value = Op> {
    let hooks = if always_hooks {
        Just(true).boxed()
    } else {
        prop::bool::weighted(0.9).boxed()
    };
    let mostly = prop::collection::vec((prop::bool::weighted(0.85), hooks.clone()), 1..6);
    // Long enough for deadlines to pass, and a while without seeds.
    let long = prop::collection::vec((Just(true), hooks.clone()), 20..30);
    let seedless = prop::collection::vec((Just(false), hooks), 5..9);
    prop_oneof![10 => mostly, 2 => long, 1 => seedless].prop_map(Op::Blocks)
}

pub(super) fn any_op(always_hooks: bool) -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (any_at(), 0u8..6).prop_map(|(at, replicas)| Op::Commit { at, replicas }),
        8 => (any_at(), any_by()).prop_map(|(at, by)| Op::Ready { at, by }),
        8 => (any_at(), any_by(), any_brings())
            .prop_map(|(at, by, brings)| Op::Prove { at, by, brings }),
        1 => any_at().prop_map(|at| Op::Remove { at }),
        2 => (any_at(), any_by()).prop_map(|(at, by)| Op::Resign { at, by }),
        8 => any_blocks(always_hooks),
        1 => (0usize..CAPACITIES.len(), any::<bool>())
            .prop_map(|(provider, active)| Op::SetActivity { provider, active }),
    ]
}

/// As many cases as `PROPTEST_CASES` asks for, else a number that takes seconds.
pub(super) fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(64),
        ..ProptestConfig::default()
    }
}

pub(super) fn add_providers() {
    for (n, capacity) in (0u64..).zip(CAPACITIES) {
        Registry::insert(provider(n), operator_of(provider(n)), capacity);
    }
}

/// Every owner removes its deals: nothing is left behind.
pub(super) fn remove_everything() {
    for (file, owner) in Deals::<Test>::iter_keys().collect::<Vec<_>>() {
        Storage::remove(signed(owner), file).unwrap();
        check_invariants();
    }
    for owner in [ALICE, BOB] {
        assert_eq!(held(owner), 0);
        assert_eq!(Balances::free_balance(owner), ENDOWMENT);
    }
    assert!(Registry::all()
        .values()
        .all(|provider| provider.reserved == 0));
    assert_eq!(DealsOf::<Test>::iter().count(), 0);
    assert_eq!(Commitments::<Test>::iter().count(), 0);
    assert_eq!(Assignments::<Test>::iter().count(), 0);
    assert_eq!(Agenda::<Test>::iter().count(), 0);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn random_calls_keep_every_invariant(
        ops in prop::collection::vec(any_op(false), 1..80),
        room in 1u32..4,
        tasks_per_run in 1u64..6,
    ) {
        new_test_ext().execute_with(|| {
            // A cramped agenda, so that it is busy at times.
            MaxTasksPerBlock::set(room);
            AgendaSearch::set(5);
            MaxAgendaWeight::set(
                Storage::least_agenda_weight()
                    .saturating_add(Storage::worst_task().saturating_mul(tasks_per_run)),
            );
            add_providers();
            for op in ops {
                let _ = op.call();
                if let Op::SetActivity { provider: n, active } = op {
                    Registry::set_activity(provider(n as u64), active);
                } else if let Op::Blocks(blocks) = op {
                    for block in blocks {
                        match block {
                            (true, true) => next_block(),
                            (false, true) => next_block_without_seed(),
                            (_, false) => next_block_without_hooks(),
                        }
                        check_invariants();
                    }
                }
                check_invariants();
            }
            // However full it was: the agenda catches up.
            MaxAgendaWeight::set(Weight::MAX);
            run_blocks(300);
            if let Some(cursor) = AgendaCursor::<Test>::get() {
                assert_eq!(cursor, System::block_number() + 1, "the agenda is stuck");
            }
            remove_everything();
        });
    }
}
