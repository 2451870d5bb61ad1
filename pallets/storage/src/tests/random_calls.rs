//! Random sequences of calls, right and wrong, over blocks that sometimes have no seed, no hooks or
//! no weight left, with providers that come and go: every invariant holds after each step, and when
//! every owner removes its deals, nothing is left behind.

use crate::{
    mock::*, Agenda, AgendaCursor, Assignments, Call, Commitments, Deals, DealsOf, SlotState,
};
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
    /// Saying so many replicas.
    Remove {
        at: At,
        replicas: u8,
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
                        rounds: ROUNDS,
                        max: AMPLE,
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
            Self::Remove { at, replicas } => (
                at.owner(),
                Call::remove {
                    file: at.file().id(),
                    replicas: *replicas,
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
        Some(SlotState::Proving { draw_at, .. }) => Seeds::seed_from(draw_at).is_some(),
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
    let mostly = prop::collection::vec((prop::bool::weighted(0.85), hooks.clone()), 1..4);
    // Long enough for deadlines to pass, and a while without seeds.
    let long = prop::collection::vec((Just(true), hooks.clone()), 20..30);
    let seedless = prop::collection::vec((Just(false), hooks), 5..9);
    prop_oneof![20 => mostly, 2 => long, 1 => seedless].prop_map(Op::Blocks)
}

/// A step of a random sequence. Calls about slots taken at random mostly miss; so most steps look for
/// a slot for which the call makes sense.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Do(Op),
    /// `ready` for one of the assigned slots.
    Ready {
        nth: usize,
        by: By,
    },
    /// `prove` for one of the slots that await a proof.
    Prove {
        nth: usize,
        by: By,
        brings: Brings,
    },
    /// `resign` for one of the slots that have a provider.
    Resign {
        nth: usize,
        by: By,
    },
}

impl Step {
    /// The call that this step is in the present state. `None` if there is no such slot.
    pub(super) fn op(self) -> Option<Op> {
        match self {
            Self::Do(op) => Some(op),
            Self::Ready { nth, by } => {
                let at = nth_slot(nth, |state| matches!(state, SlotState::Assigned { .. }))?;
                Some(Op::Ready { at, by })
            }
            Self::Prove { nth, by, brings } => {
                let at = nth_slot(nth, |state| matches!(state, SlotState::Proving { .. }))?;
                Some(Op::Prove { at, by, brings })
            }
            Self::Resign { nth, by } => {
                let at = nth_slot(nth, |state| state.provider().is_some())?;
                Some(Op::Resign { at, by })
            }
        }
    }
}

/// The `nth` slot in such a state, counted round and round.
fn nth_slot(nth: usize, wanted: impl Fn(&SlotState<u64, u64, u32>) -> bool) -> Option<At> {
    let mut found = Vec::new();
    for (owner, account) in OWNERS.iter().enumerate() {
        for (file, test_file) in files().iter().enumerate() {
            let Some(deal) = Deals::<Test>::get(test_file.id(), account) else {
                continue;
            };
            for (slot, entry) in (0u8..).zip(&deal.slots) {
                if wanted(&entry.state) {
                    found.push(At { owner, file, slot });
                }
            }
        }
    }
    found.get(nth.checked_rem(found.len())?).copied()
}

pub(super) fn any_step(always_hooks: bool) -> impl Strategy<Value = Step> {
    let anywhere = prop_oneof![
        6 => (any_at(), 0u8..6).prop_map(|(at, replicas)| Op::Commit { at, replicas }),
        2 => (any_at(), any_by()).prop_map(|(at, by)| Op::Ready { at, by }),
        2 => (any_at(), any_by(), any_brings())
            .prop_map(|(at, by, brings)| Op::Prove { at, by, brings }),
        1 => (any_at(), 0u8..6).prop_map(|(at, replicas)| Op::Remove { at, replicas }),
        1 => (any_at(), any_by()).prop_map(|(at, by)| Op::Resign { at, by }),
        12 => any_blocks(always_hooks),
        1 => (0usize..CAPACITIES.len(), prop::bool::weighted(0.7))
            .prop_map(|(provider, active)| Op::SetActivity { provider, active }),
    ];
    let nth = 0usize..64;
    prop_oneof![
        25 => anywhere.prop_map(Step::Do),
        16 => (nth.clone(), any_by()).prop_map(|(nth, by)| Step::Ready { nth, by }),
        16 => (nth.clone(), any_by(), any_brings())
            .prop_map(|(nth, by, brings)| Step::Prove { nth, by, brings }),
        2 => (nth, any_by()).prop_map(|(nth, by)| Step::Resign { nth, by }),
    ]
}

/// As many cases as `PROPTEST_CASES` asks for, else a number that takes seconds.
pub(super) fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(24),
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
        Storage::remove(signed(owner), file, MOST).unwrap();
        check_invariants();
    }
    for owner in [ALICE, BOB] {
        assert_eq!(held(owner), 0);
    }
    // Placements are gone for good, and nothing else.
    let left = Balances::free_balance(ALICE) + Balances::free_balance(BOB);
    assert_eq!(left + wealth(FUND), 2 * ENDOWMENT + 1);
    assert_eq!(pot(), 0);
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
        steps in prop::collection::vec(any_step(false), 1..120),
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
            for step in steps {
                let Some(op) = step.op() else { continue };
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
                    }
                }
                System::reset_events();
                check_invariants();
            }
            // However full it was: the agenda catches up. (At any single moment a task may be
            // waiting for room.)
            MaxAgendaWeight::set(Weight::MAX);
            run_blocks(100);
            let caught_up = (0..50).any(|_| {
                next_block();
                AgendaCursor::<Test>::get().is_none_or(|at| at == System::block_number() + 1)
            });
            assert!(caught_up, "the agenda is stuck");
            remove_everything();
        });
    }
}
