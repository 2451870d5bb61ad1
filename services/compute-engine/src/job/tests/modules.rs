//! What may be a module.

use super::*;

const RUN: &str = r#"(memory (export "memory") 1) (func (export "run"))"#;

#[test]
fn check_other_imports_are_refused() {
    for import in [
        r#"(import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))"#,
        r#"(import "noema_job_1" "clock" (func (result i64)))"#,
        r#"(import "noema_job_2" "input_count" (func (result i32)))"#,
        r#"(import "noema_job_1" "input_count" (func (result i64)))"#,
        r#"(import "noema_job_1" "output_write" (func (param i32)))"#,
        r#"(import "noema_job_1" "input_count" (global i32))"#,
        r#"(import "env" "global" (global (mut i32)))"#,
        r#"(import "env" "table" (table 1 funcref))"#,
    ] {
        let text = format!("(module {import} {RUN})");
        assert!(
            matches!(refused(&text), ModuleError::Import { .. }),
            "{import}"
        );
    }
    let memory = r#"(module (import "env" "memory" (memory 1)) (export "memory" (memory 0)) (func (export "run")))"#;
    assert!(matches!(refused(memory), ModuleError::Import { .. }));
}

#[test]
fn check_start_function_is_refused() {
    assert_eq!(
        refused(&format!("(module {RUN} (func $start) (start $start))")),
        ModuleError::Start
    );
}

#[test]
fn check_missing_or_wrong_exports_are_refused() {
    for text in [
        "(module)",
        r#"(module (func (export "run")))"#,
        r#"(module (memory (export "memory") 1))"#,
        r#"(module (memory (export "run") 1))"#,
        r#"(module (memory (export "memory") 1) (func (export "run") (param i32)))"#,
        r#"(module (memory (export "memory") 1) (func (export "run") (result i32) i32.const 0))"#,
        r#"(module (import "noema_job_1" "progress" (func (param i64 i64))) (memory (export "memory") 1) (export "run" (func 0)))"#,
    ] {
        assert!(matches!(refused(text), ModuleError::Export(_)), "{text}");
    }
    let text = format!(r#"(module {RUN} (global (export "noema:depth") i32 (i32.const 0)))"#);
    assert_eq!(
        refused(&text),
        ModuleError::ReservedExport("noema:depth".into())
    );
}

#[test]
fn check_instructions_whose_result_or_time_is_not_fixed_are_refused() {
    for body in [
        "(drop (f32x4.relaxed_madd (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0)))",
        "(drop (i8x16.relaxed_swizzle (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0)))",
        "(drop (i32.atomic.load (i32.const 0)))",
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const 1))",
        "(memory.copy (i32.const 0) (i32.const 0) (i32.const 1))",
        "(return_call 0)",
        "(drop (ref.null func))",
        "(drop (i64.add128 (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)))",
    ] {
        let text = format!(r#"(module (memory (export "memory") 1) (func (export "run") {body}))"#);
        let Ok(bytes) = wat::parse_str(&text) else {
            // No instruction of what is written here at all.
            assert!(body.contains("add128"), "{body}");
            continue;
        };
        assert!(matches!(super::super::module::check(&bytes), Err(ModuleError::Invalid(_))), "{body}");
    }
    for text in [
        r#"(module (memory (export "memory") 1 1 shared) (func (export "run")))"#,
        r#"(module (memory (export "memory") i64 1) (func (export "run")))"#,
        r#"(module (memory (export "memory") 1) (memory 1) (func (export "run")))"#,
        r#"(module (memory (export "memory") 1) (table 1 externref) (func (export "run")))"#,
        r#"(module (memory (export "memory") 1) (tag) (func (export "run")))"#,
        "(component)",
    ] {
        assert!(matches!(refused(text), ModuleError::Invalid(_)), "{text}");
    }
}

#[test]
fn check_segments_beyond_memory_or_table_are_refused() {
    let fits = |segment: &str| {
        let text = format!("(module {RUN} (table 2 funcref) {segment})");
        super::super::module::check(&bytes(&text)).is_ok()
    };
    for (place, expected) in [("65533", true), ("65534", false), ("-1", false)] {
        let data = format!(r#"(data (i32.const {place}) "abc")"#);
        assert_eq!(fits(&data), expected, "{data}");
    }
    for (place, expected) in [("1", true), ("2", false), ("-1", false)] {
        let elements = format!("(elem (i32.const {place}) 0)");
        assert_eq!(fits(&elements), expected, "{elements}");
    }
    assert!(matches!(
        refused(
            r#"(module (memory (export "memory") 0) (func (export "run")) (data (i32.const 0) "a"))"#
        ),
        ModuleError::Segment(_)
    ));
}

#[test]
fn check_what_is_too_large_is_refused() {
    let found = MAX_MODULE + 1;
    assert_eq!(
        super::super::module::check(&vec![0; found]).unwrap_err(),
        ModuleError::TooLong { found }
    );
    let too_large = |text: &str| matches!(refused(text), ModuleError::TooLarge { .. });
    assert!(too_large(&format!(
        "(module {RUN} (table {} funcref))",
        MAX_TABLE + 1
    )));
    assert!(too_large(&format!(
        "(module {RUN} (func {}))",
        "nop ".repeat(MAX_BODY)
    )));
    assert!(too_large(&format!(
        "(module {RUN} {})",
        "(func) ".repeat(MAX_FUNCTIONS as usize)
    )));
}

#[test]
fn check_any_bytes_returns() {
    for bytes in [
        &b""[..],
        b"\0asm",
        b"\0asm\x01\0\0\0",
        b"\0asm\x0d\0\x01\0",
        &[0xff; 100],
    ] {
        assert!(super::super::module::check(bytes).is_err());
    }
}

#[tokio::test]
async fn load_the_same_module_again_is_the_same_compilation() {
    let runner = runner();
    let source = Source::Bytes(bytes(&format!("(module {RUN})")));
    let first = runner.load(&source, &()).await.unwrap();
    let again = runner.load(&source, &()).await.unwrap();
    assert_eq!(first.hash(), again.hash());
    assert!(first.is_same(&again));
}
