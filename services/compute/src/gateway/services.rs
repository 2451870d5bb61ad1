//! The services of a gateway, and what works for each.

use std::sync::Arc;

use noema_compute_primitives::{ModelName, ServiceId};
use tokio::sync::Semaphore;

use crate::{
    engine::{Engine, EngineError},
    jobs::JobPool,
    openai::Passes,
};

/// What works for a service.
#[derive(Clone)]
pub enum Behind {
    /// An engine that answers in the form of OpenAI's interface.
    Engine(Arc<dyn Engine>),
    /// The process that runs jobs ([`GatewayConfig::jobs`](super::GatewayConfig::jobs)).
    Jobs,
}

/// A service, and what answers for it.
#[derive(Clone)]
pub struct ServiceConfig {
    /// Its number on chain.
    pub service: ServiceId,
    /// Its model, as the chain has it.
    pub model: ModelName,
    /// What works.
    pub behind: Behind,
    /// Requests at the same time.
    pub parallel: usize,
    /// What of a request reaches the engine, beside what OpenAI's interface has.
    pub passes: Passes,
}

impl std::fmt::Debug for ServiceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceConfig")
            .field("service", &self.service)
            .field("parallel", &self.parallel)
            .finish_non_exhaustive()
    }
}

impl ServiceConfig {
    /// Whether it needs the process that runs jobs.
    pub(super) const fn sells_jobs(&self) -> bool {
        matches!(self.behind, Behind::Jobs)
    }

    /// Does what an engine can do before the first request.
    pub(super) async fn prepare(&self) -> Result<(), EngineError> {
        match &self.behind {
            Behind::Engine(engine) => engine.prepare().await,
            Behind::Jobs => Ok(()),
        }
    }
}

/// What works for a service, as it runs.
#[derive(Clone)]
pub(super) enum Worker {
    Engine(Arc<dyn Engine>),
    Jobs(Arc<JobPool>),
}

/// A service with its places.
pub(super) struct ServiceSlot {
    pub(super) service: ServiceId,
    pub(super) model: ModelName,
    pub(super) behind: Worker,
    pub(super) passes: Passes,
    pub(super) places: Arc<Semaphore>,
}

impl ServiceSlot {
    /// A service as it runs. None when it sells jobs and there is no pool.
    pub(super) fn of(config: ServiceConfig, pool: Option<&Arc<JobPool>>) -> Option<Self> {
        Some(Self {
            service: config.service,
            model: config.model,
            behind: match config.behind {
                Behind::Engine(engine) => Worker::Engine(engine),
                Behind::Jobs => Worker::Jobs(pool?.clone()),
            },
            passes: config.passes,
            places: Arc::new(Semaphore::new(config.parallel.max(1))),
        })
    }
}
