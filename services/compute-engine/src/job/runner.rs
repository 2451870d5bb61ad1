//! The runner: compiles modules, keeps some, and runs as many jobs at a time as there are slots.

use std::{
    sync::{
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        Arc,
    },
    thread,
};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use wasmtime::{Engine, InstancePre, Linker};

use super::{
    engine,
    execute::{execute, runner},
    files::{Files, FilesError, Source},
    host::{define, State},
    kept::{Hash, Kept},
    limits::{Limits, LimitsError, MAX_INPUTS, MAX_INPUT_BYTES, MAX_MODULE},
    module::{check, ModuleError},
    progress::Shared,
    report::Fault,
    running::Running,
    shares::{Order, Shares},
};

/// How a runner works.
#[derive(Clone, Copy, Debug)]
pub struct RunnerConfig {
    /// Jobs that run at a time, each on one thread.
    pub slots: usize,
    /// Jobs that may wait for what others hold, besides those that run; more are refused. At the same time, as many as these and the slots
    /// together may have modules fetched or compiled.
    pub waiting: usize,
    /// Compiled modules that are kept, and refusals of others.
    pub modules: usize,
    /// Bytes of memory that running jobs may have together: what this machine can spare, since a system that gives more than it has ends
    /// the program instead of the job. Inputs come on top: as many times [`MAX_INPUT_BYTES`] as twice the slots.
    pub memory: u64,
    /// Bytes of output that jobs may have unread together, running ones and ended ones. Whoever reads nothing keeps its part of it until it
    /// hangs up, and others wait.
    pub output: u64,
    /// The most that a job may ask for.
    pub limits: Limits,
}

impl Default for RunnerConfig {
    /// A slot per processor, eight times as many waiting; per slot 256 MiB of memory and twice the longest output.
    fn default() -> Self {
        let slots = thread::available_parallelism().map_or(1, usize::from);
        let limits = Limits::MOST;
        Self {
            slots,
            waiting: 8 * slots,
            modules: 16,
            memory: (256 << 20) * slots as u64,
            output: 2 * u64::from(limits.output) * slots as u64,
            limits,
        }
    }
}

/// A job as somebody orders it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Job {
    /// The module.
    pub module: Source,
    /// Its inputs, in the order of their numbers.
    pub inputs: Vec<Source>,
    /// What it may use.
    pub limits: Limits,
}

/// Why a job does not start.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StartError {
    /// The module is none.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// The module or an input is not there.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// It asks for too much.
    #[error(transparent)]
    Limits(#[from] LimitsError),
    /// There are too many inputs, or too many bytes of them.
    #[error("a job has at most {MAX_INPUTS} inputs and {MAX_INPUT_BYTES} bytes of them")]
    Inputs,
    /// The module begins with more memory than the job may use.
    #[error("the module begins with {needed} bytes of memory, and the job may use {allowed}")]
    Memory {
        /// Bytes that it begins with.
        needed: u64,
        /// Bytes that it may use.
        allowed: u64,
    },
    /// As many jobs wait as may.
    #[error("all {waiting} places to wait are taken; try again later")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// Something here failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A module that is compiled.
#[derive(Clone)]
pub struct Module(Arc<Compiled>);

struct Compiled {
    hash: Hash,
    instance: InstancePre<State>,
    memory: u64,
}

impl Module {
    /// SHA-256 of the module's bytes.
    pub fn hash(&self) -> &Hash {
        &self.0.hash
    }

    /// Whether the module's first memory is within `limits`.
    fn check(&self, limits: &Limits) -> Result<(), StartError> {
        let (needed, allowed) = (self.0.memory, limits.memory.into());
        match needed > allowed {
            true => Err(StartError::Memory { needed, allowed }),
            false => Ok(()),
        }
    }

    #[cfg(test)]
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module").finish_non_exhaustive()
    }
}

/// Runs jobs. Clones are the same runner.
#[derive(Clone)]
pub struct Runner(Arc<Inner>);

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}

struct Inner {
    engine: Engine,
    linker: Linker<State>,
    config: RunnerConfig,
    shares: Shares,
    /// Jobs that run.
    running: Arc<AtomicUsize>,
    modules: Kept,
    /// Compilations at a time: one, since nobody pays for them by fuel.
    compiling: Arc<tokio::sync::Mutex<()>>,
}

impl Runner {
    /// A runner, with a thread that wakes while jobs run.
    pub fn new(config: RunnerConfig) -> Result<Self, Fault> {
        let engine = Engine::new(&engine::config()).map_err(runner)?;
        let mut linker = Linker::new(&engine);
        define(&mut linker).map_err(runner)?;
        let running = Arc::new(AtomicUsize::new(0));
        let alive = Arc::downgrade(&running);
        let ticking = engine.clone();
        let ticker = thread::Builder::new().name("job-ticker".into());
        ticker
            .spawn(move || engine::tick(&ticking, &alive))
            .map_err(|error| Fault::Runner(error.to_string()))?;
        Ok(Self(Arc::new(Inner {
            engine,
            linker,
            shares: Shares::new(&config),
            running,
            modules: Kept::new(config.modules),
            compiling: Arc::default(),
            config,
        })))
    }

    /// The most that a job may ask for.
    pub fn limits(&self) -> &Limits {
        &self.0.config.limits
    }

    /// Compiles a module, unless it was and is still kept. Whoever hangs up has it compiled and kept all the same.
    pub async fn load(&self, module: &Source, files: &dyn Files) -> Result<Module, StartError> {
        let place = self.0.shares.load()?;
        let bytes = module.get(files, MAX_MODULE as u64, Some(&place)).await?;
        if bytes.len() > MAX_MODULE {
            return Err(ModuleError::TooLong { found: bytes.len() }.into());
        }
        let held = Arc::clone(&place);
        let hashing = tokio::task::spawn_blocking(move || {
            let hash = Hash::from(Sha256::digest(&bytes));
            drop(held);
            (hash, bytes)
        });
        let (hash, bytes) = hashing.await.map_err(panicked)?;
        if let Some(known) = self.0.modules.get(&hash) {
            return known;
        }
        let turn = Arc::clone(&self.0.compiling).lock_owned().await;
        if let Some(known) = self.0.modules.get(&hash) {
            return known;
        }
        let this = Arc::clone(&self.0);
        let compiling = tokio::task::spawn_blocking(move || {
            let result = this.compile(&bytes, hash);
            // Before the next has its turn, and also when nobody waits any more.
            this.modules.put(hash, &result);
            drop((turn, place));
            result
        });
        compiling.await.map_err(panicked)?
    }

    /// Fetches and compiles what is needed, waits for a slot, and starts the job. How long fetching takes is for `files` to bound: inputs are
    /// fetched for as many orders at a time as there are slots.
    pub async fn start(&self, job: &Job, files: &dyn Files) -> Result<Running, StartError> {
        job.limits.check(self.limits())?;
        if job.inputs.len() > MAX_INPUTS {
            return Err(StartError::Inputs);
        }
        let module = self.load(&job.module, files).await?;
        module.check(&job.limits)?;
        let mut order = self.0.shares.order();
        let fetched = job
            .inputs
            .iter()
            .any(|input| matches!(input, Source::File(_)));
        let fetching = match fetched {
            true => Some(order.fetch().await?),
            false => None,
        };
        let mut inputs = Vec::new();
        let mut left = MAX_INPUT_BYTES;
        for input in &job.inputs {
            let bytes = input.get(files, left, fetching.as_ref()).await?;
            left = left
                .checked_sub(bytes.len() as u64)
                .ok_or(StartError::Inputs)?;
            inputs.push(bytes);
        }
        let running = self.begin(order, &module, inputs, job.limits).await;
        // From here on its slot bounds how many there are.
        drop(fetching);
        running
    }

    /// Waits for a slot and starts a job whose module is compiled and whose inputs are here.
    pub async fn start_loaded(
        &self,
        module: &Module,
        inputs: Vec<Bytes>,
        limits: Limits,
    ) -> Result<Running, StartError> {
        limits.check(self.limits())?;
        module.check(&limits)?;
        self.begin(self.0.shares.order(), module, inputs, limits)
            .await
    }

    async fn begin(
        &self,
        order: Order<'_>,
        module: &Module,
        inputs: Vec<Bytes>,
        limits: Limits,
    ) -> Result<Running, StartError> {
        let bytes = inputs.iter().map(|input| input.len() as u64).sum::<u64>();
        if inputs.len() > MAX_INPUTS || bytes > MAX_INPUT_BYTES {
            return Err(StartError::Inputs);
        }
        let room = order.room(&limits).await?;
        let shared = Arc::new(Shared::new(room.output));
        let cancelled = Arc::<AtomicBool>::default();
        let used = Arc::<AtomicU64>::default();
        let state = State {
            inputs,
            limits,
            shared: Arc::clone(&shared),
            cancelled: Arc::clone(&cancelled),
            used: Arc::clone(&used),
            written: 0,
            hash: Sha256::new(),
        };
        let running = Running {
            shared: Arc::clone(&shared),
            cancelled,
            used,
        };
        let held = room.run;
        self.0.spawn(module.clone(), state, shared, held)?;
        Ok(running)
    }

    #[cfg(test)]
    pub(super) fn compiling(&self) -> &Arc<tokio::sync::Mutex<()>> {
        &self.0.compiling
    }

    #[cfg(test)]
    pub(super) fn knows(&self, module: &[u8]) -> bool {
        self.0.modules.get(&Sha256::digest(module).into()).is_some()
    }
}

impl Inner {
    fn compile(&self, bytes: &[u8], hash: Hash) -> Result<Module, StartError> {
        let checked = check(bytes)?;
        let compiled = wasmtime::Module::new(&self.engine, &checked.code)
            .map_err(|error| ModuleError::Compile(format!("{error:#}")))?;
        let instance = self.linker.instantiate_pre(&compiled).map_err(runner)?;
        Ok(Module(Arc::new(Compiled {
            hash,
            instance,
            memory: checked.memory,
        })))
    }

    fn spawn(
        &self,
        module: Module,
        state: State,
        shared: Arc<Shared>,
        held: impl Send + 'static,
    ) -> Result<(), StartError> {
        let engine = self.engine.clone();
        let running = Arc::clone(&self.running);
        // The job has a stack of its own (`engine.rs`).
        let thread = thread::Builder::new().name("job".into());
        let job = move || {
            running.fetch_add(1, Ordering::Relaxed);
            let run = || execute(&engine, &module.0.instance, state);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            running.fetch_sub(1, Ordering::Relaxed);
            drop(held);
            shared.ended(result.unwrap_or_else(|_| Err(Fault::Runner("a panic".into()))));
        };
        let thread = thread.spawn(job).map_err(|_| Fault::HostMemory)?;
        // Nobody waits for it: it says itself that it ended.
        drop(thread);
        Ok(())
    }
}

fn panicked(error: tokio::task::JoinError) -> Fault {
    Fault::Runner(error.to_string())
}
