//! Training: corpus, merges, gradients, optimiser, and the file that comes of it.
//!
//! One thread, one seed, no clock, and of `f32` only what IEEE 754 fixes: the same corpus gives the same weights, to the last byte, on every
//! machine. Vector instructions change the time alone, since the order of every sum is written down.

mod attention;
mod bpe;
mod corpus;
mod export;
mod gemm;
mod model;
mod optimiser;
mod prose;
mod skills;
#[cfg(test)]
mod tests;

pub use corpus::{Corpus, CorpusError, Document};
pub use export::weights_file;
pub use model::{Model, Window};
pub use optimiser::Schedule;

use std::vec::Vec;

use crate::{sample::Random, tokenizer::Tokenizer, Dimensions};

/// What a training run is made of.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The model's shape.
    pub dimensions: Dimensions,
    /// Steps of the optimiser.
    pub steps: usize,
    /// Windows of `dimensions.context` tokens per step.
    pub windows: usize,
    /// What everything random follows from.
    pub seed: u64,
}

/// The plan by which the committed weights were made.
pub const PLAN: Plan = Plan {
    dimensions: Dimensions {
        vocabulary: 2_048,
        width: 128,
        layers: 4,
        hidden: 512,
        context: 512,
    },
    steps: 600,
    windows: 4,
    seed: 7,
};

/// The merges of a tokenizer for `corpus`.
pub fn tokenizer(corpus: &Corpus, vocabulary: usize) -> (Vec<(u16, u16)>, Tokenizer) {
    let merges = bpe::merges(&corpus.counted_words(), vocabulary);
    let tokenizer = Tokenizer::new(&merges).expect("merges that were made in order are sound");
    (merges, tokenizer)
}

/// Trains a model, telling `report` after each step its number and the mean loss in nats per token.
pub fn train(
    plan: &Plan,
    corpus: &Corpus,
    tokenizer: &Tokenizer,
    mut report: impl FnMut(usize, f32),
) -> Model {
    let mut random = Random::new(plan.seed);
    let mut model = Model::new(plan.dimensions, &mut random);
    let schedule = Schedule { steps: plan.steps };
    for step in 0..plan.steps {
        let mut loss = 0.0;
        for _ in 0..plan.windows {
            let window = corpus.window(tokenizer, plan.dimensions.context, &mut random);
            loss += model.learn(&window, 1.0 / plan.windows as f32);
        }
        model.step(&schedule, step);
        report(step, loss);
    }
    model
}
