//! A text as a point: texts about the same things lie in the same direction.

use alloc::{string::String, vec::Vec};

use crate::{
    chat::{prompt, PromptError, Role, Turn},
    math::{dot, inverse_sqrt},
    network::Session,
    tokenizer::Token,
    weights::Weights,
};

/// The embedding of `text`, `width` numbers of length 1, and how many tokens were read for it, marks included.
///
/// It is what the network makes of the place where its answer to the text would begin, which is where it has gathered what the text is about;
/// less the mean of that over the training texts (`centre`): without it, all texts point in much the same direction.
pub fn embed(weights: &Weights<'_>, text: &str) -> Result<(Vec<f32>, usize), PromptError> {
    if text.trim().is_empty() {
        return Err(PromptError::Empty);
    }
    let turn = Turn {
        role: Role::User,
        text: String::from(text),
    };
    let context = weights.dimensions.context;
    let tokens = prompt(&weights.tokenizer, &[turn], context)?;
    let mut vector = gathered(weights, &tokens).ok_or(PromptError::TooLong {
        tokens: tokens.len(),
        context,
    })?;
    for (x, centre) in vector.iter_mut().zip(&weights.centre) {
        *x -= centre;
    }
    // Never zero, so that there is a direction.
    let scale = inverse_sqrt(dot(&vector, &vector) + 1e-12);
    for x in &mut vector {
        *x *= scale;
    }
    Ok((vector, tokens.len()))
}

/// What the network makes of the last of `tokens`; `None` if they do not fit into the context.
pub(crate) fn gathered(weights: &Weights<'_>, tokens: &[Token]) -> Option<Vec<f32>> {
    let mut session = Session::new(weights);
    for token in tokens {
        session.read(*token).ok()?;
    }
    Some(session.output().to_vec())
}
