//! How much memory a process had at most, as the kernel counts it.

use std::{
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        Arc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Pause between two looks at a process that may end at any time.
const PAUSE: Duration = Duration::from_millis(10);

/// Greatest resident memory of a running process so far, in bytes (`VmHWM`). `None` when it is gone.
pub fn peak_resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Watches the memory of a process that ends by itself: the kernel forgets the figure when it does, so it is read every 10 ms.
#[derive(Debug)]
pub struct Watch {
    peak: Arc<AtomicU64>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts watching.
    pub fn start(pid: u32) -> Self {
        let (peak, end) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (to_peak, at_end) = (peak.clone(), end.clone());
        let thread = thread::spawn(move || {
            while !at_end.load(Ordering::Relaxed) {
                match peak_resident(pid) {
                    Some(bytes) => to_peak.fetch_max(bytes, Ordering::Relaxed),
                    None => return,
                };
                thread::sleep(PAUSE);
            }
        });
        Self {
            peak,
            end,
            thread: Some(thread),
        }
    }

    /// Stops watching; the greatest figure seen, in bytes.
    pub fn finish(mut self) -> u64 {
        self.stop();
        self.peak.load(Ordering::Relaxed)
    }

    fn stop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It reads a file and sleeps: nothing to fail.
            let _ = thread.join();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_peak_of_this_process_grows_with_what_it_touches() {
        let before = peak_resident(std::process::id()).unwrap();
        let watch = Watch::start(std::process::id());
        let touched = vec![1_u8; 64 << 20];
        assert!(touched.iter().step_by(4096).all(|byte| *byte == 1));
        thread::sleep(5 * PAUSE);
        assert!(watch.finish() >= before + (32 << 20));
    }

    #[test]
    fn a_process_that_is_gone_has_no_figure() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert_eq!(peak_resident(pid), None);
    }
}
