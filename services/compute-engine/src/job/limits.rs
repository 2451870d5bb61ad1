//! What a job may use.

/// What one job may use. All of it counts the same on every machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Units of fuel: about one per instruction (`docs/design/compute-jobs.md`).
    pub fuel: u64,
    /// Bytes of memory.
    pub memory: u32,
    /// Bytes of output.
    pub output: u32,
}

impl Limits {
    /// The most that anybody can ask for: a thousand thousand million instructions (minutes of arithmetic; hours where each waits
    /// for memory), 1 GiB of memory, 64 MiB of output.
    pub const MOST: Self = Self {
        fuel: 1_000_000_000_000,
        memory: 1 << 30,
        output: 64 << 20,
    };

    /// Whether this asks for no more than `most`.
    pub fn check(&self, most: &Self) -> Result<(), LimitsError> {
        let limits = [
            ("fuel", self.fuel, most.fuel),
            ("memory", self.memory.into(), most.memory.into()),
            ("output", self.output.into(), most.output.into()),
        ];
        for (what, asked, allowed) in limits {
            if asked > allowed {
                return Err(LimitsError {
                    what,
                    asked,
                    allowed,
                });
            }
        }
        Ok(())
    }
}

/// More was asked for than is given here.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the job asks for {asked} of {what}, and at most {allowed} is given here")]
pub struct LimitsError {
    /// Of what: `fuel`, `memory` or `output`.
    pub what: &'static str,
    /// How much was asked for.
    pub asked: u64,
    /// How much is given.
    pub allowed: u64,
}

/// The longest module, in bytes.
pub const MAX_MODULE: usize = 8 << 20;
/// The longest body of a function in a module, in bytes. Compilation takes more than linear time in it.
pub const MAX_BODY: usize = 128 << 10;
/// The most blocks, loops and conditions of a function within each other.
pub const MAX_NESTING: u64 = 2_048;
/// The most that a function may ask of the compiler's memory: its values times the places where its control flow goes on (`flow.rs`).
pub const MAX_FLOW: u64 = 1 << 20;
/// The most of that for all functions of a module together.
pub const MAX_MODULE_FLOW: u64 = 1 << 24;
/// The most that the branch tables of a function may ask of the compiler's time: its values times each table's entries times its targets.
pub const MAX_SWITCHING: u64 = 1 << 28;
/// The most of that for all functions of a module together.
pub const MAX_MODULE_SWITCHING: u64 = 1 << 30;
/// The most functions of a module.
pub const MAX_FUNCTIONS: u32 = 20_000;
/// The most entries of a module's table.
pub const MAX_TABLE: u64 = 65_536;
/// The most inputs of a job.
pub const MAX_INPUTS: usize = 16;
/// The most bytes of all inputs together.
pub const MAX_INPUT_BYTES: u64 = 1 << 30;
/// The most bytes that are kept of what a job says when it fails.
pub const MAX_MESSAGE: u32 = 1_024;

/// What calls may take of the stack, in units: a function takes 8, its parameters and locals one each, and one for four of its instructions.
pub const STACK_UNITS: u32 = 131_072;
/// Bytes of the machine's stack that a job is given for those units. It is never what ends a job: 512 bytes per unit are more than
/// compiled code can take, since a value takes at most 16 and an instruction yields at most one: neither functions nor blocks have
/// several results.
pub(crate) const NATIVE_STACK: usize = 64 << 20;
/// Bytes of the machine's stack beyond what the job itself may take: for the runner's functions.
pub(crate) const OWN_STACK: usize = 1 << 20;
