//! Deterministic jobs: `docs/design/compute-jobs.md`.

mod engine;
mod execute;
mod files;
mod flow;
mod host;
mod kept;
mod limits;
mod metering;
mod module;
mod progress;
mod report;
mod runner;
mod running;
mod shares;
mod stack;
#[cfg(test)]
mod tests;

pub use execute::FUEL_PART;
pub use files::{FileId, Files, FilesError, Source};
pub use host::ABI;
pub use limits::{
    Limits, LimitsError, MAX_BODY, MAX_FLOW, MAX_FUNCTIONS, MAX_INPUTS, MAX_INPUT_BYTES,
    MAX_MESSAGE, MAX_MODULE, MAX_MODULE_FLOW, MAX_MODULE_SWITCHING, MAX_NESTING, MAX_SWITCHING,
    MAX_TABLE, STACK_UNITS,
};
pub use metering::{set_up, units, INPUT_FUEL, MODULE_FUEL, UNIT_FUEL};
pub use module::ModuleError;
#[cfg(fuzzing)]
pub(crate) use module::{check, features};
pub use progress::JobEvent;
pub use report::{Fault, Outcome, Report, Trap};
pub use runner::{Job, Module, Runner, RunnerConfig, StartError};
pub use running::Running;
