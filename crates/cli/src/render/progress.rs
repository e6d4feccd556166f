use crate::render::{Format, Output};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// How far a run is, on standard error. Shown on a terminal, and only where there is much to do: an answer within a second
/// needs no bar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// As indicatif writes it.
    pub(crate) template: &'static str,
    /// From this length on it is shown.
    pub(crate) long: u64,
}

impl Progress {
    /// Through a file.
    pub(crate) const BYTES: Progress =
        Progress { template: "{bar:40} {bytes} of {total_bytes}, {eta} left", long: 64 * 1024 * 1024 };

    /// `length` is not known of a pipe.
    pub(crate) fn bar(self, length: Option<u64>, output: &Output) -> ProgressBar {
        let is_shown = output.format != Format::Json || !std::io::stdout().is_terminal();
        let length = match length {
            Some(length) if length >= self.long && is_shown && std::io::stderr().is_terminal() => length,
            _ => return ProgressBar::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(self.template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}
