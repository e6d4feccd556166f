//! The validation vectors: every code, with its place as people see it.

#![expect(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "a test that cannot be set up has failed")]
#![expect(clippy::disallowed_methods, reason = "the vectors are files; only the library does no I/O")]

use downhaul_core::check::{Source, check};
use downhaul_core::diagnostic::{Diagnostic, Severity};
use downhaul_core::read::Format;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// See tests/vectors/README.md.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    today: String,
    files: BTreeMap<String, Vec<String>>,
    valid: bool,
    expect: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    code: String,
    severity: Severity,
    pointer: String,
    message: Option<String>,
    help: Option<String>,
    underlined: Option<String>,
    file: Option<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn vectors() -> Vec<(String, Vec<Case>)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("tests/vectors/validation"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let cases = files.into_iter().map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        let topic = path.file_stem().unwrap().to_string_lossy().into_owned();
        (topic, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    });
    cases.collect()
}

fn sources(case: &Case) -> Vec<Source> {
    let sources = case.files.iter().map(|(name, lines)| Source {
        name: name.clone(),
        text: lines.join("\n"),
        format: Format::of_name(name),
    });
    sources.collect()
}

#[test]
fn vectors_hold() {
    let (mut cases, mut failures) = (0, Vec::new());
    for (topic, vectors) in vectors() {
        for case in &vectors {
            cases += 1;
            if let Err(why) = judge(case) {
                failures.push(format!("{topic}: {}: {why}", case.name));
            }
        }
    }
    assert!(cases > 120, "only {cases} cases");
    assert!(failures.is_empty(), "{} of {cases} fail:\n{}", failures.len(), failures.join("\n"));
}

fn judge(case: &Case) -> Result<(), String> {
    let sources = sources(case);
    let checked = check(&sources, Some(&case.today));
    let told = |what: &str| Err(format!("{what}; diagnostics:\n{}", list(&checked.diagnostics)));
    if checked.valid.is_some() != case.valid {
        return told(if case.valid { "it is refused" } else { "it is accepted" });
    }
    let mut left: Vec<&Diagnostic> = checked.diagnostics.iter().collect();
    for expected in &case.expect {
        let Some(found) =
            left.iter().position(|each| each.code == expected.code && each.place.pointer == expected.pointer)
        else {
            return told(&format!("no `{}` at `{}`", expected.code, expected.pointer));
        };
        let diagnostic = left.remove(found);
        let source = sources.iter().find(|source| Some(&source.name) == diagnostic.place.file.as_ref());
        let span = diagnostic.place.span;
        let underlined = source.zip(span).and_then(|(source, span)| source.text.get(span.start..span.end));
        let fits = diagnostic.severity == expected.severity
            && expected.message.as_ref().is_none_or(|part| diagnostic.message.contains(part))
            && expected
                .help
                .as_ref()
                .is_none_or(|part| diagnostic.help.as_ref().is_some_and(|help| help.contains(part)))
            && expected.underlined.as_ref().is_none_or(|text| underlined == Some(text))
            && expected.file.as_ref().is_none_or(|file| diagnostic.place.file.as_ref() == Some(file));
        if !fits {
            return Err(format!("`{}` is not as expected: {diagnostic:?}, underlined {underlined:?}", expected.code));
        }
        if let (Some(source), Some(span)) = (source, span) {
            position_fits(&source.text, span)?;
        }
        grammar(diagnostic)?;
    }
    if !left.is_empty() {
        return told("more is told than expected");
    }
    Ok(())
}

/// Line and column, counted in another way than the code under test does.
fn position_fits(text: &str, span: downhaul_core::diagnostic::Span) -> Result<(), String> {
    let before = &text[..span.start];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    if (span.line, span.column) == (line, column) {
        return Ok(());
    }
    Err(format!("{}:{} should be {line}:{column}", span.line, span.column))
}

/// One line, no final stop, and a small letter or the user's text first.
fn grammar(diagnostic: &Diagnostic) -> Result<(), String> {
    for text in std::iter::once(&diagnostic.message).chain(&diagnostic.help) {
        let first = text.chars().next().unwrap_or('.');
        if text.contains('\n') || text.ends_with('.') || (first.is_uppercase() && !text.starts_with("JSON")) {
            return Err(format!("bad grammar: {text}"));
        }
    }
    Ok(())
}

fn list(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|each| format!("    {} {each} ({:?})", each.code, each.help)).collect::<Vec<_>>().join("\n")
}
