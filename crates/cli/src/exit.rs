//! How a run ends: the exit status, which scripts may rely on, and what is said about a failure.

use crate::input::sources::Text;
use downhaul_core::diagnostic::Diagnostic;
use std::io;
use std::process::{ExitCode, Termination};

/// How every verb ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done as asked.
    Done,
    /// Could not run: a file, the network or the server failed.
    CouldNotRun,
    /// Refused: a wrong use of the command line, or the server said no.
    Refused,
    /// A plan that changes what someone is given. A run of `plan` that is refused ends with [`Exit::CouldNotRun`], so that
    /// this status says nothing else there.
    Changes,
    /// A verb that looks for something that should not be, such as `refs`, found it.
    Findings,
    /// The input is invalid: a document, a context, a chart.
    Invalid,
    /// A plan that changes more than its budget allows.
    OverBudget,
    /// Looked at, and not good enough: a release that is not ready, a rollback that has not proved recovery.
    NotGood,
}

impl Exit {
    /// The exit status.
    pub fn status(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::CouldNotRun => 1,
            Exit::Refused | Exit::Changes | Exit::Findings => 2,
            Exit::Invalid => 3,
            Exit::OverBudget | Exit::NotGood => 4,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.status())
    }
}

/// Why a run ended without its result.
///
/// Message: lower case, no final stop, the user's text in backticks, one line. What to do is in `help`.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// A stable kebab-case name.
    pub(crate) code: Box<str>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The problems of a refused document, already in the order to show.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What they point into.
    pub(crate) texts: Vec<Text>,
    /// The status with which a control plane refused.
    pub(crate) status: Option<u16>,
}

impl Failure {
    pub(crate) fn could_not_run(code: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::CouldNotRun, code, message.into())
    }

    pub(crate) fn refused(code: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, code, message.into())
    }

    pub(crate) fn invalid(code: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::Invalid, code, message.into())
    }

    fn new(exit: Exit, code: &str, message: String) -> Self {
        Failure {
            exit,
            code: code.into(),
            message,
            help: None,
            diagnostics: Vec::new(),
            texts: Vec::new(),
            status: None,
        }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub(crate) fn diagnostics(mut self, diagnostics: Vec<Diagnostic>, texts: Vec<Text>) -> Self {
        self.diagnostics = diagnostics;
        self.texts = texts;
        self
    }

    /// Standard output could not be written. A reader that went away (`downhaul eval … | head`) is no failure.
    pub(crate) fn writing(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Done, "reader-gone", String::new());
        }
        Self::could_not_run("cannot-write", format!("cannot write the output: {error}"))
            .help("make room on the disk or send the output elsewhere")
    }

    /// Whether the control plane did not let whoever asked do it.
    pub(crate) fn is_of_the_credential(&self) -> bool {
        matches!(self.status, Some(401 | 403))
    }

    /// Whether the control plane refused what was asked for, whoever asks.
    pub(crate) fn is_of_the_request(&self) -> bool {
        !self.is_of_the_credential() && self.status.is_some_and(|status| (400..500).contains(&status))
    }

    /// Nothing is said about this one.
    pub(crate) fn is_quiet(&self) -> bool {
        self.exit == Exit::Done
    }
}
