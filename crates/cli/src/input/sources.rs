use crate::exit::Failure;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What a document's file may be called.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

/// How deep a folder of flags is walked. Deeper is a mistake, such as a link that leads back up.
const FOLDER_DEPTH: usize = 16;

/// One file of a document, as read.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// The path as given, or `<stdin>`.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Reads `paths`: files as they stand, folders as all `.json`, `.yaml` and `.yml` files in them, `-` as standard input.
///
/// The files of a folder come in the order of their paths, so that the order of flags does not depend on the disk.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Text>, Failure> {
    let mut texts = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            texts.push(read_stdin()?);
        } else if path.is_dir() {
            let mut files = Vec::new();
            collect_files(path, 0, &mut files)?;
            if files.is_empty() {
                return Err(Failure::could_not_run("empty-folder", format!("no document in `{}`", path.display()))
                    .help("a folder of flags holds files that end in .json, .yaml or .yml"));
            }
            files.sort();
            for file in files {
                texts.push(read_file(&file)?);
            }
        } else {
            texts.push(read_file(path)?);
        }
    }
    Ok(texts)
}

/// Reads one file, or standard input where the path is `-`.
pub(crate) fn read_file(path: &Path) -> Result<Text, Failure> {
    if path.as_os_str() == "-" {
        return read_stdin();
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Text { name: path.display().to_string(), bytes }),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// A failure that names the path and what to do.
pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display();
    let failure = Failure::could_not_run("cannot-read", format!("cannot read `{shown}`: {}", describe(error)));
    match error.kind() {
        std::io::ErrorKind::NotFound => failure.help("check the path; it is relative to the current folder"),
        std::io::ErrorKind::PermissionDenied => failure.help("make the file readable for this user"),
        _ => failure,
    }
}

/// An operating system's error in words, without its number.
pub(crate) fn describe(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string().to_lowercase(),
    }
}

fn read_stdin() -> Result<Text, Failure> {
    let mut bytes = Vec::new();
    match std::io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => {
            // The name says how a text is written, and standard input has none of its own.
            let is_json = bytes.trim_ascii_start().first().is_none_or(|byte| matches!(byte, b'{' | b'[' | b'"' | 0xEF));
            let name = if is_json { "<stdin>" } else { "<stdin>.yaml" };
            Ok(Text { name: name.to_owned(), bytes })
        }
        Err(error) => Err(unreadable(Path::new("<stdin>"), &error)),
    }
}

fn collect_files(folder: &Path, depth: usize, into: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if depth > FOLDER_DEPTH {
        let shown = folder.display();
        return Err(Failure::could_not_run("folder-too-deep", format!("folders are nested too deeply at `{shown}`"))
            .help("look for a link that leads back up"));
    }
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let hidden = path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            collect_files(&path, depth + 1, into)?;
        } else if path.extension().and_then(OsStr::to_str).is_some_and(|end| EXTENSIONS.contains(&end)) {
            into.push(path);
        }
    }
    Ok(())
}
