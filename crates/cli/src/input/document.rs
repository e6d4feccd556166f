use crate::exit::Failure;
use crate::input::sources::{self, Text};
use downhaul_core::check::{self, Checked, Source};
use downhaul_core::compile;
use downhaul_core::diagnostic::{Diagnostic, Span};
use downhaul_core::document::{Flag, FlagSet};
use downhaul_core::kills::Loaded as Compiled;
use downhaul_core::read::Format;
use downhaul_core::validate::Valid;
use std::path::PathBuf;

/// Flags that an error lists.
const NAMED_FLAGS: usize = 20;

/// A flag set without errors, and what it was read from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) valid: Valid,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) texts: Vec<Text>,
}

/// Reads and checks the flag set at `paths`; one with errors is a failure that holds them all.
///
/// No date is looked at: a passed `expires` never changes an answer.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Loaded, Failure> {
    let texts = sources::read(paths)?;
    let Checked { valid, diagnostics } = check(&texts, None);
    match valid {
        Some(valid) => Ok(Loaded { valid, warnings: diagnostics, texts }),
        None => Err(refused(diagnostics, &texts)),
    }
}

/// The flag set compiled for whoever may know all of it, with its kills.
pub(crate) fn compile(valid: &Valid) -> Compiled {
    compile::load(valid)
}

/// Checks the texts as one flag set.
pub(crate) fn check(texts: &[Text], today: Option<&str>) -> Checked {
    check_and_lint(texts, today, |_| Vec::new())
}

/// The same, and what `lint` warns of in a document without errors.
pub(crate) fn check_and_lint(
    texts: &[Text],
    today: Option<&str>,
    lint: impl FnOnce(&FlagSet) -> Vec<Diagnostic>,
) -> Checked {
    let mut sources = Vec::new();
    let mut not_text = Vec::new();
    for text in texts {
        match std::str::from_utf8(&text.bytes) {
            Ok(read) => sources.push(Source {
                name: text.name.clone(),
                text: read.to_owned(),
                format: Format::of_name(&text.name),
            }),
            Err(error) => not_text.push(not_utf8(text, error.valid_up_to())),
        }
    }
    if not_text.is_empty() {
        check::check_and_lint(&sources, today, lint)
    } else {
        Checked { valid: None, diagnostics: not_text }
    }
}

/// The flag with this key, or what keys there are.
pub(crate) fn flag<'a>(document: &'a FlagSet, key: &str) -> Result<&'a Flag, Failure> {
    document.flag(key).ok_or_else(|| {
        let failure = Failure::refused("unknown-flag", format!("there is no flag `{key}` in the flag set"));
        let known: Vec<&str> = document.flags.iter().map(|flag| flag.key.as_str()).take(NAMED_FLAGS).collect();
        let rest = document.flags.len().saturating_sub(known.len());
        match (known.is_empty(), rest) {
            (true, _) => failure.help("it has no flags at all"),
            (false, 0) => failure.help(format!("its flags are {}", known.join(", "))),
            (false, rest) => failure.help(format!("its flags are {}, and {rest} more", known.join(", "))),
        }
    })
}

/// Name and text of each source, or where one is not UTF-8.
pub(crate) fn utf8(texts: &[Text]) -> Result<Vec<(&str, &str)>, Failure> {
    let mut named = Vec::new();
    let mut diagnostics = Vec::new();
    for text in texts {
        match std::str::from_utf8(&text.bytes) {
            Ok(read) => named.push((text.name.as_str(), read)),
            Err(error) => diagnostics.push(not_utf8(text, error.valid_up_to())),
        }
    }
    if diagnostics.is_empty() {
        return Ok(named);
    }
    Err(refused(diagnostics, texts))
}

/// The failure of a verb whose document has errors.
pub(crate) fn refused(diagnostics: Vec<Diagnostic>, texts: &[Text]) -> Failure {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let message = format!("the flag set is refused: {}", crate::render::counted(errors, "error"));
    Failure::invalid("document-refused", message).diagnostics(diagnostics, texts.to_vec())
}

fn not_utf8(text: &Text, at: usize) -> Diagnostic {
    let before = text.bytes.get(..at).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(before.get(line_start..).unwrap_or_default()).chars().count() + 1;
    let mut diagnostic =
        Diagnostic::error("not-utf-8", "", format!("byte {at} is not UTF-8")).help("save the file as UTF-8");
    diagnostic.place.file = Some(text.name.clone());
    diagnostic.place.span = Some(Span { start: at, end: at + 1, line, column });
    diagnostic
}
