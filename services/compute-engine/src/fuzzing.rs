//! What the fuzz targets need of the inside.

use noema_language_model::wire;

use crate::{
    builtin::{ApiError, ChatRequest, EmbeddingRequest},
    job::ModuleError,
};

/// A module as it is compiled.
pub fn counted(module: &[u8]) -> Result<Vec<u8>, ModuleError> {
    crate::job::check(module).map(|checked| checked.code)
}

/// Whether a module consists of the instructions that jobs may consist of.
pub fn valid(module: &[u8]) -> bool {
    wasmparser::Validator::new_with_features(crate::job::features())
        .validate_all(module)
        .is_ok()
}

/// What a chat's body asks of the model.
pub fn chat_job(body: &[u8]) -> Result<wire::Request, ApiError> {
    ChatRequest::parse(body)?.job()
}

/// What an embeddings' body asks of the model.
pub fn embedding_job(body: &[u8]) -> Result<wire::Request, ApiError> {
    EmbeddingRequest::parse(body)?
        .job()
        .map(|(request, _)| request)
}
