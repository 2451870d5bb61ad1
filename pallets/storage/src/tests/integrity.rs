//! Parameters that do not fit together are refused before a chain starts.

use crate::mock::*;
use frame_support::{traits::Hooks, weights::Weight};
use noema_traits::AgedRandomness;

fn refused(change: impl FnOnce()) -> String {
    let mut message = String::new();
    new_test_ext().execute_with(|| {
        Storage::integrity_test();
        change();
        let result = std::panic::catch_unwind(Storage::integrity_test);
        let panic = result.expect_err("the parameters were accepted");
        message = match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().unwrap()).into(),
        };
    });
    message
}

#[test]
fn integrity_of_bad_parameters_names_the_parameter() {
    type Change = fn();
    let changes: [(&str, Change); 14] = [
        ("MaxFileSize", || MaxFileSize::set(0)),
        ("MaxFileSize", || MaxFileSize::set(u64::MAX)),
        ("DrawDelay", || DrawDelay::set(0)),
        ("RedrawDelay", || RedrawDelay::set(1)),
        ("ProofDrawDelay", || ProofDrawDelay::set(0)),
        ("ReadyWindowBase", || ReadyWindowBase::set(0)),
        ("ProveWindow", || ProveWindow::set(4)),
        ("remembered", || History::set(24)),
        ("ProofSectors", || ProofSectors::set(0)),
        ("MaxDrawAttempts", || MaxDrawAttempts::set(0)),
        ("AgendaCatchUp", || AgendaCatchUp::set(1)),
        ("MaxTasksPerBlock", || MaxTasksPerBlock::set(0)),
        ("MaxTasksPerBlock", || {
            AgendaSearch::set(4);
            MaxTasksPerBlock::set(3);
        }),
        ("MaxAgendaWeight", || {
            MaxAgendaWeight::set(Weight::from_parts(1_000, 1_000));
        }),
    ];
    for (name, change) in changes {
        let message = refused(change);
        assert!(message.contains(name), "{message:?} does not name {name}");
    }
}

#[test]
fn integrity_of_a_chain_without_seeds_passes() {
    new_test_ext().execute_with(|| {
        History::set(<() as AgedRandomness<u32>>::history());
        Storage::integrity_test();
    });
}
