//! The files of a population.

use crate::failure::Failure;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// How deep a folder is walked. Deeper is a mistake, such as a link that leads back up.
const FOLDER_DEPTH: usize = 16;

/// The Parquet files that a file, a folder or a pattern such as `people/*.parquet` names, in the order of their paths.
///
/// # Errors
/// Where there are none, or one of them is cut short.
pub fn files(population: &str) -> Result<Vec<PathBuf>, Failure> {
    let path = Path::new(population);
    let mut files = Vec::new();
    if path.is_dir() {
        collect(path, 0, &mut files)?;
        if files.is_empty() {
            return Err(Failure::could_not_run("no-files", format!("no population in `{population}`"))
                .help("a folder holds files that end in .parquet"));
        }
    } else if path.exists() || !population.contains(['*', '?', '[']) {
        files.push(path.to_owned());
    } else {
        let matches = glob::glob(population).map_err(|error| {
            Failure::could_not_run("bad-pattern", format!("`{population}` is no pattern of files: {error}"))
        })?;
        files.extend(matches.filter_map(Result::ok).filter(|path| path.is_file()));
        if files.is_empty() {
            return Err(Failure::could_not_run("no-files", format!("no file matches `{population}`"))
                .help("quote the pattern, and check it; it is relative to the current folder"));
        }
    }
    files.sort();
    files.into_iter().map(|file| checked(&file)).collect()
}

fn collect(folder: &Path, depth: usize, into: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if depth > FOLDER_DEPTH {
        let message = format!("folders are nested too deeply at `{}`", folder.display());
        return Err(Failure::could_not_run("folder-too-deep", message).help("look for a link that leads back up"));
    }
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            collect(&path, depth + 1, into)?;
        } else if !hidden && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet")) {
            into.push(path);
        }
    }
    Ok(())
}

/// The whole path of a file that begins and ends as Parquet does.
fn checked(path: &Path) -> Result<PathBuf, Failure> {
    const MAGIC: &[u8] = b"PAR1";
    let shown = path.display();
    let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut ends = [[0u8; 4]; 2];
    let mut read = || -> std::io::Result<()> {
        let [first, last] = &mut ends;
        file.read_exact(first)?;
        file.seek(SeekFrom::End(-4))?;
        file.read_exact(last)
    };
    let why = match read() {
        Ok(()) if ends.iter().all(|end| end == MAGIC) => {
            return path.canonicalize().map_err(|error| unreadable(path, &error));
        }
        Ok(()) if ends.first().is_some_and(|first| first == MAGIC) => "it is cut short",
        Ok(()) => "it does not begin as one does",
        Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => return Err(unreadable(path, &error)),
        Err(_) => "it is too short",
    };
    Err(Failure::invalid("population-not-parquet", format!("`{shown}` is not a Parquet file that can be read: {why}"))
        .help("write the file again; of other formats, `downhaul plan` reads CSV and JSON lines"))
}

pub fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string().to_lowercase(),
    };
    Failure::could_not_run("cannot-read", format!("cannot read `{}`: {why}", path.display()))
        .help("check the path; it is relative to the current folder")
}
