//! Files of heads, keys and proofs, and how what was made is written.

use crate::exit::Failure;
use crate::input::sources;
use crate::render::Output;
use downhaul_control::chart::{HeadError, NoteKey, SignedHead};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A head that was kept elsewhere.
pub(super) fn head(path: &Path) -> Result<SignedHead, Failure> {
    let text = text(path)?;
    text.parse().map_err(|why: HeadError| {
        Failure::invalid("not-a-head", format!("`{}` cannot be relied on: {why}", path.display()))
            .help("give the file that `downhaul chart head --out FILE` wrote, whole")
    })
}

/// A key as text, or a file that holds it.
pub(super) fn key(text_or_path: &str) -> Result<NoteKey, Failure> {
    if let Ok(key) = text_or_path.parse() {
        return Ok(key);
    }
    let path = Path::new(text_or_path);
    let refused = || {
        Failure::invalid("not-a-key", format!("`{text_or_path}` is no key of a control plane"))
            .help("print the key with `downhaul chart head --key`, and give it as text or as a file")
    };
    if !path.exists() {
        return Err(refused());
    }
    text(path)?.trim().parse().map_err(|_| refused())
}

/// A head has to be signed by this key.
pub(super) fn check_signature(head: &SignedHead, key: &NoteKey) -> Result<(), Failure> {
    head.verify(key).map_err(|why| {
        Failure::invalid("head-not-signed", format!("the head of {} changes: {why}", head.head().size))
            .help("compare the key with `downhaul chart head --key` of the control plane that you trust")
    })
}

pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let read = sources::read_file(path)?;
    String::from_utf8(read.bytes)
        .map_err(|_| Failure::invalid("not-utf-8", format!("`{}` is not UTF-8", path.display())))
}

/// To the file, or where there is none to standard output.
pub(super) fn write(out: Option<&PathBuf>, text: &str, output: &Output) -> Result<(), Failure> {
    let Some(path) = out else {
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        return written.map_err(|error| Failure::writing(&error));
    };
    let mut file = create(path)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| cannot_write(path, &error))?;
    output.note(format!("wrote `{}`", path.display()));
    Ok(())
}

pub(super) fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| cannot_write(path, &error))
}

pub(super) fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let why = sources::describe(error);
    Failure::could_not_run("cannot-write", format!("cannot write `{}`: {why}", path.display()))
        .help("choose a folder that exists and that this user may write to")
}
