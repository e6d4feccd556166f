//! Goes through a tree of files once, on all cores, and finds every key in it.

use super::keys::{How, Keys};
use crate::exit::Failure;
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkFinish, SinkMatch};
use ignore::{WalkBuilder, WalkState};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Columns of a line that are shown.
const LINE_WIDTH: usize = 200;

/// What is looked at.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) root: &'a Path,
    /// Hidden files too.
    pub(super) hidden: bool,
    /// Larger files are skipped, in bytes.
    pub(super) largest: u64,
    /// Files that are not looked at: those of the flag set itself.
    pub(super) without: BTreeSet<PathBuf>,
}

/// One place where a key stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Reference {
    pub(super) file: String,
    /// From 1.
    pub(super) line: u64,
    /// From 1, in characters.
    pub(super) column: usize,
    #[serde(skip)]
    pub(super) key: String,
    pub(super) how: How,
    pub(super) text: String,
}

/// A file that was not looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Skipped {
    pub(super) file: String,
    pub(super) why: String,
}

/// All that was found, in the order of files and lines.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) references: Vec<Reference>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) files: usize,
}

pub(super) fn scan(scope: &Scope<'_>, keys: &Keys) -> Result<Found, Failure> {
    if let Err(error) = std::fs::metadata(scope.root) {
        return Err(crate::input::sources::unreadable(scope.root, &error));
    }
    let found = Mutex::new(Found::default());
    let mut walk = WalkBuilder::new(scope.root);
    walk.hidden(!scope.hidden)
        .add_custom_ignore_filename(".downhaulignore")
        .filter_entry(|entry| entry.file_name() != ".git");
    walk.build_parallel().run(|| {
        let mut searcher = SearcherBuilder::new()
            .multi_line(true)
            .line_number(true)
            .binary_detection(BinaryDetection::quit(0))
            .build();
        let found = &found;
        Box::new(move |entry| {
            let mut of_file = Found::default();
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    let size = entry.metadata().map_or(0, |metadata| metadata.len());
                    search(scope, keys, &mut searcher, entry.path(), size, &mut of_file);
                }
                Ok(_) => {}
                Err(error) => of_file.skip(scope.root, &error.to_string()),
            }
            if let Ok(mut found) = found.lock() {
                found.files += of_file.files;
                found.references.extend(of_file.references);
                found.skipped.extend(of_file.skipped);
            }
            WalkState::Continue
        })
    });
    let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    found.references.sort();
    found.skipped.sort();
    Ok(found)
}

fn search(scope: &Scope<'_>, keys: &Keys, searcher: &mut Searcher, path: &Path, size: u64, found: &mut Found) {
    if !scope.without.is_empty() && path.canonicalize().is_ok_and(|path| scope.without.contains(&path)) {
        return;
    }
    if size > scope.largest {
        return found.skip(path, &format!("it has {size} bytes"));
    }
    let mut lines = Lines { keys, file: shown(path), references: Vec::new(), is_binary: false };
    match searcher.search_path(keys, path, &mut lines) {
        Ok(()) if lines.is_binary => found.skip(path, "it is binary"),
        Ok(()) => {
            found.files += 1;
            found.references.append(&mut lines.references);
        }
        Err(error) => found.skip(path, &crate::input::sources::describe(&error)),
    }
}

impl Found {
    fn skip(&mut self, path: &Path, why: &str) {
        self.skipped.push(Skipped { file: shown(path), why: why.to_owned() });
    }
}

fn shown(path: &Path) -> String {
    path.strip_prefix("./").unwrap_or(path).display().to_string()
}

/// Takes the lines of one file that have a key in them.
struct Lines<'a> {
    keys: &'a Keys,
    file: String,
    references: Vec<Reference>,
    is_binary: bool,
}

impl Sink for Lines<'_> {
    type Error = io::Error;

    fn matched(&mut self, _searcher: &Searcher, lines: &SinkMatch<'_>) -> Result<bool, io::Error> {
        let text = lines.bytes();
        let mut at = 0;
        while let Some(hit) = self.keys.next(text, at) {
            at = hit.span.end;
            let before = text.get(..hit.key.start).unwrap_or_default();
            let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let rest = text.get(line_start..).unwrap_or_default();
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let breaks = before.iter().filter(|byte| **byte == b'\n').count();
            let to_key = before.get(line_start..).unwrap_or_default();
            self.references.push(Reference {
                file: self.file.clone(),
                line: lines.line_number().unwrap_or(1) + breaks as u64,
                column: String::from_utf8_lossy(to_key).chars().count() + 1,
                key: String::from_utf8_lossy(text.get(hit.key.clone()).unwrap_or_default()).into_owned(),
                how: hit.how,
                text: String::from_utf8_lossy(line).trim().chars().take(LINE_WIDTH).collect(),
            });
        }
        Ok(true)
    }

    fn finish(&mut self, _searcher: &Searcher, finish: &SinkFinish) -> Result<(), io::Error> {
        self.is_binary = finish.binary_byte_offset().is_some();
        Ok(())
    }
}
