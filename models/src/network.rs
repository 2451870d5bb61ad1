//! The network: a decoder-only transformer (Vaswani and others, 2017; Radford and others, 2019) with rotary positions (Su and others, 2021),
//! root-mean-square normalisation before each part, squared rectified linear units (So and others, 2021), and one matrix for the first and the
//! last step.

use alloc::{vec, vec::Vec};

use crate::{
    math::{dot, rms_norm, softmax},
    quantised::Vector,
    tokenizer::Token,
    weights::{Layer, Weights, HEAD_WIDTH},
};

/// One text as far as the network has read it.
pub struct Session<'w, 'a> {
    weights: &'w Weights<'a>,
    /// Tokens read.
    len: usize,
    /// Per layer the keys, then the values, of each token read: `[layer][kind][token][width]`.
    past: Vec<[Vec<f32>; 2]>,
    /// Cosines and sines of the next position.
    rotation: Vec<(f64, f64)>,
    state: Vec<f32>,
    room: Room,
}

/// What a step computes with, kept from step to step.
#[derive(Default)]
struct Room {
    quantised: Vector,
    normed: Vec<f32>,
    query_key_value: Vec<f32>,
    scores: Vec<f32>,
    attended: Vec<f32>,
    hidden: Vec<f32>,
    logits: Vec<f32>,
}

/// The context is full: no token can be read any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SessionFull;

impl<'w, 'a> Session<'w, 'a> {
    /// An empty text.
    pub fn new(weights: &'w Weights<'a>) -> Self {
        let dimensions = &weights.dimensions;
        Self {
            weights,
            len: 0,
            past: (0..dimensions.layers)
                .map(|_| [Vec::new(), Vec::new()])
                .collect(),
            rotation: vec![(1.0, 0.0); weights.turns.len()],
            state: vec![0.0; dimensions.width],
            room: Room {
                normed: vec![0.0; dimensions.width],
                query_key_value: vec![0.0; 3 * dimensions.width],
                attended: vec![0.0; dimensions.width],
                hidden: vec![0.0; dimensions.hidden],
                logits: vec![0.0; dimensions.vocabulary],
                ..Room::default()
            },
        }
    }

    /// Tokens read so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no token was read yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads one more token.
    pub fn read(&mut self, token: Token) -> Result<(), SessionFull> {
        if self.len >= self.weights.dimensions.context {
            return Err(SessionFull);
        }
        self.len += 1;
        self.state.fill(0.0);
        self.weights
            .embedding
            .add_row(usize::from(token), &mut self.state);
        for (layer, past) in self.weights.layers.iter().zip(&mut self.past) {
            attention(layer, past, &self.rotation, &mut self.state, &mut self.room);
            perceptron(layer, &mut self.state, &mut self.room);
        }
        for ((cos, sin), (turn_cos, turn_sin)) in self.rotation.iter_mut().zip(&self.weights.turns)
        {
            let (c, s) = (f64::from(*turn_cos), f64::from(*turn_sin));
            (*cos, *sin) = (*cos * c - *sin * s, *sin * c + *cos * s);
        }
        Ok(())
    }

    /// What the network makes of the last token: `width` numbers, normalised.
    pub fn output(&mut self) -> &[f32] {
        rms_norm(&self.state, &self.weights.last_gain, &mut self.room.normed);
        &self.room.normed
    }

    /// For every token of the vocabulary how much it is expected next, as a logarithm up to a constant.
    pub fn logits(&mut self) -> &mut [f32] {
        rms_norm(&self.state, &self.weights.last_gain, &mut self.room.normed);
        self.room.quantised.load(&self.room.normed);
        self.weights
            .embedding
            .multiply(&self.room.quantised, &mut self.room.logits);
        &mut self.room.logits
    }
}

fn attention(
    layer: &Layer<'_>,
    [keys, values]: &mut [Vec<f32>; 2],
    rotation: &[(f64, f64)],
    state: &mut [f32],
    room: &mut Room,
) {
    let width = state.len();
    rms_norm(state, &layer.attention_gain, &mut room.normed);
    room.quantised.load(&room.normed);
    layer
        .query_key_value
        .multiply(&room.quantised, &mut room.query_key_value);
    let (query, key_value) = room.query_key_value.split_at_mut(width);
    let (key, value) = key_value.split_at_mut(width);
    rotate(query, rotation);
    rotate(key, rotation);
    keys.extend_from_slice(key);
    values.extend_from_slice(value);

    room.attended.fill(0.0);
    let heads = query
        .chunks_exact(HEAD_WIDTH)
        .zip(room.attended.chunks_exact_mut(HEAD_WIDTH));
    for (head, (query, attended)) in heads.enumerate() {
        let of_head = head * HEAD_WIDTH..(head + 1) * HEAD_WIDTH;
        room.scores.clear();
        room.scores.extend(keys.chunks_exact(width).map(|key| {
            let key = key.get(of_head.clone()).unwrap_or_default();
            dot(query, key) * SCORE_SCALE
        }));
        softmax(&mut room.scores);
        for (value, weight) in values.chunks_exact(width).zip(&room.scores) {
            let value = value.get(of_head.clone()).unwrap_or_default();
            for (sum, value) in attended.iter_mut().zip(value) {
                *sum += value * weight;
            }
        }
    }
    room.quantised.load(&room.attended);
    layer
        .attention_out
        .multiply(&room.quantised, &mut room.normed);
    add(state, &room.normed);
}

fn perceptron(layer: &Layer<'_>, state: &mut [f32], room: &mut Room) {
    rms_norm(state, &layer.perceptron_gain, &mut room.normed);
    room.quantised.load(&room.normed);
    layer.up.multiply(&room.quantised, &mut room.hidden);
    for x in &mut room.hidden {
        let positive = if *x > 0.0 { *x } else { 0.0 };
        *x = positive * positive;
    }
    room.quantised.load(&room.hidden);
    layer.down.multiply(&room.quantised, &mut room.normed);
    add(state, &room.normed);
}

/// `1 / √HEAD_WIDTH`.
pub(crate) const SCORE_SCALE: f32 = 0.176_776_7;

/// Turns each pair (i, i + half) of each head.
fn rotate(row: &mut [f32], rotation: &[(f64, f64)]) {
    for head in row.chunks_exact_mut(HEAD_WIDTH) {
        let (first, second) = head.split_at_mut(HEAD_WIDTH / 2);
        for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(rotation) {
            let (cos, sin) = (*cos as f32, *sin as f32);
            (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
        }
    }
}

fn add(to: &mut [f32], what: &[f32]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += what;
    }
}
