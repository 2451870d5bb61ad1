//! Embeddings out of the model's job.

use noema_language_model::wire::Event;

use super::{
    chat::{unexpected, Events},
    ApiError,
};
use crate::job::Running;

/// The embeddings of `texts` texts, and how many tokens were read for them.
pub(super) async fn collect(
    running: Running,
    texts: usize,
) -> Result<(Vec<Vec<f32>>, u32), ApiError> {
    let mut events = Events::new(running);
    let (mut vectors, mut all) = (Vec::new(), 0u32);
    while vectors.len() < texts {
        match events.next().await? {
            Event::Embedding { tokens, vector } => {
                all = all.saturating_add(tokens);
                vectors.push(vector);
            }
            Event::Refused(why) => {
                return Err(ApiError::prompt(&format!("input[{}]", vectors.len()), why))
            }
            other => return Err(unexpected(&other)),
        }
    }
    Ok((vectors, all))
}
