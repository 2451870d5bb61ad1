//! Measures tokens per second natively and as a job, the time to the first token, and the time to compile
//! the model's module and the worst module that is accepted. `cargo run --release -p noema-compute-engine --example speed`.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use bytes::Bytes;
use noema_compute_engine::{
    builtin::{BuiltIn, ChatEvent, ChatRequest, MODEL_MODULE, MODEL_WEIGHTS},
    job::{Limits, Runner, RunnerConfig, Source, MAX_BODY, MAX_MODULE},
};
use noema_language_model::{
    generate, prompt,
    wire::{Event, Request},
    Options, Role, Turn, Weights,
};

const RUNS: usize = 9;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let turns = [Turn {
        role: Role::User,
        text: "Tell me a story.".into(),
    }];
    // Hot enough that the answer goes on until the context is full.
    let options = Options {
        max_tokens: u32::MAX,
        temperature: 2.0,
        top_p: 1.0,
        seed: 3,
        stops: vec![],
    };
    let weights = Weights::read(MODEL_WEIGHTS)?;
    let tokens = prompt(weights.tokenizer(), &turns, weights.dimensions().context)
        .map_err(|error| format!("{error:?}"))?;
    let mut produced = 0;
    let native = median(|| {
        let begun = Instant::now();
        produced = generate(
            &weights,
            &tokens,
            &options,
            |_, _| ControlFlow::Continue(()),
        )
        .completion_tokens;
        begun.elapsed()
    });
    let per_second = |time: Duration| f64::from(produced) / time.as_secs_f64();
    println!(
        "native: {produced} tokens in {native:.1?}, {:.0} tokens/s",
        per_second(native)
    );

    let runner = Runner::new(RunnerConfig::default())?;
    let begun = Instant::now();
    let module = Source::Bytes(Bytes::from_static(MODEL_MODULE));
    let module = runner.load(&module, &()).await?;
    println!("compiling the model's module: {:.1?}", begun.elapsed());
    let request: Bytes = Request::Chat {
        turns: turns.to_vec(),
        options,
    }
    .encode()
    .into();
    let limits = Limits {
        fuel: 100_000_000_000,
        memory: 64 << 20,
        output: 1 << 20,
    };
    let mut times = Vec::new();
    let mut fuel = 0;
    for _ in 0..RUNS {
        let begun = Instant::now();
        let inputs = vec![request.clone(), Bytes::from_static(MODEL_WEIGHTS)];
        let running = runner.start_loaded(&module, inputs, limits).await?;
        let (report, mut output) = running.finish().await?;
        times.push(begun.elapsed());
        fuel = report.fuel;
        while let Some(event) = Event::take(&mut output).map_err(|_| "malformed")? {
            if let Event::End(generation) = event {
                assert_eq!(generation.completion_tokens, produced);
            }
        }
    }
    let job = middle(times);
    println!(
        "job: {job:.1?}, {:.0} tokens/s, {fuel} fuel, {} per token of prompt and answer",
        per_second(job),
        fuel / (u64::from(produced) + tokens.len() as u64)
    );

    let batch = Request::Embed(vec!["~q".repeat(127) + "~"; 16]).encode();
    let inputs = vec![batch.into(), Bytes::from_static(MODEL_WEIGHTS)];
    let begun = Instant::now();
    let running = runner.start_loaded(&module, inputs, limits).await?;
    let (report, _) = running.finish().await?;
    println!(
        "16 texts of 255 characters: {:.1?}, {} fuel, {:?}",
        begun.elapsed(),
        report.fuel,
        report.outcome
    );

    let engine = BuiltIn::with("model", 1, 1).await?;
    let body =
        br#"{"model": "model", "messages": [{"role": "user", "content": "What is a voucher?"}]}"#;
    let request = ChatRequest::parse(body)?;
    let mut first = Vec::new();
    let mut whole = Vec::new();
    for _ in 0..RUNS {
        let begun = Instant::now();
        let mut stream = engine.chat(&request).await?;
        let ChatEvent::Piece { .. } = stream.next().await? else {
            return Err("no piece".into());
        };
        first.push(begun.elapsed());
        while let ChatEvent::Piece { .. } = stream.next().await? {}
        whole.push(begun.elapsed());
    }
    println!(
        "a question: first piece after {:.1?}, whole answer after {:.1?}",
        middle(first),
        middle(whole)
    );

    for (what, module) in worst() {
        let module: Bytes = module.into();
        let bytes = module.len();
        let begun = Instant::now();
        let result = runner.load(&Source::Bytes(module), &()).await;
        println!(
            "worst module, {what}, {bytes} bytes: {:.1?}{}",
            begun.elapsed(),
            result.map_or_else(|error| format!(", {error}"), |_| String::new())
        );
    }
    Ok(())
}

/// Writes the body of a function.
type Shape<'a> = &'a dyn Fn(&mut wasm_encoder::Function);

/// Modules that are as large as may be, of functions that are as large as may be.
fn worst() -> Vec<(&'static str, Vec<u8>)> {
    use wasm_encoder::{
        BlockType, CodeSection, ExportKind, ExportSection, Function, FunctionSection,
        InstructionSink, MemorySection, MemoryType, Module, TypeSection, ValType,
    };
    let blocks = |function: &mut Function| {
        let mut out = function.instructions();
        // Every local lives through every block.
        for i in 0..MAX_BODY as u32 / 20 {
            out.local_get(i % 60)
                .if_(BlockType::Empty)
                .local_get((i + 7) % 60)
                .local_get((i + 13) % 60)
                .i32_add()
                .local_set(i % 60)
                .end();
        }
    };
    let straight = |function: &mut Function| {
        let mut out = function.instructions();
        for i in 0..MAX_BODY as u32 / 10 {
            out.local_get(i % 60)
                .local_get((i + 1) % 60)
                .i32_mul()
                .local_set((i + 2) % 60);
        }
    };
    let small = |function: &mut Function| {
        function.instructions().local_get(0).drop();
    };
    // Every local differs at the begin of every loop.
    let rotate = |out: &mut InstructionSink<'_>, locals: u32| {
        for i in 0..locals {
            out.local_get((i + 1) % locals).local_set(i);
        }
    };
    let loops = |function: &mut Function| {
        let mut out = function.instructions();
        for _ in 0..1_000 {
            out.loop_(BlockType::Empty);
        }
        rotate(&mut out, 340);
        for depth in 0..1_000 {
            out.local_get(0).br_if(depth);
        }
        for _ in 0..1_000 {
            out.end();
        }
    };
    let table = |function: &mut Function| {
        let mut out = function.instructions();
        for _ in 0..700 {
            out.loop_(BlockType::Empty);
        }
        rotate(&mut out, 480);
        let depths: Vec<u32> = (0..700).collect();
        out.local_get(0).br_table(depths, 0);
        for _ in 0..700 {
            out.end();
        }
    };
    // As many of them as the bounds of the whole module allow.
    let shapes: [(&'static str, Shape<'_>, u32, u32); 5] = [
        ("branches", &blocks, 60, 20),
        (
            "straight code",
            &straight,
            60,
            (MAX_MODULE / MAX_BODY) as u32 - 2,
        ),
        ("small functions", &small, 60, 19_000),
        ("loops", &loops, 340, 15),
        ("branch tables", &table, 480, 4),
    ];
    shapes
        .into_iter()
        .map(|(what, shape, locals, count)| {
            let mut types = TypeSection::new();
            types.ty().function([], []);
            let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
            for _ in 0..count {
                functions.function(0);
                let mut function = Function::new([(locals, ValType::I32)]);
                shape(&mut function);
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
                .section(&functions)
                .section(&memories)
                .section(&exports)
                .section(&code);
            (what, module.finish())
        })
        .collect()
}

fn median(mut run: impl FnMut() -> Duration) -> Duration {
    middle((0..RUNS).map(|_| run()).collect())
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
