//! The line that says when, with what and where a section was measured.

use std::{fs, process::Command};

use anyhow::{ensure, Context};

/// Date, commit, compiler, processor, memory and how busy the machine was.
pub(crate) fn line() -> anyhow::Result<String> {
    let date = output("date", &["--utc", "+%Y-%m-%d %H:%M UTC"])?;
    let mut commit = output("git", &["rev-parse", "--short=10", "HEAD"])?;
    // The page itself changes while its sections are measured.
    let changed = [
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        ":!docs/benchmarks.md",
    ];
    if !output("git", &changed)?.is_empty() {
        commit.push_str(" with changes");
    }
    let compiler = output("rustc", &["--version"])?;
    let processors = std::thread::available_parallelism().context("count the processors")?;
    let plural = if processors.get() == 1 { "" } else { "s" };
    let information = fs::read_to_string("/proc/cpuinfo").context("read /proc/cpuinfo")?;
    let model = field(&information, "model name").unwrap_or("unknown processor");
    let lanes = match noema_commitment::lanes() {
        8 => "AVX-512",
        4 => "AVX2",
        _ => "no AVX2",
    };
    let memory = fs::read_to_string("/proc/meminfo").context("read /proc/meminfo")?;
    let memory = field(&memory, "MemTotal")
        .and_then(|total| total.strip_suffix("kB"))
        .and_then(|total| total.trim().parse::<u64>().ok())
        .context("expected MemTotal in kB in /proc/meminfo")?;
    let load = fs::read_to_string("/proc/loadavg").context("read /proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    Ok(format!(
        "{date}; commit {commit}; {compiler}; {processors} core{plural} of {model} ({lanes}), {:.0} GiB of memory; \
         load average before: {load}.\n",
        memory as f64 / f64::from(1 << 20)
    ))
}

/// What a program prints, without white space around it.
fn output(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("run {program}"))?;
    ensure!(
        output.status.success(),
        "{program} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The value of the first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "MemTotalX: 1 kB\nMemTotal:   5 kB\n";
        assert_eq!(field(text, "MemTotal"), Some("5 kB"));
        assert_eq!(field(text, "Mem"), None);
    }
}
