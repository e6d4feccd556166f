//! Who owns a file, by CODEOWNERS.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the file may be, from the root of the repository.
const PLACES: [&str; 4] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

/// The lines of a CODEOWNERS file.
#[derive(Debug)]
pub(super) struct Owners {
    root: PathBuf,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    pattern: Gitignore,
    /// `docs/*` speaks of the files of a folder, not of those further down.
    is_flat: bool,
    owners: Vec<String>,
}

impl Owners {
    /// Of the repository that `path` is in; nobody owns anything where there is no such file.
    pub(super) fn of(path: &Path) -> Self {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let root = path.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&path).to_owned();
        let text = PLACES.iter().find_map(|place| fs::read_to_string(root.join(place)).ok());
        let lines = text.iter().flat_map(|text| text.lines()).filter_map(|line| Line::read(&root, line)).collect();
        Owners { root, lines }
    }

    /// The last line that speaks of the file decides.
    pub(super) fn file(&self, path: &Path) -> Vec<String> {
        let Ok(path) = path.canonicalize() else { return Vec::new() };
        if !path.starts_with(&self.root) {
            return Vec::new();
        }
        let speaks = |line: &&Line| {
            let matched = if line.is_flat {
                line.pattern.matched(&path, false)
            } else {
                line.pattern.matched_path_or_any_parents(&path, false)
            };
            matched.is_ignore()
        };
        self.lines.iter().rev().find(speaks).map(|line| line.owners.clone()).unwrap_or_default()
    }
}

impl Line {
    fn read(root: &Path, line: &str) -> Option<Self> {
        let line = line.split(" #").next().unwrap_or_default().trim();
        // GitLab's sections group lines; their default owners are not looked at.
        if line.starts_with(['#', '[', '^', '!']) {
            return None;
        }
        let mut words = line.split_whitespace();
        let pattern = words.next()?;
        let mut builder = GitignoreBuilder::new(root);
        builder.add_line(None, pattern).ok()?;
        Some(Line {
            pattern: builder.build().ok()?,
            is_flat: pattern.ends_with("/*"),
            owners: words.map(str::to_owned).collect(),
        })
    }
}
