//! `noema upgrade`: another runtime for a running chain.

mod apply;
mod build;
mod check;
mod code;
mod fitness;
mod propose;
mod standing;
mod status;

pub(crate) use build::PLACE as BUILD_PLACE;

use crate::{args::upgrade::Upgrade, failure::Failure, session::Session};

pub(crate) async fn run(session: &Session, command: &Upgrade) -> Result<(), Failure> {
    match command {
        Upgrade::Build(build) => build::run(session, build).await,
        Upgrade::Check(check) => check::run(session, check).await,
        Upgrade::Propose(propose) => propose::run(session, propose).await,
        Upgrade::Apply(apply) => apply::run(session, apply).await,
        Upgrade::Status(status) => status::run(session, status).await,
    }
}
