//! How jobs end.

/// What came of a job. Everybody who runs the same module with the same inputs and limits gets an equal one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// Fuel that was used: exactly, if the job ended by itself; all that there was, if it trapped.
    pub fuel: u64,
    /// Bytes of output. What was written before a failure or trap counts.
    pub output_len: u64,
    /// SHA-256 of the output.
    pub output_hash: [u8; 32],
}

/// How a job ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It returned.
    Completed,
    /// It said that it failed.
    Failed(
        /// What it said: at most 1 KiB, and what is no UTF-8 replaced.
        String,
    ),
    /// It did what no job may.
    Trapped(Trap),
}

/// What no job may do.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum Trap {
    /// It ran an `unreachable` instruction.
    #[error("the job reached an unreachable instruction")]
    Unreachable,
    /// It accessed memory that it does not have, itself or by a call of the runner.
    #[error("the job accessed memory beyond its own")]
    MemoryBounds,
    /// It called through an entry that its table does not have.
    #[error("the job called beyond its table")]
    TableBounds,
    /// It called through an empty entry of its table.
    #[error("the job called an empty entry of its table")]
    NullCall,
    /// It called a function as what it is not.
    #[error("the job called a function with another type than its own")]
    CallType,
    /// It divided by zero.
    #[error("the job divided an integer by zero")]
    DivisionByZero,
    /// It divided the smallest integer by −1, or converted a float to an integer that is too small for it.
    #[error("the job divided the smallest integer by -1, or converted a float to an integer that cannot hold it")]
    IntegerOverflow,
    /// It converted NaN to an integer.
    #[error("the job converted a float that is no number to an integer")]
    FloatToInteger,
    /// It used all of its fuel.
    #[error("the job used all of its fuel")]
    OutOfFuel,
    /// Its calls were nested too deeply.
    #[error("the job's calls were nested too deeply")]
    StackOverflow,
    /// It wrote more than it may.
    #[error("the job wrote more output than it may")]
    OutputLimit,
    /// It asked for an input that it was not given.
    #[error("the job asked for an input that it was not given")]
    NoSuchInput,
}

impl Trap {
    /// Its name in answers: never changed, since results are compared by it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::MemoryBounds => "memory_bounds",
            Self::TableBounds => "table_bounds",
            Self::NullCall => "null_call",
            Self::CallType => "call_type",
            Self::DivisionByZero => "division_by_zero",
            Self::IntegerOverflow => "integer_overflow",
            Self::FloatToInteger => "float_to_integer",
            Self::OutOfFuel => "out_of_fuel",
            Self::StackOverflow => "stack_overflow",
            Self::OutputLimit => "output_limit",
            Self::NoSuchInput => "no_such_input",
        }
    }
}

/// Why there is no result: something here, not in the job. Another try may have one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// Whoever wanted the result wanted it no more.
    #[error("the job was cancelled")]
    Cancelled,
    /// The machine has too little memory left.
    #[error("this machine has no memory left for the job")]
    HostMemory,
    /// Compiled code took more stack than it can. The runner's own bound is too small.
    #[error("the job took more of the machine's stack than the runner reserved for it")]
    NativeStack,
    /// The runner failed.
    #[error("the runner failed: {0}")]
    Runner(String),
}
