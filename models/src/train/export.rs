//! From a trained model to the weights file.

use std::{string::String, vec, vec::Vec};

use super::{
    corpus::{Corpus, Document},
    model::{turns, Model},
    optimiser::Parameter,
};
use crate::{
    chat::prompt,
    embed::gathered,
    quantised::{round, MAX},
    sample::Random,
    tokenizer::{Token, Tokenizer},
    weights::{Weights, MAGIC},
    Role, Turn,
};

/// Documents that the centre of embeddings is the mean of.
const CENTRE_OF: usize = 400;
/// Characters that are read of each.
const CENTRE_CHARACTERS: usize = 100;

/// The weights file of `model`, as [`Weights`] reads it.
pub fn weights_file(
    model: &Model,
    merges: &[(Token, Token)],
    tokenizer: &Tokenizer,
    corpus: &Corpus,
) -> Vec<u8> {
    let dimensions = &model.dimensions;
    let mut out = MAGIC.to_vec();
    let turns = turns();
    for number in [
        dimensions.vocabulary,
        dimensions.width,
        dimensions.layers,
        dimensions.hidden,
        dimensions.context,
        turns.len(),
    ] {
        out.extend((number as u32).to_le_bytes());
    }
    for (left, right) in merges {
        out.extend(left.to_le_bytes());
        out.extend(right.to_le_bytes());
    }
    for (cos, sin) in turns {
        floats(&mut out, &[cos, sin]);
    }
    matrix(&mut out, &model.embedding);
    for layer in &model.layers {
        floats(&mut out, &layer.attention_gain.value);
        matrix(&mut out, &layer.query_key_value);
        matrix(&mut out, &layer.attention_out);
        floats(&mut out, &layer.perceptron_gain.value);
        matrix(&mut out, &layer.up);
        matrix(&mut out, &layer.down);
    }
    floats(&mut out, &model.last_gain.value);
    let without = out.len();
    floats(&mut out, &vec![0.0; dimensions.width]);
    let centre = centre(&out, tokenizer, corpus);
    out.truncate(without);
    floats(&mut out, &centre);
    out
}

fn floats(out: &mut Vec<u8>, floats: &[f32]) {
    for x in floats {
        out.extend(x.to_le_bytes());
    }
}

/// Scales, then integers: each row to its own largest element.
fn matrix(out: &mut Vec<u8>, matrix: &Parameter) {
    let rows = || matrix.value.chunks_exact(matrix.shape[1]);
    let scales: Vec<f32> = rows()
        .map(|row| {
            row.iter()
                .fold(0.0, |max: f32, x| if x.abs() > max { x.abs() } else { max })
                / MAX
        })
        .collect();
    floats(out, &scales);
    for (row, scale) in rows().zip(&scales) {
        let inverse = if *scale > 0.0 { 1.0 / scale } else { 0.0 };
        out.extend(row.iter().map(|x| round(x * inverse) as i8 as u8));
    }
}

/// The mean over documents, of conversations their first turn, of what embeddings are made of.
fn centre(file: &[u8], tokenizer: &Tokenizer, corpus: &Corpus) -> Vec<f32> {
    let weights = Weights::read(file).expect("a file that was just written is sound");
    let mut random = Random::new(2);
    let mut sum = vec![0.0; weights.dimensions.width];
    let mut count = 0.0f32;
    while count < CENTRE_OF as f32 {
        let text = match corpus.draw(&mut random) {
            Document::Prose(text) => text,
            Document::Conversation(turns) => match turns.into_iter().next() {
                Some(turn) => turn.text,
                None => continue,
            },
        };
        let text: String = text.chars().take(CENTRE_CHARACTERS).collect();
        let turn = Turn {
            role: Role::User,
            text,
        };
        let Ok(tokens) = prompt(tokenizer, &[turn], weights.dimensions.context) else {
            continue;
        };
        if let Some(vector) = gathered(&weights, &tokens) {
            count += 1.0;
            for (sum, x) in sum.iter_mut().zip(vector) {
                *sum += x;
            }
        }
    }
    sum.iter().map(|x| x / count).collect()
}
