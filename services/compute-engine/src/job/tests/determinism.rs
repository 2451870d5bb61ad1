//! The same bytes on every machine: what is known here was written down once and holds wherever the tests run.

use super::*;

/// Runs a job and returns the hash of its output, in hex.
async fn hash(text: &str) -> String {
    let (report, _) = run_with(text, &[b"The same bytes on every machine."], LIMITS).await;
    assert_eq!(report.outcome, Outcome::Completed);
    hex::encode(report.output_hash)
}

/// Writes the value of each expression.
fn values(ty: &str, expressions: &[&str]) -> String {
    let size = match ty {
        "v128" => 16,
        "i64" | "f64" => 8,
        _ => 4,
    };
    let write = |expression: &&str| {
        format!("({ty}.store (i32.const 0) {expression}) (call $output_write (i32.const 0) (i32.const {size}))")
    };
    running(&expressions.iter().map(write).collect::<String>())
}

#[tokio::test]
async fn run_results_that_are_no_number_have_one_form() {
    // A signalling NaN, a NaN with a payload and a sign, infinities.
    let float = [
        "(f32.div (f32.const 0) (f32.const 0))",
        "(f32.mul (f32.const inf) (f32.const 0))",
        "(f32.sub (f32.const inf) (f32.const inf))",
        "(f32.sqrt (f32.const -1))",
        "(f32.add (f32.const nan:0x200001) (f32.const 1))",
        "(f32.add (f32.const 1) (f32.const -nan:0x7fffff))",
        "(f32.min (f32.const nan:0x400001) (f32.const 1))",
        "(f32.max (f32.const 1) (f32.const nan:0x400001))",
        "(f32.ceil (f32.const -nan:0x400001))",
        "(f32.nearest (f32.const nan:0x123))",
        "(f32.demote_f64 (f64.const -nan:0x8000000000123))",
    ];
    let (_, output) = run_with(&values("f32", &float), &[], LIMITS).await;
    for (index, bytes) in output.chunks(4).enumerate() {
        assert_eq!(bytes, 0x7fc0_0000u32.to_le_bytes(), "{}", float[index]);
    }
    let double = [
        "(f64.div (f64.const 0) (f64.const -0))",
        "(f64.sqrt (f64.const -2))",
        "(f64.add (f64.const nan:0x4000000000001) (f64.const nan:0x8000000000002))",
        "(f64.promote_f32 (f32.const -nan:0x400123))",
        "(f64.trunc (f64.const -nan:0x8000000000123))",
    ];
    let (_, output) = run_with(&values("f64", &double), &[], LIMITS).await;
    for (index, bytes) in output.chunks(8).enumerate() {
        assert_eq!(
            bytes,
            0x7ff8_0000_0000_0000u64.to_le_bytes(),
            "{}",
            double[index]
        );
    }
    let vectors = [
        "(f32x4.div (v128.const f32x4 0 0 0 0) (v128.const f32x4 0 0 0 0))",
        "(f32x4.add (v128.const f32x4 nan:0x200001 -nan:0x7fffff nan -nan) (v128.const f32x4 1 1 1 1))",
        "(f32x4.min (v128.const f32x4 nan:0x200001 -nan:0x7fffff nan -nan) (v128.const f32x4 1 1 1 1))",
        "(f32x4.sqrt (v128.const f32x4 -1 -2 -3 -inf))",
    ];
    let (_, output) = run_with(&values("v128", &vectors), &[], LIMITS).await;
    for (index, bytes) in output.chunks(4).enumerate() {
        assert_eq!(
            bytes,
            0x7fc0_0000u32.to_le_bytes(),
            "lane {} of {}",
            index % 4,
            vectors[index / 4]
        );
    }
}

#[tokio::test]
async fn run_moving_a_nan_leaves_its_bits() {
    let kept = [
        ("(f32.const nan:0x200001)", 0x7fa0_0001u32),
        ("(f32.neg (f32.const nan:0x200001))", 0xffa0_0001),
        ("(f32.abs (f32.const -nan:0x200001))", 0x7fa0_0001),
        (
            "(f32.copysign (f32.const nan:0x200001) (f32.const -1))",
            0xffa0_0001,
        ),
        ("(f32.reinterpret_i32 (i32.const 0x7fa00001))", 0x7fa0_0001),
        (
            "(select (f32.const nan:0x200001) (f32.const 0) (i32.const 1))",
            0x7fa0_0001,
        ),
    ];
    let (_, output) = run_with(&values("f32", &kept.map(|(text, _)| text)), &[], LIMITS).await;
    for (bytes, (text, expected)) in output.chunks(4).zip(kept) {
        assert_eq!(bytes, expected.to_le_bytes(), "{text}");
    }
}

/// A generator of numbers whose bits, all of them, are used as integers, floats and vectors in every operation.
fn mixture(ty: &str, operations: &[&str]) -> String {
    let (size, next) = match ty {
        "i32" => (4, "(i32.wrap_i64 (call $next))".to_string()),
        "i64" => (8, "(call $next)".to_string()),
        "f32" => (
            4,
            "(f32.reinterpret_i32 (i32.wrap_i64 (call $next)))".to_string(),
        ),
        "f64" => (8, "(f64.reinterpret_i64 (call $next))".to_string()),
        _ => (
            16,
            "(i64x2.replace_lane 1 (i64x2.splat (call $next)) (call $next))".to_string(),
        ),
    };
    let steps: String = operations
        .iter()
        .map(|operation| {
            let value = match operation.strip_suffix("/1") {
                Some(unary) => format!("({unary} {next})"),
                None => format!("({operation} {next} {next})"),
            };
            format!("({ty}.store (i32.const 0) {value}) (call $output_write (i32.const 0) (i32.const {size}))")
        })
        .collect();
    module(&format!(
        r#"(global $state (mut i64) (i64.const 1))
           (func $next (result i64) (local $z i64)
             (global.set $state (i64.add (global.get $state) (i64.const 0x9e3779b97f4a7c15)))
             (local.set $z (global.get $state))
             (local.set $z (i64.mul (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 30))) (i64.const 0xbf58476d1ce4e5b9)))
             (local.set $z (i64.mul (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 27))) (i64.const 0x94d049bb133111eb)))
             (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 31))))
           (func (export "run") (local $i i32)
             (loop {steps} (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 500)))))"#
    ))
}

#[tokio::test]
async fn run_five_hundred_rounds_of_every_operation_give_the_known_hashes() {
    let integers = [
        "add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr", "clz/1",
        "ctz/1", "popcnt/1",
    ];
    let floats = [
        "add",
        "sub",
        "mul",
        "div",
        "min",
        "max",
        "copysign",
        "sqrt/1",
        "ceil/1",
        "floor/1",
        "trunc/1",
        "nearest/1",
        "abs/1",
        "neg/1",
    ];
    let vectors = [
        "f32x4.add",
        "f32x4.mul",
        "f32x4.div",
        "f32x4.min",
        "f32x4.max",
        "f32x4.pmin",
        "f32x4.sqrt/1",
        "f32x4.nearest/1",
        "f64x2.add",
        "f64x2.mul",
        "f64x2.div",
        "f64x2.max",
        "f64x2.pmax",
        "f64x2.sqrt/1",
        "i8x16.swizzle",
        "i8x16.add_sat_s",
        "i16x8.q15mulr_sat_s",
        "i32x4.dot_i16x8_s",
        "i16x8.extmul_low_i8x16_s",
        "i8x16.avgr_u",
        "i32x4.trunc_sat_f32x4_s/1",
        "f32x4.demote_f64x2_zero/1",
        "f64x2.promote_low_f32x4/1",
        "i16x8.narrow_i32x4_u",
        "i8x16.popcnt/1",
        "f32x4.eq",
        "f64x2.lt",
    ];
    let named = |ty: &str, names: &[&str]| {
        names
            .iter()
            .map(|name| format!("{ty}.{name}"))
            .collect::<Vec<_>>()
    };
    let mut found = vec![];
    for (ty, operations) in [
        ("i32", named("i32", &integers)),
        ("i64", named("i64", &integers)),
        ("f32", named("f32", &floats)),
        ("f64", named("f64", &floats)),
        ("v128", vectors.map(String::from).to_vec()),
    ] {
        let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
        found.push((ty, hash(&mixture(ty, &operations)).await));
    }
    let expected = KNOWN.map(|(ty, hash)| (ty, hash.to_string()));
    assert_eq!(found, expected);
}

const KNOWN: [(&str, &str); 5] = [
    (
        "i32",
        "3e8b1ebdb0eac909f33500e7bfe058cdf326922752500a687778c2a1b1ca5524",
    ),
    (
        "i64",
        "6252bc5625d765fb4d91f48c5b9bf37afaf51e629efd73b86e4e523a980c5829",
    ),
    (
        "f32",
        "a6d3ee976cf231930a58cd4ff58c9ebd0579f6811ed14000277254ffc6b13753",
    ),
    (
        "f64",
        "0128a853b877e8f37968183d39185c6ba33590f6c66fabe0d6b5f6cf7bc23c3a",
    ),
    (
        "v128",
        "56afe790dacf6d2391490c90b216abb260243f3e6051235c5ce93ae5c481a8aa",
    ),
];

#[tokio::test]
async fn run_equal_jobs_at_the_same_time_have_equal_reports() {
    let text = mixture("f32", &["f32.div", "f32.sqrt/1"]);
    let runner = runner();
    let job = Job {
        module: Source::Bytes(bytes(&text)),
        inputs: vec![],
        limits: LIMITS,
    };
    let mut reports = vec![];
    for _ in 0..4 {
        let (one, other) = tokio::join!(runner.start(&job, &()), runner.start(&job, &()));
        let (one, other) = tokio::join!(one.unwrap().finish(), other.unwrap().finish());
        reports.extend([one.unwrap(), other.unwrap()]);
    }
    assert!(reports.iter().all(|report| *report == reports[0]));
}

/// Fuel is part of a report: an engine that counts otherwise must show here, whatever it counts otherwise.
#[tokio::test]
async fn run_fuel_of_known_jobs_is_known() {
    let functions = r#"(type $t (func (param i32) (result i32))) (table 1 funcref) (elem (i32.const 0) $f)
        (func $f (type $t) (i32.add (local.get 0) (i32.const 1)))"#;
    let run = |functions: &str, body: &str| {
        module(&format!(
            r#"{functions} (func (export "run") (local $i i32) (local $v v128) {body})"#
        ))
    };
    let mut found = vec![];
    for (what, text) in [
        ("nothing", run("", "")),
        ("a loop", run("", "(loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))")),
        ("calls", run(functions, "(drop (call $f (i32.const 1))) (drop (call_indirect (type $t) (i32.const 1) (i32.const 0)))")),
        ("the runner's calls", run("", "(call $progress (i64.const 1) (i64.const 2)) (call $output_write (i32.const 0) (i32.const 800)) (drop (call $input_size (i32.const 0)))")),
        ("memory", run("", "(drop (memory.grow (i32.const 1))) (i32.store (i32.const 0) (memory.size))")),
        ("a table", run("", "(block (block (block (br_table 0 1 2 (i32.const 1))) nop) (drop (i32.const 1)))")),
        ("conditions", run("", "(if (i32.const 1) (then (local.set $i (i32.const 2))) (else nop)) (drop (select (i32.const 1) (i32.const 2) (local.get $i)))")),
        ("vectors", run("", "(local.set $v (f32x4.add (f32x4.splat (f32.const 1)) (local.get $v))) (local.set $v (i8x16.swizzle (local.get $v) (local.get $v)))")),
        ("an end by itself", run("", "(call $fail (i32.const 0) (i32.const 8))")),
    ] {
        found.push((what, run_with(&text, &[b"input"], LIMITS).await.0.fuel));
    }
    assert_eq!(found, KNOWN_FUEL);
}

const KNOWN_FUEL: [(&str, u64); 9] = [
    ("nothing", 13),
    ("a loop", 7_013),
    ("calls", 50),
    ("the runner's calls", 421),
    ("memory", 18),
    ("a table", 16),
    ("conditions", 21),
    ("vectors", 22),
    ("an end by itself", 112),
];
