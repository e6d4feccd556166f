//! The one way in for texts: read, put together, validate, and say where everything is.

use crate::diagnostic::{Diagnostic, Place};
use crate::document::{Flag, FlagSet};
use crate::read::{self, At, DEPTH_LIMIT, Files, Format, PROBLEM_LIMIT, Reader};
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

/// What came of one flag.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedFlag {
    /// The flag set with the flag in it; present exactly if no diagnostic is an error.
    pub valid: Option<Valid>,
    /// Present if its text can be read, also where what it names does not exist.
    pub flag: Option<Flag>,
    /// Of the flag, by pointers from its own root and in the order of its text; and errors that it makes elsewhere in the flag
    /// set, with an empty pointer.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks one flag as it would stand in a flag set that is valid, without reading the rest of that again: for whoever
/// edits one. It takes the place of the flag `instead_of`, or comes last.
pub fn check_flag(
    around: &FlagSet,
    instead_of: Option<&str>,
    text: &str,
    format: Format,
    today: Option<&str>,
) -> CheckedFlag {
    let files = Files::unnamed(text);
    // As deep as a flag lies in a flag set.
    let node = match read::parse(text, format, 0, DEPTH_LIMIT - 2) {
        Ok(node) => node,
        Err(diagnostic) => {
            let mut diagnostics = vec![diagnostic];
            files.fill_positions(&mut diagnostics);
            return CheckedFlag { valid: None, flag: None, diagnostics };
        }
    };
    let mut document = around.clone();
    let index =
        document.flags.iter().position(|flag| Some(flag.key.as_str()) == instead_of).unwrap_or(document.flags.len());
    let flags = At::ROOT.key("flags");
    let at = flags.index(index);
    let root = at.pointer();
    let mut reader = Reader::new(&files);
    let flag = read::read_flag(&mut reader, &node, at);
    let mut diagnostics = reader.into_diagnostics();
    let is_read = !diagnostics.iter().any(Diagnostic::is_error);
    match document.flags.get_mut(index) {
        Some(place) => *place = flag.clone(),
        None => document.flags.push(flag.clone()),
    }
    let mut found = validate::problems(&document, today, &Broken::of(&diagnostics));
    // Warnings of the others were there before, and so are not about this flag.
    found.retain(|diagnostic| diagnostic.is_error() || within(&root, &diagnostic.place.pointer).is_some());
    for diagnostic in &mut found {
        if let Some(own) = within(&root, &diagnostic.place.pointer) {
            let range = read::locate(&node, own);
            files.put(diagnostic, range);
        }
    }
    diagnostics.extend(found);
    for diagnostic in &mut diagnostics {
        let places = std::iter::once(&mut diagnostic.place).chain(&mut diagnostic.related);
        for place in places {
            place.pointer = within(&root, &place.pointer).unwrap_or_default().to_owned();
        }
        diagnostic.related.retain(|place| *place != Place::default());
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.place.span.map_or(usize::MAX, |span| span.start));
    read::cut_off(&mut diagnostics, PROBLEM_LIMIT);
    files.fill_positions(&mut diagnostics);
    let is_valid = !diagnostics.iter().any(Diagnostic::is_error);
    CheckedFlag { valid: is_valid.then(|| Valid::without_errors(document)), flag: is_read.then_some(flag), diagnostics }
}

/// The rest of a pointer that is `root` or lies within it.
fn within<'p>(root: &str, pointer: &'p str) -> Option<&'p str> {
    pointer.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'))
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

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = r#"{"schema": 1, "environment": "e", "revision": 3,
        "segments": {"staff": {"include": ["user-7"]}}, "flags": [FLAG, {"key": "other", "owner": "o", "kind": "ops",
        "review": "2020-01-01", "variants": {"on": true, "off": false}, "degraded": {"variant": "off", "meaning": "m"},
        "requires": [{"flag": "f", "variants": ["on"]}], "default": "off"}]}"#;
    const FLAG: &str = r#"{"key": "f", "owner": "o", "kind": "ops", "review": "2027-01-01",
        "variants": {"on": true, "off": false}, "degraded": {"variant": "off", "meaning": "m"}, "default": "off"}"#;

    fn checked(text: &str, instead_of: Option<&str>) -> CheckedFlag {
        let (around, _) = read::flag_set(&REST.replace("FLAG", FLAG), Format::Json).unwrap();
        check_flag(&around, instead_of, text, Format::Json, Some("2026-11-26"))
    }

    fn codes(checked: &CheckedFlag) -> Vec<(&str, &str)> {
        checked.diagnostics.iter().map(|each| (each.code.as_str(), each.place.pointer.as_str())).collect()
    }

    #[test]
    fn one_flag_is_checked_in_its_place() {
        let rules = |rules: &str| FLAG.replace("\"default\"", &format!("\"rules\": {rules}, \"default\""));
        let good = checked(&rules(r#"[{"when": [{"segment": ["staff"]}], "serve": "on"}]"#), Some("f"));
        assert_eq!(codes(&good), [], "the other flag's date has passed, which is not this one's matter");
        assert_eq!(good.valid.unwrap().document().flag("f").map(|flag| flag.rules.len()), Some(1));

        let text = rules(r#"[{"when": [{"segment": ["stuff"]}], "serve": "om"}]"#);
        let bad = checked(&text, Some("f"));
        assert_eq!(
            codes(&bad),
            [("unknown-segment", "/rules/0/when/0/segment/0"), ("unknown-variant", "/rules/0/serve")]
        );
        let span = bad.diagnostics[1].place.span.unwrap();
        assert_eq!((text.get(span.start..span.end), bad.valid, bad.flag.is_some()), (Some("\"om\""), None, true));

        let unread = checked(&rules(r#"[{"serve": 5}, {"serve": "om"}]"#), Some("f"));
        assert_eq!(codes(&unread), [("wrong-type", "/rules/0/serve"), ("unknown-variant", "/rules/1/serve")]);
        assert_eq!(unread.flag, None);
        assert_eq!(codes(&checked("{", Some("f"))).len(), 1);
    }

    #[test]
    fn what_it_breaks_elsewhere_is_said_without_a_place() {
        let renamed = FLAG.replace("\"on\"", "\"yes\"");
        assert_eq!(codes(&checked(&renamed, Some("f"))), [("unknown-variant", "")]);
        let twice = checked(FLAG, None);
        assert!(twice.valid.is_none(), "{:?}", codes(&twice));
    }
}
