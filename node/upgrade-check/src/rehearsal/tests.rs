use codec::Encode;

use super::*;
use crate::{
    testing::{state, thing, Code, End, Mock, Things, Write, FULL},
    ChangeKind, Writes,
};

/// Checks the runtime that `change` makes of version 101 on a chain that runs version 100.
fn check(change: impl FnOnce(&mut Code)) -> Report {
    let mut code = Code::version(101);
    change(&mut code);
    check_on(state(&Code::version(100), &[]), &code, None)
}

fn check_on(state: State, code: &Code, with_checks: Option<&Code>) -> Report {
    let upgrade = Upgrade {
        code: code.encode(),
        with_checks: with_checks.map(Encode::encode),
        max_blocks: 20,
        strict: false,
    };
    rehearse(Mock, state, &upgrade, &|_| ()).unwrap()
}

fn codes(findings: &[crate::Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.code).collect()
}

fn wide(id: u32) -> Write {
    (thing(id), Some(u64::from(id).encode()))
}

#[test]
fn upgrade_without_changes_passes() {
    let report = check(|_| ());
    assert!(report.passed, "{report}");
    assert_eq!(report.migration_blocks, Some(1));
    // One for the migrations and two after them; the first two were the old runtime's.
    let numbers: Vec<_> = report.blocks.iter().map(|block| block.number).collect();
    assert_eq!(numbers, [52, 53, 54]);
    assert_eq!(report.state.number, 50);
    assert!(
        report.storage.is_empty() && report.warnings.is_empty(),
        "{report}"
    );
}

#[test]
fn version_that_does_not_fit_is_an_error_before_any_block() {
    let report = check(|code| code.spec_version = 100);
    assert_eq!(codes(&report.errors), ["not_newer"]);
    let report = check(|code| code.spec_name = "other".into());
    assert_eq!(codes(&report.errors), ["other_spec_name"]);
    assert!(report.blocks.is_empty() && !report.passed);
}

#[test]
fn runtime_that_does_not_start_is_an_error() {
    let report = check(|code| code.starts = false);
    assert_eq!(codes(&report.errors), ["does_not_start"]);
    assert!(report.errors[0].message.contains("what the client lacks"));
}

#[test]
fn code_that_the_chain_does_not_take_is_an_error_with_its_name() {
    let cursor = (0_u8, 0_u32, None::<Vec<u8>>, 0_u32);
    let migrating = [(key("Migrations", "Cursor"), cursor.encode())];
    let state = state(&Code::version(100), &migrating);
    let report = check_on(state, &Code::version(101), None);
    assert_eq!(codes(&report.errors), ["not_taken"]);
    let message = &report.errors[0].message;
    assert!(
        message.ends_with("System.MultiBlockMigrationsOngoing"),
        "{message}"
    );
}

#[test]
fn migration_that_traps_is_an_error_with_its_reason() {
    let report = check(|code| code.traps = true);
    assert_eq!(codes(&report.errors), ["block_failed"]);
    assert!(report.errors[0]
        .message
        .contains("panicked at migration.rs"));
}

#[test]
fn migration_heavier_than_a_block_is_an_error() {
    assert!(check(|code| code.weight = FULL).passed);
    let report = check(|code| code.weight = 2 * FULL);
    assert_eq!(codes(&report.errors), ["overweight"]);
    assert_eq!(report.blocks[0].used, 2.0);
}

#[test]
fn changed_type_with_a_migration_passes() {
    let report = check(|code| {
        code.things = Things::U64;
        code.first = vec![wide(1), wide(2)];
    });
    assert!(report.passed && report.warnings.is_empty(), "{report}");
    let [change] = &report.storage[..] else {
        panic!("{report}");
    };
    assert_eq!(
        (change.kind, change.values, change.untouched),
        (ChangeKind::Changed, 2, 0)
    );
    assert_eq!(change.what, "value: u32 became u64");
    let things = report.writes["Things"];
    assert_eq!(
        things,
        Writes {
            written: 2,
            removed: 0
        }
    );
}

#[test]
fn changed_type_without_a_migration_is_unreadable_and_named() {
    let report = check(|code| {
        code.things = Things::U64;
        code.first = vec![wide(1)];
    });
    assert_eq!(codes(&report.warnings), ["no_migration"]);
    assert!(report.warnings[0].message.contains("1 of its 2 values"));
    assert_eq!(codes(&report.errors), ["unreadable"]);
    let message = &report.errors[0].message;
    assert!(message.contains(&hex::encode(thing(2))), "{message}");
    assert!(!message.contains(&hex::encode(thing(1))), "{message}");
}

#[test]
fn value_that_was_unreadable_before_is_only_a_warning() {
    let damaged = [(thing(3), vec![1])];
    let report = check_on(
        state(&Code::version(100), &damaged),
        &Code::version(101),
        None,
    );
    assert!(report.passed, "{report}");
    assert_eq!(codes(&report.warnings), ["was_unreadable"]);
}

#[test]
fn removed_entry_with_values_is_a_warning_that_fails_a_strict_check() {
    let mut code = Code::version(101);
    code.things = Things::Gone;
    let report = check_on(state(&Code::version(100), &[]), &code, None);
    assert_eq!(codes(&report.warnings), ["left_behind"]);
    assert!(report.passed);
    let upgrade = Upgrade {
        code: code.encode(),
        with_checks: None,
        max_blocks: 20,
        strict: true,
    };
    let report = rehearse(Mock, state(&Code::version(100), &[]), &upgrade, &|_| ()).unwrap();
    assert!(!report.passed);

    let report = check(|code| {
        code.things = Things::Gone;
        code.first = vec![(thing(1), None), (thing(2), None)];
    });
    assert!(report.passed && report.warnings.is_empty(), "{report}");
    assert_eq!(report.writes["Things"].removed, 2);
}

#[test]
fn migration_over_several_blocks_is_followed_to_its_end() {
    let report = check(|code| {
        code.things = Things::U64;
        code.steps = vec![vec![wide(1)], vec![], vec![wide(2)]];
    });
    assert!(report.passed && report.warnings.is_empty(), "{report}");
    assert_eq!(report.migration_blocks, Some(4));
    let migrating: Vec<_> = report.blocks.iter().map(|block| block.migrating).collect();
    assert_eq!(migrating, [true, true, true, true, false, false]);
}

#[test]
fn migration_that_comes_to_no_good_end_is_an_error() {
    let ending = |end: End| {
        let report = check(|code| {
            code.steps = vec![vec![]];
            code.end = end;
        });
        assert!(!report.passed);
        codes(&report.errors).join(" ")
    };
    assert_eq!(ending(End::Stuck), "stuck");
    assert_eq!(ending(End::Never), "too_many_blocks");
    assert_eq!(ending(End::Fails), "migration_failed");
}

#[test]
fn own_checks_are_run_and_count() {
    let code = Code::version(101);
    let with = |checks| {
        let mut with_checks = Code::version(101);
        with_checks.checks = checks;
        check_on(state(&Code::version(100), &[]), &code, Some(&with_checks))
    };
    let report = with(Some(Ok(())));
    assert!(report.passed, "{report}");
    assert_eq!(report.own_checks.len(), 2);
    let report = with(Some(Err("the total does not add up".into())));
    assert_eq!(codes(&report.errors), ["own_check"]);
    assert!(report.errors[0].message.contains("does not add up"));
    // A runtime without checks cannot pass them.
    assert_eq!(codes(&with(None).errors), ["own_check"]);

    let report = check_on(
        state(&Code::version(100), &[]),
        &code,
        Some(&Code::version(102)),
    );
    assert_eq!(codes(&report.errors), ["other_version"]);
}

#[test]
fn state_that_is_not_whole_cannot_be_checked() {
    let mut state = state(&Code::version(100), &[]);
    state.top.remove(&thing(1));
    let upgrade = Upgrade {
        code: Code::version(101).encode(),
        with_checks: None,
        max_blocks: 20,
        strict: false,
    };
    let refused = rehearse(Mock, state, &upgrade, &|_| ());
    assert!(matches!(refused, Err(Error::WrongRoot { .. })));
}
