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
        "(i32.const 0) (block (param i32) drop)",
        "(loop (result i32 i32) (i32.const 0) (i32.const 0)) drop drop",
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
        r#"(module (memory (export "memory") 1) (func (result i32 i32) unreachable) (func (export "run")))"#,
        r#"(module (memory (export "memory") 1) (type (func (result i64 i64))) (func (export "run")))"#,
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

/// The most local variables with which this body, of this many bytes at least, is accepted.
fn locals_with(body: &str) -> u64 {
    let accepted = |locals: u64| {
        let text = format!(
            "(module {RUN} (func (local {}) {body}))",
            "i64 ".repeat(locals as usize)
        );
        match super::super::module::check(&bytes(&text)) {
            Ok(_) => true,
            Err(ModuleError::TooLarge { .. }) => false,
            Err(other) => panic!("{other}"),
        }
    };
    let (mut accepts, mut refuses) = (0, 2_000);
    while refuses - accepts > 1 {
        let middle = (accepts + refuses) / 2;
        if accepted(middle) {
            accepts = middle;
        } else {
            refuses = middle;
        }
    }
    accepts
}

/// Few bytes of locals times few bytes of blocks or branches are many values of the compiler's.
#[test]
fn check_locals_times_branches_are_bounded() {
    for (what, body, places) in [
        ("blocks", "(block) ".repeat(2_000), 4_000),
        (
            "conditions",
            "(if (i32.const 0) (then)) ".repeat(2_000),
            4_000,
        ),
        (
            "branches",
            format!("(loop {})", "(br_if 0 (i32.const 0)) ".repeat(2_000)),
            2_002,
        ),
        (
            "a table",
            format!("(loop (br_table {} (i32.const 0)))", "0 ".repeat(2_000)),
            2_002,
        ),
    ] {
        let locals = locals_with(&body);
        assert!(
            locals > 10 && locals * places <= MAX_FLOW,
            "{what}: {locals}"
        );
    }
}

/// Each entry of a branch table is looked at once for each local of each of its targets.
#[test]
fn check_entries_times_targets_of_branch_tables_are_bounded() {
    let depths: String = (0..8_000).map(|i| format!("{} ", i % 1_000)).collect();
    let body = format!(
        "{} (br_table {depths} (i32.const 0)) {}",
        "loop ".repeat(1_000),
        "end ".repeat(1_000)
    );
    let locals = locals_with(&body);
    assert!(
        locals > 10 && locals * 8_000 * 1_000 <= MAX_SWITCHING,
        "{locals}"
    );
}

#[test]
fn check_flow_of_all_functions_together_is_bounded() {
    let check = |functions| super::super::module::check(&with_locals(functions, 40_000));
    assert!(check(10).is_ok());
    let error = check(80).unwrap_err();
    assert!(
        matches!(
            error,
            ModuleError::TooLarge {
                most: MAX_MODULE_FLOW,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn check_blocks_within_each_other_are_bounded() {
    let nested = |depth: usize| {
        format!(
            "(module {RUN} (func {} {}))",
            "loop ".repeat(depth),
            "end ".repeat(depth)
        )
    };
    assert!(super::super::module::check(&bytes(&nested(MAX_NESTING as usize))).is_ok());
    let error = refused(&nested(MAX_NESTING as usize + 1));
    assert!(
        matches!(
            error,
            ModuleError::TooLarge {
                most: MAX_NESTING,
                ..
            }
        ),
        "{error}"
    );
}

/// Functions that declare in a few bytes what the compiler begins with one by one.
fn with_locals(functions: u32, locals: u32) -> Vec<u8> {
    use wasm_encoder::{
        CodeSection, ExportKind, ExportSection, Function, FunctionSection, MemorySection,
        MemoryType, Module, TypeSection, ValType,
    };
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let (mut declared, mut code) = (FunctionSection::new(), CodeSection::new());
    for _ in 0..functions {
        declared.function(0);
        let mut function = Function::new([(locals, ValType::I32)]);
        function.instructions().end();
        code.function(&function);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports
        .export("memory", ExportKind::Memory, 0)
        .export("run", ExportKind::Func, 0);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&declared)
        .section(&memories)
        .section(&exports)
        .section(&code);
    module.finish()
}

/// The shapes that the bounds are made for.
#[tokio::test]
async fn load_chains_and_nests_of_blocks_within_the_bounds_compile() {
    let chain = format!(
        "{} {}",
        "(block) ".repeat(2_000),
        "(drop (local.get 0)) ".repeat(2_000)
    );
    let nest = format!(
        "{} {} (br_table {} 0 (i32.wrap_i64 (local.get 0))) {}",
        "loop ".repeat(100),
        (0..10)
            .map(|i| format!("(local.set {i} (local.get {}))", (i + 1) % 10))
            .collect::<String>(),
        (0..100).map(|i| format!("{i} ")).collect::<String>(),
        "end ".repeat(100)
    );
    for body in [chain, nest] {
        let text = format!(
            "(module {RUN} (func (param i64) (local i64 i64 i64 i64 i64 i64 i64 i64 i64) {body}))"
        );
        let source = Source::Bytes(bytes(&text));
        assert!(runner().load(&source, &()).await.is_ok());
    }
}

/// Others of the workspace have the compiler use all processors: its pool of threads would exist after the first compilation.
#[tokio::test]
async fn load_compiles_on_one_thread() {
    let functions = "(func (param i32) (result i32) (local.get 0)) ".repeat(50);
    let source = Source::Bytes(bytes(&format!("(module {RUN} {functions})")));
    runner().load(&source, &()).await.unwrap();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global();
    assert!(pool.is_ok(), "the compiler has begun threads of its own");
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
