//! Progress on a terminal: bars for bytes, a line for waiting.

use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use noema_storage::client::{OnProgress, Progress};

use crate::output::Output;

const TICK: Duration = Duration::from_millis(120);
const FILES: &str = "{prefix:10} [{bar:32}] {binary_bytes}/{binary_total_bytes} {msg} ({elapsed})";

/// A bar or a line that removes itself when it goes. Hidden unless a person is watching.
#[derive(Debug)]
pub(crate) struct Shown(ProgressBar);

impl Shown {
    /// A bar over `total` bytes.
    pub(crate) fn bytes(output: &Output, what: &str, total: u64) -> Self {
        let template =
            "{prefix:10} [{bar:32}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";
        let bar = Self::bar(output, ProgressBar::new(total), template);
        bar.0.set_prefix(what.to_owned());
        bar
    }

    /// A bar over the `total` bytes of several files, with room for words.
    pub(crate) fn files(output: &Output, what: &str, total: u64) -> Self {
        let bar = Self::bar(output, ProgressBar::new(total), FILES);
        bar.0.set_prefix(what.to_owned());
        bar.0.enable_steady_tick(TICK);
        bar
    }

    /// Moves the bar by the part of one file among others.
    pub(crate) fn part(&self) -> Part {
        Part {
            bar: self.0.clone(),
            done: Arc::default(),
        }
    }

    /// A line that says what is waited for.
    pub(crate) fn waiting(output: &Output, what: &str) -> Self {
        let line = Self::bar(
            output,
            ProgressBar::new_spinner(),
            "{spinner} {msg} ({elapsed})",
        );
        line.0.set_message(what.to_owned());
        line.0.enable_steady_tick(TICK);
        line
    }

    fn bar(output: &Output, bar: ProgressBar, template: &str) -> Self {
        bar.set_draw_target(if output.shows_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        });
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    /// Changes what the line says.
    pub(crate) fn say(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }

    /// Moves the bar as a transfer reports.
    pub(crate) fn on_progress(&self) -> OnProgress {
        let bar = self.0.clone();
        Arc::new(move |progress: Progress| {
            bar.set_length(progress.total);
            bar.set_position(progress.done);
        })
    }
}

/// What one file, or one attempt at it, adds to a bar over several.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    bar: ProgressBar,
    done: Arc<AtomicU64>,
}

impl Part {
    /// Moves the bar as a transfer reports.
    pub(crate) fn on_progress(&self) -> OnProgress {
        let part = self.clone();
        Arc::new(move |progress: Progress| part.reach(progress.done))
    }

    /// So many bytes are done.
    pub(crate) fn reach(&self, done: u64) {
        // Reports of several tasks may come out of order.
        let before = self.done.fetch_max(done, Ordering::Relaxed);
        self.bar.inc(done.saturating_sub(before));
    }

    /// It has to be done again.
    pub(crate) fn undo(&self) {
        self.bar.dec(self.done.swap(0, Ordering::Relaxed));
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_sound_and_nothing_is_shown_to_programs() {
        let output = Output::new(true);
        for shown in [
            Shown::bytes(&output, "hashing", 10),
            Shown::waiting(&output, "waiting"),
        ] {
            assert!(shown.0.is_hidden());
            shown.on_progress()(Progress { done: 5, total: 10 });
            assert_eq!(shown.0.position(), 5);
        }
        for template in [
            "{prefix:10} [{bar:32}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}",
            "{spinner} {msg} ({elapsed})",
            FILES,
        ] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }

    #[test]
    fn parts_of_several_files_add_up_and_are_taken_back_when_they_fail() {
        let shown = Shown::files(&Output::new(true), "storing", 100);
        let (first, second) = (shown.part(), shown.part());
        let tell = |part: &Part, done| part.on_progress()(Progress { done, total: 50 });
        tell(&first, 30);
        tell(&first, 20);
        tell(&second, 50);
        assert_eq!(shown.0.position(), 80);
        first.undo();
        assert_eq!(shown.0.position(), 50);
        tell(&first, 50);
        assert_eq!(shown.0.position(), 100);
    }
}
