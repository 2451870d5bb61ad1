//! Processor time and memory that processes used.

use std::{fs, time::Duration};

use anyhow::Context;
use nix::sys::{
    resource::{getrusage, UsageWho},
    time::TimeVal,
};

/// Ticks a second in `/proc`: what Linux shows to programs on every processor that it is built for here
/// (`USER_HZ`), whatever it counts itself.
const TICKS: u32 = 100;

/// Of this process, all threads, in user space and in the kernel.
pub(crate) fn own() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).context("ask for the time used")?;
    let time = |value: TimeVal| {
        let micros = value.tv_sec() * 1_000_000 + value.tv_usec();
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    };
    Ok(time(usage.user_time()) + time(usage.system_time()))
}

/// Of a running process, all threads, in user space and in the kernel.
pub(crate) fn of(pid: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let ticks = ticks(&stat).with_context(|| format!("expected times used in {path}"))?;
    Ok(Duration::from_secs(ticks) / TICKS)
}

/// Fields 14 and 15 of `/proc/<pid>/stat`; the name before them may contain anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some(user + system)
}

/// What a process has of memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Now (`VmRSS`).
    pub(crate) resident: u64,
    /// At most so far (`VmHWM`).
    pub(crate) peak: u64,
}

/// Memory of a running process.
pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let bytes = |name| kibibytes(&status, name).map(|kibibytes| kibibytes << 10);
    let memory = bytes("VmRSS:").zip(bytes("VmHWM:"));
    let (resident, peak) = memory.with_context(|| format!("expected memory used in {path}"))?;
    Ok(Memory { resident, peak })
}

fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_by_its_names() {
        let status = "VmHWMX: 1 kB\nVmHWM:\t  2048 kB\nVmRSS:\t  7 kB\n";
        assert_eq!(kibibytes(status, "VmHWM:"), Some(2048));
        assert_eq!(kibibytes(status, "VmRSS:"), Some(7));
        assert_eq!(kibibytes(status, "VmSwap:"), None);
        let own = memory(std::process::id()).unwrap();
        assert!(own.resident > 0 && own.peak >= own.resident);
    }

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 31 11 0 0 20 0";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("7 (a"), None);
    }

    #[test]
    fn the_time_of_this_process_is_the_same_from_both() {
        let before = own().unwrap();
        let seen = of(std::process::id()).unwrap();
        // A tick is 10 ms.
        assert!(seen + Duration::from_millis(50) >= before);
        assert!(seen <= own().unwrap() + Duration::from_millis(50));
    }
}
