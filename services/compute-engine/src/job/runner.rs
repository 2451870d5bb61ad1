//! The runner: compiles modules, keeps some, and runs as many jobs at a time as there are slots.

use std::{
    collections::VecDeque,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        Arc, Mutex, PoisonError,
    },
    thread,
};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Engine, InstancePre, Linker};

use super::{
    engine,
    execute::{execute, runner},
    files::{Files, FilesError, Source},
    host::{define, State},
    limits::{Limits, LimitsError, MAX_INPUTS, MAX_INPUT_BYTES, MAX_MODULE, NATIVE_STACK},
    module::{check, ModuleError},
    progress::Shared,
    report::Fault,
    running::Running,
};

/// Stack of a job's thread beyond what the job itself may take: for the runner's functions.
const OWN_STACK: usize = 1 << 20;

/// How a runner works.
#[derive(Clone, Copy, Debug)]
pub struct RunnerConfig {
    /// Jobs that run at a time, each on one thread.
    pub slots: usize,
    /// Jobs that may wait for a slot; more are refused.
    pub waiting: usize,
    /// Compiled modules that are kept.
    pub modules: usize,
    /// The most that a job may ask for.
    pub limits: Limits,
}

impl Default for RunnerConfig {
    /// A slot per processor, eight times as many waiting.
    fn default() -> Self {
        let slots = thread::available_parallelism().map_or(1, usize::from);
        Self {
            slots,
            waiting: 8 * slots,
            modules: 16,
            limits: Limits::MOST,
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
    hash: [u8; 32],
    instance: InstancePre<State>,
    memory: u64,
}

impl Module {
    /// SHA-256 of the module's bytes.
    pub fn hash(&self) -> &[u8; 32] {
        &self.0.hash
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
    slots: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Jobs that run.
    running: Arc<AtomicUsize>,
    /// Those used last at the end.
    modules: Mutex<VecDeque<Module>>,
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
            slots: Arc::new(Semaphore::new(config.slots.max(1))),
            waiting: AtomicUsize::new(0),
            running,
            modules: Mutex::new(VecDeque::new()),
            compiling: Arc::default(),
            config,
        })))
    }

    /// The most that a job may ask for.
    pub fn limits(&self) -> &Limits {
        &self.0.config.limits
    }

    /// Compiles a module, unless it was and is still kept.
    pub async fn load(&self, module: &Source, files: &dyn Files) -> Result<Module, StartError> {
        let bytes = module.get(files, MAX_MODULE as u64).await?;
        if bytes.len() > MAX_MODULE {
            return Err(ModuleError::TooLong { found: bytes.len() }.into());
        }
        let hash = <[u8; 32]>::from(Sha256::digest(&bytes));
        if let Some(module) = self.0.kept(&hash) {
            return Ok(module);
        }
        let turn = Arc::clone(&self.0.compiling).lock_owned().await;
        if let Some(module) = self.0.kept(&hash) {
            return Ok(module);
        }
        let this = Arc::clone(&self.0);
        let compiling = tokio::task::spawn_blocking(move || {
            // Goes on when nobody waits any more, and so does its turn.
            let module = this.compile(&bytes, hash);
            drop(turn);
            module
        });
        let module = compiling
            .await
            .map_err(|error| Fault::Runner(error.to_string()))??;
        self.0.keep(&module);
        Ok(module)
    }

    /// Fetches and compiles what is needed, waits for a slot, and starts the job.
    pub async fn start(&self, job: &Job, files: &dyn Files) -> Result<Running, StartError> {
        job.limits.check(self.limits())?;
        if job.inputs.len() > MAX_INPUTS {
            return Err(StartError::Inputs);
        }
        let _place = self.0.place()?;
        let module = self.load(&job.module, files).await?;
        let mut inputs = Vec::new();
        let mut left = MAX_INPUT_BYTES;
        for input in &job.inputs {
            let bytes = input.get(files, left).await?;
            left = left
                .checked_sub(bytes.len() as u64)
                .ok_or(StartError::Inputs)?;
            inputs.push(bytes);
        }
        self.begin(&module, inputs, job.limits).await
    }

    /// Waits for a slot and starts a job whose module is compiled and whose inputs are here.
    pub async fn start_loaded(
        &self,
        module: &Module,
        inputs: Vec<Bytes>,
        limits: Limits,
    ) -> Result<Running, StartError> {
        limits.check(self.limits())?;
        let _place = self.0.place()?;
        self.begin(module, inputs, limits).await
    }

    async fn begin(
        &self,
        module: &Module,
        inputs: Vec<Bytes>,
        limits: Limits,
    ) -> Result<Running, StartError> {
        let (needed, allowed) = (module.0.memory, limits.memory.into());
        if needed > allowed {
            return Err(StartError::Memory { needed, allowed });
        }
        let bytes = inputs.iter().map(|input| input.len() as u64).sum::<u64>();
        if inputs.len() > MAX_INPUTS || bytes > MAX_INPUT_BYTES {
            return Err(StartError::Inputs);
        }
        let slot = Arc::clone(&self.0.slots).acquire_owned().await;
        let slot = slot.map_err(|error| Fault::Runner(error.to_string()))?;
        let shared = Arc::<Shared>::default();
        let cancelled = Arc::<AtomicBool>::default();
        let state = State {
            inputs,
            limits,
            shared: Arc::clone(&shared),
            cancelled: Arc::clone(&cancelled),
            written: 0,
            hash: Sha256::new(),
        };
        let running = Running {
            shared: Arc::clone(&shared),
            cancelled,
        };
        self.0.spawn(module.clone(), state, shared, slot)?;
        Ok(running)
    }
}

impl Inner {
    fn compile(&self, bytes: &[u8], hash: [u8; 32]) -> Result<Module, StartError> {
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

    fn kept(&self, hash: &[u8; 32]) -> Option<Module> {
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        let at = modules.iter().position(|module| module.hash() == hash)?;
        let module = modules.remove(at)?;
        modules.push_back(module.clone());
        Some(module)
    }

    fn keep(&self, module: &Module) {
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        modules.push_back(module.clone());
        while modules.len() > self.config.modules {
            modules.pop_front();
        }
    }

    /// A place among those that fetch, compile or wait; given back when it is dropped.
    fn place(&self) -> Result<Place<'_>, StartError> {
        let most = self.config.waiting.max(1) + self.config.slots.max(1);
        let taken = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Place(&self.waiting);
        match taken < most {
            true => Ok(place),
            false => Err(StartError::Busy { waiting: most }),
        }
    }

    fn spawn(
        &self,
        module: Module,
        state: State,
        shared: Arc<Shared>,
        slot: OwnedSemaphorePermit,
    ) -> Result<(), StartError> {
        let engine = self.engine.clone();
        let running = Arc::clone(&self.running);
        let thread = thread::Builder::new()
            .name("job".into())
            .stack_size(NATIVE_STACK + OWN_STACK);
        let job = move || {
            running.fetch_add(1, Ordering::Relaxed);
            let run = || execute(&engine, &module.0.instance, state);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            running.fetch_sub(1, Ordering::Relaxed);
            drop(slot);
            shared.ended(result.unwrap_or_else(|_| Err(Fault::Runner("a panic".into()))));
        };
        let thread = thread.spawn(job).map_err(|_| Fault::HostMemory)?;
        // Nobody waits for it: it says itself that it ended.
        drop(thread);
        Ok(())
    }
}

struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
