//! Causal attention and its gradient.

use std::{vec, vec::Vec};

use super::gemm::{multiply_add, transposed, View};
use crate::{math::exp, network::SCORE_SCALE, weights::HEAD_WIDTH};

/// Rows that are computed together: of the scores above the diagonal only those within a block are computed for nothing.
const BLOCK: usize = 64;

/// Queries, keys and values side by side, `tokens` rows of `3 * width`.
pub(super) struct Shape<'a> {
    pub(super) width: usize,
    /// For each token where its document begins: it looks back no further.
    pub(super) begins: &'a [usize],
}

/// Weights of each head, row by row, for the gradient.
pub(super) type Weights = Vec<Vec<f32>>;

/// What each token gathers, and with which weights.
pub(super) fn forward(shape: &Shape<'_>, query_key_value: &[f32]) -> (Vec<f32>, Weights) {
    let (width, tokens) = (shape.width, shape.begins.len());
    let mut out = vec![0.0; tokens * width];
    let mut weights = Vec::new();
    let all = View::new(query_key_value, 3 * width);
    for head in (0..width).step_by(HEAD_WIDTH) {
        let keys = transposed(all.at(0, width + head), tokens, HEAD_WIDTH);
        let mut scores = vec![0.0; tokens * tokens];
        for block in (0..tokens).step_by(BLOCK) {
            let end = block + BLOCK;
            let rows = &mut scores[block * tokens..end * tokens];
            multiply_add(
                all.at(block, head),
                View::new(&keys, tokens),
                rows,
                tokens,
                [BLOCK, HEAD_WIDTH, end],
            );
            for (row, line) in (block..end).zip(rows.chunks_exact_mut(tokens)) {
                normalise(line, shape.begins[row], row + 1);
            }
            let out = &mut out[block * width + head..];
            multiply_add(
                View::new(rows, tokens),
                all.at(0, 2 * width + head),
                out,
                width,
                [BLOCK, end, HEAD_WIDTH],
            );
        }
        weights.push(scores);
    }
    (out, weights)
}

/// Softmax of what lies within `begin..end`; the rest becomes 0.
fn normalise(scores: &mut [f32], begin: usize, end: usize) {
    let max = scores[begin..end]
        .iter()
        .fold(f32::MIN, |max, x| if *x > max { *x } else { max });
    let mut sum = 0.0;
    for x in &mut scores[begin..end] {
        *x = exp((*x - max) * SCORE_SCALE);
        sum += *x;
    }
    let inverse = 1.0 / sum;
    scores[..begin].fill(0.0);
    scores[end..].fill(0.0);
    for x in &mut scores[begin..end] {
        *x *= inverse;
    }
}

/// The gradient of queries, keys and values, from that of the result.
pub(super) fn backward(
    shape: &Shape<'_>,
    query_key_value: &[f32],
    weights: &Weights,
    gradient: &[f32],
) -> Vec<f32> {
    let (width, tokens) = (shape.width, shape.begins.len());
    let mut out = vec![0.0; tokens * 3 * width];
    let all = View::new(query_key_value, 3 * width);
    let gradient = View::new(gradient, width);
    for (weights, head) in weights.iter().zip((0..width).step_by(HEAD_WIDTH)) {
        let values = transposed(all.at(0, 2 * width + head), tokens, HEAD_WIDTH);
        for block in (0..tokens).step_by(BLOCK) {
            let end = block + BLOCK;
            let rows = View::new(weights, tokens).at(block, 0);
            let turned = transposed(rows, BLOCK, end);
            let to_values = &mut out[2 * width + head..];
            multiply_add(
                View::new(&turned, BLOCK),
                gradient.at(block, head),
                to_values,
                3 * width,
                [end, BLOCK, HEAD_WIDTH],
            );

            let mut scores = vec![0.0; BLOCK * end];
            multiply_add(
                gradient.at(block, head),
                View::new(&values, tokens),
                &mut scores,
                end,
                [BLOCK, HEAD_WIDTH, end],
            );
            for (line, weights) in scores.chunks_exact_mut(end).zip(rows.data.chunks(tokens)) {
                let mean: f32 = line.iter().zip(weights).map(|(x, weight)| x * weight).sum();
                for (x, weight) in line.iter_mut().zip(weights) {
                    *x = weight * (*x - mean) * SCORE_SCALE;
                }
            }
            let to_queries = &mut out[block * 3 * width + head..];
            multiply_add(
                View::new(&scores, end),
                all.at(0, width + head),
                to_queries,
                3 * width,
                [BLOCK, end, HEAD_WIDTH],
            );
            let turned = transposed(View::new(&scores, end), BLOCK, end);
            let to_keys = &mut out[width + head..];
            multiply_add(
                View::new(&turned, BLOCK),
                all.at(block, head),
                to_keys,
                3 * width,
                [end, BLOCK, HEAD_WIDTH],
            );
        }
    }
    out
}
