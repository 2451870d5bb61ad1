//! What daemons do before their work: settings from flags, environment and file, logs, signals, the way to a node.

mod process;
mod settings;
mod units;

pub use process::{connect, init_logs, stopped, LogFormat};
pub use settings::{from_file, in_range, key, pick_key, SettingsError, NODE};
pub use units::Units;
