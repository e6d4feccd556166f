//! Files that are there whole or not at all.

use crate::exit::Failure;
use crate::input::sources::describe;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes beside the file and puts it in its place: who reads it meets the old or the new one, never a part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(|error| {
        let _ = fs::remove_file(&beside);
        Failure::could_not_run("cannot-write", format!("cannot write `{}`: {}", path.display(), describe(&error)))
            .help("check the folder and make room on the disk")
    })
}
