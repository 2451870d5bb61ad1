//! Modules of jobs: any bytes, and generated ones. What is accepted is still valid when its calls are counted, and of what is run, twice,
//! the reports are equal, whatever the module does.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use noema_compute_engine::{
    fuzzing::{counted, valid},
    job::{Job, Limits, Runner, RunnerConfig, Source, StartError},
};
use noema_fuzz::Bytes;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, InstructionSink, MemArg,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};

/// Functions of the runner: parameters, results, name.
const IMPORTS: [(&str, &[ValType], &[ValType]); 4] = [
    ("input_count", &[], &[ValType::I32]),
    (
        "input_read",
        &[ValType::I32, ValType::I64, ValType::I32, ValType::I32],
        &[ValType::I32],
    ),
    ("output_write", &[ValType::I32, ValType::I32], &[]),
    ("fail", &[ValType::I32, ValType::I32], &[]),
];
/// Functions of the module besides `run`, each with one parameter and one result.
const FUNCTIONS: u32 = 3;
const OWN: u32 = IMPORTS.len() as u32;
const LIMITS: Limits = Limits {
    fuel: 30_000,
    memory: 3 << 16,
    output: 2_000,
};

fn runner() -> &'static (tokio::runtime::Runtime, Runner) {
    static RUNNER: OnceLock<(tokio::runtime::Runtime, Runner)> = OnceLock::new();
    RUNNER.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let config = RunnerConfig {
            slots: 1,
            waiting: 1,
            modules: 1,
            memory: LIMITS.memory.into(),
            output: LIMITS.output.into(),
            limits: LIMITS,
        };
        (runtime, Runner::new(config).unwrap())
    })
}

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    let (module, run) = match bytes.byte() {
        0..=15 => (bytes.0.to_vec(), false),
        16..=31 => (
            [&b"\0asm\x01\0\0\0"[..], bytes.0].concat(),
            input.len() < 200,
        ),
        kind => (generated(&mut bytes), kind % 16 == 0),
    };
    let several = several_results(&module);
    let code = match counted(&module) {
        Ok(code) => code,
        Err(error) => {
            // Whatever else it does: of what is generated, this alone is refused.
            assert!(
                several || input.first().is_none_or(|kind| *kind < 32),
                "a generated module is refused: {error}"
            );
            return;
        }
    };
    assert!(
        !several,
        "a function or block of several results is accepted"
    );
    assert!(valid(&code), "counting calls broke a module");
    if !run {
        return;
    }
    let (runtime, runner) = runner();
    let job = Job {
        module: Source::Bytes(module.into()),
        inputs: vec![Source::Bytes(b"an input".as_slice().into())],
        limits: LIMITS,
    };
    let run = || {
        runtime.block_on(async {
            match runner.start(&job, &()).await {
                Ok(running) => Some(running.finish().await.unwrap()),
                Err(StartError::Memory { .. }) => None,
                Err(error) => panic!("{error}"),
            }
        })
    };
    assert_eq!(run(), run());
});

/// Whether a type of the module has several results, as far as it can be read.
fn several_results(module: &[u8]) -> bool {
    let payloads = wasmparser::Parser::new(0).parse_all(module);
    payloads.flatten().any(|payload| match payload {
        wasmparser::Payload::TypeSection(types) => types
            .into_iter_err_on_gc_types()
            .flatten()
            .any(|ty| ty.results().len() > 1),
        _ => false,
    })
}

/// A module that computes with what the bytes say.
fn generated(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let mut types = TypeSection::new();
    let mut imports = ImportSection::new();
    for (index, (name, parameters, results)) in IMPORTS.iter().enumerate() {
        types
            .ty()
            .function(parameters.iter().copied(), results.iter().copied());
        imports.import("noema_job_1", name, EntityType::Function(index as u32));
    }
    types.ty().function([], []);
    types.ty().function([ValType::I32], [ValType::I32]);
    // Sometimes what no job may have: the type of a block or function with several results.
    let several = usize::from(bytes.byte() % 16 == 0) * usize::from(bytes.byte() % 4);
    if several > 0 {
        types.ty().function([], vec![ValType::I64; several]);
    }
    let mut functions = FunctionSection::new();
    functions.function(OWN);
    for _ in 0..FUNCTIONS {
        functions.function(OWN + 1);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    globals.global(
        GlobalType {
            val_type: ValType::F32,
            mutable: true,
            shared: false,
        },
        &ConstExpr::f32_const(0.5.into()),
    );
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("run", ExportKind::Func, OWN);
    let mut code = CodeSection::new();
    for function in 0..=FUNCTIONS {
        // One local more than there are parameters in any function, so that numbers mean the same in all.
        let mut body = Function::new([(3, ValType::I32)]);
        let mut out = body.instructions();
        let budget = &mut 40;
        statements(bytes, &mut out, 0, function > 0, budget);
        if function > 0 {
            expression(bytes, &mut out, 3);
        }
        out.end();
        code.function(&body);
    }
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&memories)
        .section(&globals)
        .section(&exports)
        .section(&code);
    module.finish()
}

const AT: MemArg = MemArg {
    offset: 0,
    align: 0,
    memory_index: 0,
};

fn statements(
    bytes: &mut Bytes<'_>,
    out: &mut InstructionSink<'_>,
    depth: u32,
    result: bool,
    budget: &mut u32,
) {
    for _ in 0..bytes.byte() % 5 {
        if *budget == 0 {
            return;
        }
        *budget -= 1;
        match bytes.byte() % 12 {
            0 | 1 => {
                expression(bytes, out, 3);
                out.local_set(u32::from(bytes.byte() % 3));
            }
            2 => {
                expression(bytes, out, 1);
                expression(bytes, out, 3);
                out.i32_store(AT);
            }
            3 => {
                out.block(BlockType::Empty);
                statements(bytes, out, depth + 1, result, budget);
                out.end();
            }
            4 => {
                out.loop_(BlockType::Empty);
                statements(bytes, out, depth + 1, result, budget);
                out.end();
            }
            5 => {
                expression(bytes, out, 2);
                out.if_(BlockType::Empty);
                statements(bytes, out, depth + 1, result, budget);
                out.else_();
                statements(bytes, out, depth + 1, result, budget);
                out.end();
            }
            6 if depth > 0 => {
                expression(bytes, out, 2);
                out.br_if(u32::from(bytes.byte()) % depth);
            }
            7 => {
                // Out of the function, if it is so.
                expression(bytes, out, 1);
                out.if_(BlockType::Empty);
                if result {
                    expression(bytes, out, 1);
                }
                match bytes.byte() % 2 {
                    0 => out.return_(),
                    _ => out.br(depth + 1),
                };
                out.end();
            }
            8 => {
                expression(bytes, out, 1);
                expression(bytes, out, 1);
                out.call(2);
            }
            9 => {
                out.i32_const(0)
                    .i64_const(i64::from(bytes.byte()))
                    .i32_const(i32::from(bytes.byte()))
                    .i32_const(i32::from(bytes.byte()))
                    .call(1)
                    .drop();
            }
            10 => {
                // Floats, whatever bits they have.
                out.global_get(0).i32_const(0).f32_load(AT);
                match bytes.byte() % 6 {
                    0 => out.f32_add(),
                    1 => out.f32_mul(),
                    2 => out.f32_div(),
                    3 => out.f32_min(),
                    4 => out.f32_copysign(),
                    _ => out.f32_sub().f32_sqrt(),
                };
                out.global_set(0).i32_const(0).global_get(0).f32_store(AT);
            }
            _ => {
                out.i32_const(1).memory_grow(0).drop();
            }
        }
    }
}

fn expression(bytes: &mut Bytes<'_>, out: &mut InstructionSink<'_>, depth: u32) {
    let _ = match bytes.byte() % if depth == 0 { 3 } else { 10 } {
        0 => out.i32_const(i32::from(bytes.byte() as i8)),
        1 | 2 => out.local_get(u32::from(bytes.byte() % 3)),
        3 => {
            expression(bytes, out, depth - 1);
            out.i32_load(AT)
        }
        4 => {
            expression(bytes, out, depth - 1);
            out.call(OWN + 1 + u32::from(bytes.byte()) % FUNCTIONS)
        }
        5 => out.global_get(0).i32_trunc_sat_f32_s(),
        6 => out.call(0),
        operation => {
            expression(bytes, out, depth - 1);
            expression(bytes, out, depth - 1);
            match (operation, bytes.byte() % 4) {
                (7, 0) => out.i32_add(),
                (7, 1) => out.i32_sub(),
                (7, 2) => out.i32_mul(),
                (7, _) => out.i32_rotl(),
                (8, 0) => out.i32_div_s(),
                (8, 1) => out.i32_rem_u(),
                (8, 2) => out.i32_shr_s(),
                (8, _) => out.i32_xor(),
                (_, 0) => out.i32_lt_s(),
                (_, 1) => out.i32_eq(),
                (_, 2) => out.i32_and(),
                _ => out.i32_or(),
            }
        }
    };
}
