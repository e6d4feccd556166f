//! Flag sets from files and folders.

use crate::failure::Failure;
use crate::sources::unreadable;
use downhaul_core::check::{Source, check};
use downhaul_core::read::Format;
use downhaul_core::validate::Valid;
use std::fs;
use std::path::{Path, PathBuf};

/// Reads and checks a flag set: a file, or a folder of all `.json`, `.yaml` and `.yml` files in it.
///
/// # Errors
/// Where it cannot be read, or has errors: then it names each with its place.
pub fn read(path: &Path) -> Result<Valid, Failure> {
    let mut files = Vec::new();
    if path.is_dir() {
        collect(path, 0, &mut files)?;
        files.sort();
        if files.is_empty() {
            return Err(Failure::could_not_run("empty-folder", format!("no document in `{}`", path.display()))
                .help("a folder of flags holds files that end in .json, .yaml or .yml"));
        }
    } else {
        files.push(path.to_owned());
    }
    let mut sources = Vec::new();
    for file in files {
        let bytes = fs::read(&file).map_err(|error| unreadable(&file, &error))?;
        let name = file.display().to_string();
        let text = String::from_utf8(bytes).map_err(|_| {
            Failure::invalid("not-utf-8", format!("`{name}` is not UTF-8")).help("save the file as UTF-8")
        })?;
        sources.push(Source { format: Format::of_name(&name), name, text });
    }
    let checked = check(&sources, None);
    checked.valid.ok_or_else(|| {
        let errors: Vec<String> = checked
            .diagnostics
            .iter()
            .filter(|each| each.is_error())
            .map(|each| {
                let place = each.place.file.clone().unwrap_or_default();
                let line =
                    each.place.span.as_ref().map(|span| format!(":{}:{}", span.line, span.column)).unwrap_or_default();
                format!("\n  {place}{line}: {}", each.message)
            })
            .collect();
        let message =
            format!("the flag set `{}` is refused: {} errors{}", path.display(), errors.len(), errors.concat());
        Failure::invalid("document-refused", message).help("`downhaul check` shows each with what mends it")
    })
}

fn collect(folder: &Path, depth: usize, into: &mut Vec<PathBuf>) -> Result<(), Failure> {
    const DEPTH: usize = 16;
    if depth > DEPTH {
        let message = format!("folders are nested too deeply at `{}`", folder.display());
        return Err(Failure::could_not_run("folder-too-deep", message).help("look for a link that leads back up"));
    }
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let is_document =
            path.extension().is_some_and(|ending| ["json", "yaml", "yml"].iter().any(|known| ending == *known));
        if hidden {
            continue;
        }
        if path.is_dir() {
            collect(&path, depth + 1, into)?;
        } else if is_document {
            into.push(path);
        }
    }
    Ok(())
}
