//! The depth of calls, and that counting it changes nothing else.

use proptest::prelude::*;

use super::*;

/// Recurses, writing a byte at every call.
const DEEP: &str = r#"(func $deep (call $output_write (i32.const 0) (i32.const 1)) (call $deep))
    (func (export "run") (call $deep))"#;

#[tokio::test]
async fn run_endless_recursion_ends_at_the_same_depth_everywhere() {
    let (report, output) = run_with(&module(DEEP), &[], LIMITS).await;
    assert_eq!(report.outcome, Outcome::Trapped(Trap::StackOverflow));
    // A call of either function takes 8 units for itself; `$deep` one more for its five instructions.
    assert_eq!(output.len() as u32, (STACK_UNITS - 8) / 9);
}

#[tokio::test]
async fn run_unreachable_deep_down_is_no_overflow() {
    let text = module(
        r#"(func $deep (param i32) (if (i32.eqz (local.get 0)) (then unreachable)) (call $deep (i32.sub (local.get 0) (i32.const 1))))
           (func (export "run") (call $deep (i32.const 5000)))"#,
    );
    assert_eq!(outcome(&text).await, Outcome::Trapped(Trap::Unreachable));
}

/// Values that a compiler keeps over a call, since it needs them again: the dearest frames per unit of cost.
#[tokio::test]
async fn run_recursion_with_large_frames_ends_at_the_bound_and_not_at_the_machines() {
    for values in [4, 60, 1_500] {
        for ty in ["i64", "v128"] {
            let value = |i: usize| match ty {
                "i64" => format!("(i64.mul (local.get 0) (i64.add (local.get 0) (i64.const {i})))"),
                _ => format!("(i64x2.mul (i64x2.splat (local.get 0)) (v128.const i64x2 {i} {i}))"),
            };
            let stores: String = (0..values)
                .map(|i| format!("({ty}.store (i32.const {}) {})", 16 * (i % 4_000), value(i)))
                .collect();
            let text = module(&format!(
                r#"(func $deep (param i64) {stores} (call $deep (local.get 0)) {stores})
                   (func (export "run") (call $deep (i64.const 7)))"#
            ));
            assert_eq!(
                outcome(&text).await,
                Outcome::Trapped(Trap::StackOverflow),
                "{values} of {ty}"
            );
        }
    }
}

#[tokio::test]
async fn run_every_way_out_of_a_function_gives_its_cost_back() {
    // Each is called often enough to overflow if a call left anything behind.
    let functions = [
        "(func $f (param i32) (result i32) (local.get 0))",
        "(func $f (param i32) (result i32) (return (local.get 0)))",
        "(func $f (param i32) (result i32) (block (loop (block (return (local.get 0))))) (i32.const 9))",
        "(func $f (param i32) (result i32) (if (local.get 0) (then (return (local.get 0)))) (local.get 0))",
        "(func $f (param i32) (result i32) (br 0 (local.get 0)))",
        "(func $f (param i32) (result i32) (block (br 1 (local.get 0))) (i32.const 9))",
        "(func $f (param i32) (result i32) (br_table 0 0 (local.get 0) (i32.const 7)))",
        "(func $f (param i32) (result i32) (i32.const 3) (i32.const 4) (return (local.get 0)))",
        "(func $f (param i32) (result i32) (br_if 0 (local.get 0) (i32.const 1)) (drop) (i32.const 9))",
        "(func $f (param i32) (result i32) (call $other (local.get 0)))
         (func $other (param i32) (result i32) (if (local.get 0) (then (return (local.get 0)))) (local.get 0))",
    ];
    for function in functions {
        let text = module(&format!(
            r#"{function}
               (func (export "run") (local $i i32)
                 (loop
                   (if (i32.ne (call $f (local.get $i)) (local.get $i)) (then unreachable))
                   (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 40000)))))"#
        ));
        assert_eq!(outcome(&text).await, Outcome::Completed, "{function}");
    }
}

#[tokio::test]
async fn run_results_of_every_type_come_through() {
    let text = module(
        r#"(func $i (result i32) (return (i32.const 1))) (func $l (result i64) (i64.const 2)) (func $f (result f32) (f32.const 3))
           (func $d (result f64) (return (f64.const 4))) (func $v (result v128) (v128.const i32x4 5 6 7 8))
           (func $none)
           (global $g (mut i32) (i32.const 11))
           (table 1 funcref) (elem (i32.const 0) $none)
           (func (export "run")
             (call_indirect (i32.const 0))
             (i32.store (i32.const 0) (call $i)) (i64.store (i32.const 4) (call $l))
             (f32.store (i32.const 12) (call $f)) (f64.store (i32.const 16) (call $d))
             (v128.store (i32.const 24) (call $v)) (i32.store (i32.const 40) (global.get $g))
             (call $output_write (i32.const 0) (i32.const 44)))"#,
    );
    let (report, output) = run_with(&text, &[], LIMITS).await;
    assert_eq!(report.outcome, Outcome::Completed);
    let mut expected = vec![];
    expected.extend(1i32.to_le_bytes());
    expected.extend(2i64.to_le_bytes());
    expected.extend(3f32.to_le_bytes());
    expected.extend(4f64.to_le_bytes());
    for x in [5i32, 6, 7, 8, 11] {
        expected.extend(x.to_le_bytes());
    }
    assert_eq!(output, expected);
}

/// Arguments lie in the caller's frame, next to values that it needs again.
#[tokio::test]
async fn run_recursion_with_many_arguments_ends_at_the_bound_and_not_at_the_machines() {
    let parameters = "v128 ".repeat(900);
    let values: String = (0..900)
        .map(|i| format!("(i64x2.splat (i64.add (local.get 0) (i64.const {i})))"))
        .collect();
    let text = module(&format!(
        r#"(func $sink (param {parameters}))
           (func $deep (param i64) {values} (call $deep (local.get 0)) (call $sink))
           (func (export "run") (call $deep (i64.const 7)))"#
    ));
    assert_eq!(outcome(&text).await, Outcome::Trapped(Trap::StackOverflow));
}

/// A nest of blocks with a way out of each kind, from numbers.
fn nest(numbers: &[u8], depth: u32) -> String {
    let Some((first, rest)) = numbers.split_first() else {
        return String::new();
    };
    match first % 8 {
        0 => format!("(block {}) {}", nest(rest, depth + 1), "(call $mark)"),
        1 => format!("(loop {})", nest(rest, depth + 1)),
        2 => format!(
            "(if (i32.and (global.get $n) (i32.const {})) (then {}) (else (call $mark)))",
            first >> 3,
            nest(rest, depth + 1)
        ),
        3 => format!(
            "(br_if {} (i32.and (global.get $n) (i32.const {}))) {}",
            u32::from(*first) / 8 % (depth + 1),
            first >> 3,
            nest(rest, depth)
        ),
        4 => format!(
            "(if (i32.and (global.get $n) (i32.const {})) (then (return))) {}",
            first >> 3,
            nest(rest, depth)
        ),
        5 => format!("(call $mark) {}", nest(rest, depth)),
        6 => format!(
            "(br_table 0 {} {} (i32.and (global.get $n) (i32.const 3))) {}",
            depth,
            u32::from(*first) / 8 % (depth + 1),
            nest(rest, depth)
        ),
        _ => format!("(return) {}", nest(rest, depth)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// The same function, once as a function and once as a block in `run`, in which the runner's branches do not occur.
    #[test]
    fn count_calls_leaves_the_way_through_a_function_as_it_was(numbers in prop::collection::vec(any::<u8>(), 0..14), n in 0i32..64) {
        // Marks are counted, so that a loop ends.
        let mark = "(func $mark (global.set $n (i32.add (global.get $n) (i32.const 5)))
            (global.set $marks (i32.add (i32.mul (global.get $marks) (i32.const 31)) (global.get $n)))
            (if (i32.gt_u (global.get $n) (i32.const 5000)) (then unreachable)))";
        let body = nest(&numbers, 0);
        let text = |call: &str| module(&format!(
            r#"(global $n (mut i32) (i32.const {n})) (global $marks (mut i32) (i32.const 0)) {mark}
               (func $body {body})
               (func (export "run") {call}
                 (i32.store (i32.const 0) (global.get $marks)) (call $output_write (i32.const 0) (i32.const 4)))"#
        ));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let counted = runtime.block_on(run_with(&text("(call $body)"), &[], Limits { fuel: 100_000, ..LIMITS }));
        let inline = body.replace("(return)", "(br $out)");
        let inline = runtime.block_on(run_with(&text(&format!("(block $out {inline})")), &[], Limits { fuel: 100_000, ..LIMITS }));
        prop_assert_eq!(counted.0.outcome, inline.0.outcome);
        prop_assert_eq!(counted.1, inline.1);
    }
}
