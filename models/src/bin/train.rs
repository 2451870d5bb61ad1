//! Trains the model and writes its weights file: `train-language-model OUTPUT ANSWERS DOCUMENTS SOURCES... [--steps N]`. Directories among the
//! sources are searched for `.rs` files, in the order of their names.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use noema_language_model::{
    embed, generate, prompt,
    train::{self, Corpus, Plan, PLAN},
    Options, Role, Turn, Weights,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut plan = PLAN;
    if let Some(at) = arguments.iter().position(|argument| argument == "--steps") {
        plan.steps = arguments
            .get(at + 1)
            .ok_or("--steps takes a number")?
            .parse()?;
        arguments.drain(at..=at + 1);
    }
    let [output, answers, documents, sources @ ..] = &arguments[..] else {
        return Err(
            "usage: train-language-model OUTPUT ANSWERS DOCUMENTS SOURCES... [--steps N]".into(),
        );
    };
    let mut files = Vec::new();
    for source in sources {
        collect(Path::new(source), &mut files)?;
    }
    let sources: Vec<String> = files
        .iter()
        .map(fs::read_to_string)
        .collect::<Result<_, _>>()?;
    let corpus = Corpus::new(
        &fs::read_to_string(answers)?,
        &fs::read_to_string(documents)?,
        &sources,
    )
    .map_err(|error| format!("no corpus: {error:?}"))?;
    let [written, pieces, written_bytes, prose_bytes] = corpus.sizes();
    println!("{written} answers ({written_bytes} bytes with their questions), {pieces} pieces of prose ({prose_bytes} bytes)");

    let file = make(&plan, &corpus);
    fs::write(output, &file)?;
    println!("{} bytes in {output}", file.len());
    judge(&file, &corpus)
}

fn make(plan: &Plan, corpus: &Corpus) -> Vec<u8> {
    let begun = Instant::now();
    let (merges, tokenizer) = train::tokenizer(corpus, plan.dimensions.vocabulary);
    println!("tokenizer after {:.1} s", begun.elapsed().as_secs_f32());
    let mut mean = 0.0;
    let model = train::train(plan, corpus, &tokenizer, |step, loss| {
        mean = if step == 0 {
            loss
        } else {
            0.9 * mean + 0.1 * loss
        };
        if (step + 1) % 20 == 0 {
            let seconds = begun.elapsed().as_secs_f32();
            println!(
                "step {:4} of {}, loss {mean:.3} nats per token, {seconds:.0} s",
                step + 1,
                plan.steps
            );
        }
    });
    train::weights_file(&model, &merges, &tokenizer, corpus)
}

/// Says how many questions are answered as it was written, word by word, by the weights as they were written.
fn judge(file: &[u8], corpus: &Corpus) -> Result<(), Box<dyn Error>> {
    let weights = Weights::read(file)?;
    let options = Options {
        max_tokens: 120,
        temperature: 0.0,
        top_p: 1.0,
        seed: 0,
        stops: Vec::new(),
    };
    let (mut right, mut asked) = (0, 0);
    for (question, written) in corpus.answers() {
        let turns = [Turn {
            role: Role::User,
            text: question.into(),
        }];
        let tokens = prompt(weights.tokenizer(), &turns, weights.dimensions().context)
            .map_err(|error| format!("{error:?}"))?;
        let mut answer = String::new();
        generate(&weights, &tokens, &options, |piece, _| {
            answer.push_str(piece);
            std::ops::ControlFlow::Continue(())
        });
        asked += 1;
        if answer == written {
            right += 1;
        } else if asked % 7 == 0 {
            println!("? {question}\n  {answer}");
        }
    }
    println!("{right} of {asked} questions answered as written");

    let mut points = Vec::new();
    for (question, written) in corpus.answers() {
        let (vector, _) = embed(&weights, question).map_err(|error| format!("{error:?}"))?;
        points.push((vector, written));
    }
    let near = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
    let (mut right, mut asked) = (0, 0);
    for (index, (vector, written)) in points.iter().enumerate() {
        let others = || {
            points
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index)
        };
        if !others().any(|(_, (_, other))| other == written) {
            continue;
        }
        asked += 1;
        let nearest =
            others().max_by(|(_, (a, _)), (_, (b, _))| near(vector, a).total_cmp(&near(vector, b)));
        right += usize::from(nearest.is_some_and(|(_, (_, other))| other == written));
    }
    println!("{right} of {asked} questions nearest to one with the same answer");
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_, std::io::Error>>()?;
        entries.sort();
        for entry in entries {
            collect(&entry, files)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        files.push(path.into());
    }
    Ok(())
}
