//! How results and failures are written: for people, line by line for scripts, or as JSON.
//!
//! Data goes to standard output and everything else to standard error. Colour is an aid and never the only sign; it is
//! left out where the output is no terminal or `NO_COLOR` is set.

mod diagnostics;
mod file;
mod progress;
mod table;
mod words;

pub(crate) use diagnostics::{human, plain_line};
pub(crate) use file::write_whole;
pub(crate) use progress::Progress;
pub(crate) use table::{Table, one_line};
pub(crate) use words::{ago, counted, grouped, kind_word, milliseconds, percent, role_words};

use crate::exit::{Exit, Failure};
use crate::input::sources::Text;
use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use owo_colors::OwoColorize;
use serde::Serialize;
use serde_json::json;
use std::io::Write;

/// How results and errors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people: colours, excerpts, tables.
    Human,
    /// For scripts and logs: one fact a line, no colours.
    Plain,
    /// For programs: JSON.
    Json,
}

/// What `--format` says. Not every verb takes every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Written {
    /// For people: colours, excerpts, tables
    Human,
    /// For scripts and logs: one fact a line, no colours
    Plain,
    /// For programs: JSON
    Json,
    /// For pull requests; errors and notes are plain
    Markdown,
}

impl Written {
    /// What most verbs take.
    pub(crate) const COMMON: &[Written] = &[Written::Human, Written::Plain, Written::Json];

    pub(crate) fn format(self) -> Format {
        match self {
            Written::Human => Format::Human,
            Written::Plain | Written::Markdown => Format::Plain,
            Written::Json => Format::Json,
        }
    }

    /// Takes these and no others.
    pub(crate) fn one_of(choices: &[Written]) -> impl TypedValueParser<Value = Written> {
        let values = choices.iter().filter_map(ValueEnum::to_possible_value);
        PossibleValuesParser::new(values).try_map(|text| Written::from_str(&text, false))
    }
}

/// Where a verb writes.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Output { format }
    }

    /// A line of data.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        let written = match self.format {
            Format::Human => write_line(&mut anstream::stdout().lock(), text.as_ref()),
            Format::Plain | Format::Json => write_line(&mut std::io::stdout().lock(), text.as_ref()),
        };
        written.map_err(|error| Failure::writing(&error))
    }

    /// A whole JSON document, for `--format json`; one line, so that it can be read line by line too.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.line(to_json(value)?)
    }

    /// A line beside the data, for people. JSON runs have none.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        if self.format != Format::Json {
            // Nothing can be done about a standard error that is gone.
            let _ = writeln!(anstream::stderr().lock(), "{}", text.as_ref());
        }
    }

    /// Warnings that come with a result, beside the data.
    pub(crate) fn warnings(&self, warnings: &[downhaul_core::diagnostic::Diagnostic], texts: &[Text]) {
        match self.format {
            Format::Human => {
                let _ = write!(anstream::stderr().lock(), "{}", human(warnings, texts));
            }
            Format::Plain => {
                for warning in warnings {
                    self.note(plain_line(warning));
                }
            }
            Format::Json => {
                for warning in warnings {
                    let _ = writeln!(anstream::stderr().lock(), "{}", json!({ "warning": warning }));
                }
            }
        }
    }

    /// Says why a run ended without its result.
    pub(crate) fn failure(&self, failure: &Failure) {
        if failure.is_quiet() {
            return;
        }
        // A failure of standard error leaves nothing to say it with.
        let _ = match self.format {
            Format::Human => self.human_failure(failure),
            Format::Plain => plain_failure(failure),
            Format::Json => writeln!(anstream::stderr().lock(), "{}", json_failure(failure)),
        };
    }

    fn human_failure(&self, failure: &Failure) -> std::io::Result<()> {
        let mut stderr = anstream::stderr().lock();
        let excerpts = human(&failure.diagnostics, &failure.texts);
        write!(stderr, "{excerpts}")?;
        writeln!(stderr, "{}: {}", "error".red().bold(), failure.message)?;
        match &failure.help {
            Some(help) => writeln!(stderr, "\n{}: {help}", "help".cyan()),
            None => Ok(()),
        }
    }
}

/// A wrong use of the command line, or a request for its help.
///
/// The format has not been parsed yet, so the arguments are searched for it.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    if error.exit_code() == 0 {
        // Help and version: data that was asked for.
        let _ = error.print();
        return Exit::Done;
    }
    let format = format_of_arguments(std::env::args()).unwrap_or(Format::Human);
    if format == Format::Human {
        let _ = error.print();
        return Exit::Refused;
    }
    let text = error.render().to_string();
    let (message, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let message = message.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ");
    let rest = rest.trim().replace("\n\n", "; ").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut failure = Failure::refused("usage", message);
    if !rest.is_empty() {
        failure = failure.help(rest);
    }
    Output::new(format).failure(&failure);
    Exit::Refused
}

fn write_line(into: &mut dyn Write, text: &str) -> std::io::Result<()> {
    writeln!(into, "{text}")?;
    into.flush()
}

/// `value` as one line of JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map_err(|error| Failure::could_not_run("cannot-write", format!("cannot write the result as JSON: {error}")))
}

fn plain_failure(failure: &Failure) -> std::io::Result<()> {
    let mut stderr = anstream::stderr().lock();
    for diagnostic in &failure.diagnostics {
        writeln!(stderr, "{}", plain_line(diagnostic))?;
    }
    write!(stderr, "error[{}]: {}", failure.code, failure.message)?;
    match &failure.help {
        Some(help) => writeln!(stderr, " ({help})"),
        None => writeln!(stderr),
    }
}

fn json_failure(failure: &Failure) -> serde_json::Value {
    let mut error = json!({ "code": failure.code, "message": failure.message });
    if let Some(members) = error.as_object_mut() {
        if let Some(help) = &failure.help {
            members.insert("help".to_owned(), json!(help));
        }
        if !failure.diagnostics.is_empty() {
            members.insert("diagnostics".to_owned(), json!(failure.diagnostics));
        }
    }
    json!({ "error": error })
}

fn format_of_arguments(arguments: impl Iterator<Item = String>) -> Option<Format> {
    let mut found = std::env::var("DOWNHAUL_FORMAT").ok();
    let mut is_next = false;
    for argument in arguments {
        if is_next {
            found = Some(argument);
            is_next = false;
        } else if argument == "--format" {
            is_next = true;
        } else if let Some(value) = argument.strip_prefix("--format=") {
            found = Some(value.to_owned());
        }
    }
    Written::from_str(&found?, true).ok().map(Written::format)
}
