//! What applications ask for.

use bytes::Bytes;
use noema_compute_engine::form::Terms;
use noema_compute_primitives::{Hash, ModelName};

use crate::{
    openai::{Limits, Route},
    wire::PaidRoute,
};

/// A request of an application's.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) work: Work,
    pub(super) body: Bytes,
    pub(super) model: ModelName,
    pub(super) hash: Hash,
    pub(super) application: String,
    pub(super) limit: Option<u128>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Something of OpenAI's interface.
    Model {
        route: Route,
        limits: Limits,
        /// Whether the application asked for the usage of a stream.
        include_usage: bool,
    },
    /// A job with these terms.
    Job(Terms),
}

impl Asking {
    /// Where it is sent.
    pub(super) const fn route(&self) -> PaidRoute {
        match self.work {
            Work::Model { route, .. } => PaidRoute::Model(route),
            Work::Job(_) => PaidRoute::Jobs,
        }
    }

    /// The terms of a job.
    pub(super) const fn terms(&self) -> Option<Terms> {
        match self.work {
            Work::Job(terms) => Some(terms),
            Work::Model { .. } => None,
        }
    }

    /// Whether an answer can be a stream.
    pub(super) fn may_stream(&self) -> bool {
        !matches!(
            self.work,
            Work::Model {
                route: Route::Embeddings,
                ..
            }
        )
    }
}
