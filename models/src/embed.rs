//! A text as a point: texts about the same things lie in the same direction.

use alloc::{vec, vec::Vec};

use crate::{
    math::{dot, inverse_sqrt},
    network::Session,
    tokenizer::{Special, Token},
    weights::Weights,
    PromptError, MAX_PROMPT_BYTES,
};

/// The embedding of `text`, `width` numbers of length 1, and how many tokens were read for it.
///
/// It is the mean of what the network makes of each token, less the mean over the training texts (`centre`): without that, all texts point
/// in much the same direction.
pub fn embed(weights: &Weights<'_>, text: &str) -> Result<(Vec<f32>, usize), PromptError> {
    let context = weights.dimensions.context;
    if text.len() > MAX_PROMPT_BYTES {
        return Err(PromptError::TooLong { tokens: 0, context });
    }
    let tokens = weights.tokenizer.encode(text.trim());
    if tokens.is_empty() {
        return Err(PromptError::Empty);
    }
    let count = tokens.len() + 1;
    let too_long = PromptError::TooLong {
        tokens: count,
        context,
    };
    if count > context {
        return Err(too_long);
    }
    let mut mean = mean_output(weights, &tokens).ok_or(too_long)?;
    for (x, centre) in mean.iter_mut().zip(&weights.centre) {
        *x -= centre;
    }
    // Never zero, so that there is a direction.
    let scale = inverse_sqrt(dot(&mean, &mean) + 1e-12);
    for x in &mut mean {
        *x *= scale;
    }
    Ok((mean, count))
}

/// The mean over `tokens` of what the network makes of each; `None` if they do not fit into the context or there are none.
pub(crate) fn mean_output(weights: &Weights<'_>, tokens: &[Token]) -> Option<Vec<f32>> {
    let mut session = Session::new(weights);
    session.read(Special::Document as Token).ok()?;
    let mut mean = vec![0.0; weights.dimensions.width];
    for token in tokens {
        session.read(*token).ok()?;
        for (sum, x) in mean.iter_mut().zip(session.output()) {
            *sum += x;
        }
    }
    let inverse = 1.0 / tokens.len() as f32;
    for x in &mut mean {
        *x *= inverse;
    }
    Some(mean).filter(|_| !tokens.is_empty())
}
