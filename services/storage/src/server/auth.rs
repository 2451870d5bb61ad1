//! Who may upload.

use axum::http::{header, HeaderMap, StatusCode};
use noema_chain_client::{AccountId, FileId};

use super::App;
use crate::{
    replies::Refusal,
    token::{TokenError, UploadToken},
    unix_now,
};

/// Checks the token of an upload: signed by the owner of a deal in finalised state in which this
/// provider has a slot, for this file and provider, and in time. Returns the owner.
pub(super) fn check(app: &App, headers: &HeaderMap, file: &FileId) -> Result<AccountId, Refusal> {
    let missing = TokenError::Malformed("it is missing");
    let value = headers.get(header::AUTHORIZATION).ok_or(missing)?;
    let value = value
        .to_str()
        .map_err(|_| TokenError::Malformed("it is not ASCII"))?;
    let token = UploadToken::from_header(value)?;
    // The cheap question first: who has no deal costs no signature check.
    let owner = token.owner();
    if !app.directory.is_owner(file, &owner)? {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "not_the_owner",
            format!("{owner} has no deal for this file in which this provider has a slot"),
        ));
    }
    token.verify(&app.genesis, file, &app.provider, unix_now())?;
    Ok(owner)
}
