//! The one way in for texts: read, put together, validate, and say where everything is.

use crate::diagnostic::Diagnostic;
use crate::document::FlagSet;
use crate::read::{self, DEPTH_LIMIT, Files, Format, PROBLEM_LIMIT, Reader};
use crate::validate::{self, Broken, Valid};
use std::collections::BTreeMap;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As people know it, such as its path.
    pub name: String,
    pub text: String,
    pub format: Format,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Present exactly if no diagnostic is an error.
    pub valid: Option<Valid>,
    /// In the order of the files and of their texts.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks a flag set: one file, or a folder of parts.
///
/// A single file holds a whole flag set, or one flag.
/// Of several, each holds a flag set or a part of one (any of its fields), or one flag; lists and names are put together, and
/// what stands twice is refused. Where no file names them, the environment is `local` and the revision 0.
/// Pointers are those of the whole; `today` is as for [`validate::validate`].
pub fn check(sources: &[Source], today: Option<&str>) -> Checked {
    check_and_lint(sources, today, |_| Vec::new())
}

/// The same, with warnings of the caller's about a document without errors; their pointers get their places.
pub fn check_and_lint(
    sources: &[Source],
    today: Option<&str>,
    lint: impl FnOnce(&FlagSet) -> Vec<Diagnostic>,
) -> Checked {
    let files = Files::named(sources.iter().map(|source| (source.name.as_str(), source.text.as_str())));
    let mut diagnostics = Vec::new();
    let mut nodes = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        match read::parse(&source.text, source.format, number, DEPTH_LIMIT) {
            Ok(node) => nodes.push(node),
            Err(mut diagnostic) => {
                diagnostic.place.file = Some(source.name.clone());
                diagnostics.push(diagnostic);
            }
        }
    }
    let total: usize = sources.iter().map(|source| source.text.len()).sum();
    if total > read::SIZE_LIMIT && diagnostics.is_empty() {
        diagnostics.push(read::too_large(total));
    }
    // What a file that cannot be parsed would have named is not known, so nothing can be said about references.
    if !diagnostics.is_empty() {
        return refused(sources, &files, diagnostics);
    }
    let mut merged = read::merge(&files, nodes);
    let mut reader = Reader::new(&files);
    let document = read::read_flag_set(&mut reader, &merged.root, merged.header);
    diagnostics.append(&mut merged.diagnostics);
    diagnostics.extend(reader.into_diagnostics());

    let broken = Broken::of(&diagnostics);
    let mut found = validate::problems(&document, today, &broken);
    for diagnostic in &mut found {
        locate(&files, &merged, diagnostic);
    }
    diagnostics.extend(found);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return refused(sources, &files, diagnostics);
    }
    let mut lints = lint(&document);
    for diagnostic in &mut lints {
        locate(&files, &merged, diagnostic);
    }
    diagnostics.extend(lints);
    finish(sources, &files, &mut diagnostics);
    Checked { valid: Some(Valid::without_errors(document)), diagnostics }
}

fn refused(sources: &[Source], files: &Files<'_>, mut diagnostics: Vec<Diagnostic>) -> Checked {
    finish(sources, files, &mut diagnostics);
    Checked { valid: None, diagnostics }
}

/// Sorts, cuts off and fills in lines and columns.
fn finish(sources: &[Source], files: &Files<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let order: BTreeMap<&str, usize> =
        sources.iter().enumerate().map(|(number, source)| (source.name.as_str(), number)).collect();
    diagnostics.sort_by_key(|diagnostic| {
        let file = diagnostic.place.file.as_deref().and_then(|file| order.get(file)).copied().unwrap_or(usize::MAX);
        (file, diagnostic.place.span.map_or(usize::MAX, |span| span.start))
    });
    read::cut_off(diagnostics, PROBLEM_LIMIT);
    files.fill_positions(diagnostics);
}

fn locate(files: &Files<'_>, merged: &read::Merged, diagnostic: &mut Diagnostic) {
    let range = read::locate(&merged.root, &diagnostic.place.pointer);
    files.put(diagnostic, range);
    let pointers = std::mem::take(&mut diagnostic.related);
    for related in pointers {
        let first = read::locate(&merged.root, &related.pointer);
        files.relate(diagnostic, first);
        if let Some(last) = diagnostic.related.last_mut() {
            last.pointer = related.pointer;
        }
        if let Some(words) = files.words(first, range) {
            let told = format!("the other is at {words}");
            diagnostic.help = Some(match diagnostic.help.take() {
                Some(help) => format!("{help} ({told})"),
                None => told,
            });
        }
    }
}
