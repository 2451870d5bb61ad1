//! What several of the tests here are made of.

use noema_chain_client::{AccountId, Constants, Deal, Slot, SlotState, Terms};

/// An account like no other of another number.
pub(crate) fn who(n: u8) -> AccountId {
    AccountId([n; 32])
}

/// A deal for a file of five bytes whose slots are in these states.
pub(crate) fn deal(states: &[SlotState]) -> Deal {
    let held = states
        .iter()
        .filter(|state| matches!(state, SlotState::Held { .. }))
        .count();
    Deal {
        root: [1; 32],
        size: 5,
        deposit: 0,
        committed_at: 1,
        terms: Terms::default(),
        balance: 0,
        offered_to: None,
        held: held as u8,
        slots: states
            .iter()
            .map(|state| Slot {
                state: *state,
                token: 0,
                passed_over: None,
                leaving: None,
                bounty: 0,
            })
            .collect(),
    }
}

/// The parameters of a chain.
pub(crate) fn constants() -> Constants {
    Constants {
        proof_sectors: 8,
        max_replicas: 16,
        max_file_size: 1 << 40,
        prove_window: 60,
        existential_deposit: 1,
        max_endpoint_len: 256,
        unbonding_period: 1,
        seed_history: 1,
        seed_max_gap: 1,
        min_rounds: 4,
        max_rounds: 100,
        grace_rounds: 12,
        max_batch: 64,
        max_tasks_per_block: 64,
    }
}
