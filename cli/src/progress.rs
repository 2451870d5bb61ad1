//! Progress on a terminal: bars for bytes, a line for waiting.

use std::{sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use noema_storage::client::{OnProgress, Progress};

use crate::output::Output;

const TICK: Duration = Duration::from_millis(120);

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
        ] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
