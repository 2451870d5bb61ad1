//! The network in `f32`, with the gradient of its loss.

use std::{vec, vec::Vec};

use super::{
    attention,
    gemm::{multiply_add, transposed, View},
    optimiser::{Parameter, Schedule},
};
use crate::{
    math::{exp, inverse_rms},
    sample::Random,
    weights::{Dimensions, HEAD_WIDTH},
};

/// A piece of the corpus: as many tokens as the context has.
pub struct Window {
    /// What is read.
    pub tokens: Vec<u16>,
    /// What should be expected after each.
    pub next: Vec<u16>,
    /// How much it counts that it is.
    pub weight: Vec<f32>,
    /// Where the document of each token begins.
    pub begins: Vec<usize>,
}

/// A model in training.
pub struct Model {
    pub(super) dimensions: Dimensions,
    pub(super) embedding: Parameter,
    pub(super) layers: Vec<Layer>,
    pub(super) last_gain: Parameter,
    /// Cosine and sine of each pair's angle, for each position.
    rotations: Vec<[(f32, f32); HEAD_WIDTH / 2]>,
}

pub(super) struct Layer {
    pub(super) attention_gain: Parameter,
    pub(super) query_key_value: Parameter,
    pub(super) attention_out: Parameter,
    pub(super) perceptron_gain: Parameter,
    pub(super) up: Parameter,
    pub(super) down: Parameter,
}

/// What the gradient needs of a layer's way forward.
struct Trace {
    input: Vec<f32>,
    normed: Vec<f32>,
    query_key_value: Vec<f32>,
    weights: attention::Weights,
    attended: Vec<f32>,
    middle: Vec<f32>,
    middle_normed: Vec<f32>,
    hidden: Vec<f32>,
    squared: Vec<f32>,
}

impl Model {
    pub(super) fn new(dimensions: Dimensions, random: &mut Random) -> Self {
        let Dimensions {
            vocabulary,
            width,
            layers,
            hidden,
            context,
        } = dimensions;
        let embedding = Parameter::table(vocabulary, width, random);
        let layers = (0..layers)
            .map(|_| Layer {
                attention_gain: Parameter::gain(width),
                query_key_value: Parameter::matrix(3 * width, width, 3, random),
                attention_out: Parameter::zero_matrix(width, width),
                perceptron_gain: Parameter::gain(width),
                up: Parameter::matrix(hidden, width, 1, random),
                down: Parameter::zero_matrix(width, hidden),
            })
            .collect();
        Self {
            dimensions,
            embedding,
            layers,
            last_gain: Parameter::gain(width),
            rotations: rotations(context),
        }
    }

    /// Adds the gradient of the window's loss, times `share`, and returns the loss, times `share`.
    pub(super) fn learn(&mut self, window: &Window, share: f32) -> f32 {
        let Dimensions {
            vocabulary,
            width,
            hidden,
            ..
        } = self.dimensions;
        let tokens = window.tokens.len();
        let shape = attention::Shape {
            width,
            begins: &window.begins,
        };
        let mut state = vec![0.0; tokens * width];
        for (row, token) in state.chunks_exact_mut(width).zip(&window.tokens) {
            row.copy_from_slice(&self.embedding.value[usize::from(*token) * width..][..width]);
        }
        let mut traces = Vec::new();
        for layer in &mut self.layers {
            let input = state.clone();
            let normed = norm(&input, &layer.attention_gain.value);
            let mut query_key_value = linear(&normed, &mut layer.query_key_value, tokens);
            rotate(&mut query_key_value, width, &self.rotations, false);
            let (attended, weights) = attention::forward(&shape, &query_key_value);
            add(
                &mut state,
                &linear(&attended, &mut layer.attention_out, tokens),
            );
            let middle = state.clone();
            let middle_normed = norm(&middle, &layer.perceptron_gain.value);
            let hidden = linear(&middle_normed, &mut layer.up, tokens);
            let squared: Vec<f32> = hidden
                .iter()
                .map(|x| if *x > 0.0 { x * x } else { 0.0 })
                .collect();
            add(&mut state, &linear(&squared, &mut layer.down, tokens));
            traces.push(Trace {
                input,
                normed,
                query_key_value,
                weights,
                attended,
                middle,
                middle_normed,
                hidden,
                squared,
            });
        }
        let last = norm(&state, &self.last_gain.value);
        let mut logits = linear(&last, &mut self.embedding, tokens);
        let loss = cross_entropy(&mut logits, vocabulary, window, share);

        let mut gradient = linear_back(&last, &logits, &mut self.embedding, tokens);
        gradient = norm_back(&state, &gradient, &mut self.last_gain);
        for (layer, trace) in self.layers.iter_mut().zip(&traces).rev() {
            let mut inner = linear_back(&trace.squared, &gradient, &mut layer.down, tokens);
            for (inner, x) in inner.iter_mut().zip(&trace.hidden) {
                *inner *= if *x > 0.0 { 2.0 * x } else { 0.0 };
            }
            debug_assert_eq!(inner.len(), tokens * hidden);
            let inner = linear_back(&trace.middle_normed, &inner, &mut layer.up, tokens);
            add(
                &mut gradient,
                &norm_back(&trace.middle, &inner, &mut layer.perceptron_gain),
            );

            let inner = linear_back(&trace.attended, &gradient, &mut layer.attention_out, tokens);
            let mut inner =
                attention::backward(&shape, &trace.query_key_value, &trace.weights, &inner);
            rotate(&mut inner, width, &self.rotations, true);
            let inner = linear_back(&trace.normed, &inner, &mut layer.query_key_value, tokens);
            add(
                &mut gradient,
                &norm_back(&trace.input, &inner, &mut layer.attention_gain),
            );
        }
        for (row, token) in gradient.chunks_exact(width).zip(&window.tokens) {
            add(
                &mut self.embedding.gradient[usize::from(*token) * width..][..width],
                row,
            );
        }
        loss
    }

    /// Takes a step against the gradient, and forgets it.
    pub(super) fn step(&mut self, schedule: &Schedule, step: usize) {
        for parameter in self.parameters() {
            parameter.step(schedule, step);
        }
    }

    pub(super) fn parameters(&mut self) -> impl Iterator<Item = &mut Parameter> {
        let layers = self.layers.iter_mut().flat_map(|layer| {
            [
                &mut layer.attention_gain,
                &mut layer.query_key_value,
                &mut layer.attention_out,
                &mut layer.perceptron_gain,
                &mut layer.up,
                &mut layer.down,
            ]
        });
        [&mut self.embedding, &mut self.last_gain]
            .into_iter()
            .chain(layers)
    }
}

/// Turns the logits into the gradient of the loss. The loss is a mean over the window, weighted.
fn cross_entropy(logits: &mut [f32], vocabulary: usize, window: &Window, share: f32) -> f32 {
    let inverse = share / window.weight.iter().sum::<f32>().max(1.0);
    let mut loss = 0.0;
    for ((row, next), weight) in logits
        .chunks_exact_mut(vocabulary)
        .zip(&window.next)
        .zip(&window.weight)
    {
        let scale = inverse * weight;
        let next = usize::from(*next);
        let max = row
            .iter()
            .fold(f32::MIN, |max, x| if *x > max { *x } else { max });
        let at_next = row[next] - max;
        let mut sum = 0.0;
        for x in row.iter_mut() {
            *x = exp(*x - max);
            sum += *x;
        }
        // Only for the report; nothing follows from it.
        loss += scale * (sum.ln() - at_next);
        let by = scale / sum;
        for x in row.iter_mut() {
            *x *= by;
        }
        row[next] -= scale;
    }
    loss
}

/// `input · matrixᵀ`.
fn linear(input: &[f32], matrix: &mut Parameter, tokens: usize) -> Vec<f32> {
    let [rows, columns] = matrix.shape;
    let mut out = vec![0.0; tokens * rows];
    let turned = View::new(matrix.turned(), rows);
    multiply_add(
        View::new(input, columns),
        turned,
        &mut out,
        rows,
        [tokens, columns, rows],
    );
    out
}

/// Adds to the matrix' gradient and returns that of the input.
fn linear_back(input: &[f32], gradient: &[f32], matrix: &mut Parameter, tokens: usize) -> Vec<f32> {
    let [rows, columns] = matrix.shape;
    let gradient = View::new(gradient, rows);
    let turned = transposed(gradient, tokens, rows);
    multiply_add(
        View::new(&turned, tokens),
        View::new(input, columns),
        &mut matrix.gradient,
        columns,
        [rows, tokens, columns],
    );
    let mut out = vec![0.0; tokens * columns];
    multiply_add(
        gradient,
        View::new(&matrix.value, columns),
        &mut out,
        columns,
        [tokens, rows, columns],
    );
    out
}

fn norm(input: &[f32], gain: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; input.len()];
    for (row, out) in input
        .chunks_exact(gain.len())
        .zip(out.chunks_exact_mut(gain.len()))
    {
        crate::math::rms_norm(row, gain, out);
    }
    out
}

fn norm_back(input: &[f32], gradient: &[f32], gain: &mut Parameter) -> Vec<f32> {
    let width = gain.value.len();
    let mut out = vec![0.0; input.len()];
    let rows = input.chunks_exact(width).zip(gradient.chunks_exact(width));
    for ((row, gradient), out) in rows.zip(out.chunks_exact_mut(width)) {
        let inverse = inverse_rms(row);
        let mut along = 0.0;
        for i in 0..width {
            gain.gradient[i] += gradient[i] * row[i] * inverse;
            out[i] = gradient[i] * gain.value[i];
            along += out[i] * row[i];
        }
        let along = along * inverse * inverse / width as f32;
        for i in 0..width {
            out[i] = inverse * (out[i] - row[i] * along);
        }
    }
    out
}

/// Turns queries and keys by their positions, or back.
fn rotate(
    query_key_value: &mut [f32],
    width: usize,
    rotations: &[[(f32, f32); HEAD_WIDTH / 2]],
    back: bool,
) {
    for (row, rotation) in query_key_value.chunks_exact_mut(3 * width).zip(rotations) {
        for head in row[..2 * width].chunks_exact_mut(HEAD_WIDTH) {
            let (first, second) = head.split_at_mut(HEAD_WIDTH / 2);
            for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(rotation) {
                let sin = if back { -sin } else { *sin };
                (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
            }
        }
    }
}

/// By how much each pair turns per position: θᵢ = 10,000^(−2i / head width), as cosine and sine.
pub(super) fn turns() -> [(f32, f32); HEAD_WIDTH / 2] {
    // 10,000^(−1/16), the quotient of two neighbours.
    const RATIO: f64 = 0.562_341_325_190_349;
    let mut angle = 1.0f64;
    core::array::from_fn(|_| {
        let turn = (series(angle, 0), series(angle, 1));
        angle *= RATIO;
        (turn.0 as f32, turn.1 as f32)
    })
}

/// The cosine (first = 0) or sine (first = 1) of an angle of at most 1, as its Taylor series.
fn series(angle: f64, first: u32) -> f64 {
    let (mut term, mut sum) = (if first == 1 { angle } else { 1.0 }, 0.0);
    for n in (first + 1..first + 24).step_by(2) {
        sum += term;
        term *= -angle * angle / f64::from(n * (n + 1));
    }
    sum
}

/// As the network for inference turns them: step by step.
fn rotations(context: usize) -> Vec<[(f32, f32); HEAD_WIDTH / 2]> {
    let turns = turns();
    let mut now = [(1.0f64, 0.0f64); HEAD_WIDTH / 2];
    (0..context)
        .map(|_| {
            let rotation = now.map(|(cos, sin)| (cos as f32, sin as f32));
            for ((cos, sin), turn) in now.iter_mut().zip(turns) {
                let (c, s) = (f64::from(turn.0), f64::from(turn.1));
                (*cos, *sin) = (*cos * c - *sin * s, *sin * c + *cos * s);
            }
            rotation
        })
        .collect()
}

fn add(to: &mut [f32], what: &[f32]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += what;
    }
}
