//! Files of heads, keys and proofs, and how what was made is written.

use crate::exit::Failure;
use crate::input::sources;

use crate::render::{Output, write_whole};
use downhaul_control::chart::{HeadError, NoteKey, SignedHead, Witness, WitnessKey};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A head that was kept elsewhere.
pub(super) fn head(path: &Path) -> Result<SignedHead, Failure> {
    let text = text(path)?;
    text.parse().map_err(|why: HeadError| {
        Failure::invalid("not-a-head", format!("`{}` cannot be relied on: {why}", path.display()))
            .help("give the file that `downhaul chart head --out FILE` wrote, whole")
    })
}

/// The key of a control plane, as text or in a file.
pub(super) fn key(text_or_path: &str) -> Result<NoteKey, Failure> {
    read_key(text_or_path, || {
        Failure::invalid("not-a-key", format!("`{text_or_path}` is no key of a control plane"))
            .help("print the key with `downhaul chart head --key`, and give it as text or as a file")
    })
}

/// The key of a witness, as text or in a file.
pub(super) fn witness(text_or_path: &str) -> Result<WitnessKey, Failure> {
    read_key(text_or_path, || {
        Failure::invalid("not-a-key", format!("`{text_or_path}` is no key of a witness"))
            .help("give the line that `downhaul chart witness-key` printed, `NAME+ID+BASE64`, as text or as a file")
    })
}

fn read_key<K: FromStr>(text_or_path: &str, refused: impl Fn() -> Failure) -> Result<K, Failure> {
    if let Ok(key) = text_or_path.parse() {
        return Ok(key);
    }
    let path = Path::new(text_or_path);
    if !path.exists() {
        return Err(refused());
    }
    text(path)?.trim().parse().map_err(|_| refused())
}

/// The secret half of a witness's key.
pub(super) fn own_witness(path: &Path) -> Result<Witness, Failure> {
    // What stands in the file is not said.
    text(path)?.trim().parse().map_err(|_| {
        Failure::invalid("not-a-key", format!("`{}` holds no secret key of a witness", path.display()))
            .help("make one with `downhaul chart witness-key NAME --out FILE`")
    })
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

/// To a new file that only its owner may read.
pub(in crate::command) fn create_secret(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::could_not_run("file-exists", format!("`{}` is there already", path.display()))
                .help("name another file; nothing is written over")
        }
        _ => cannot_write(path, &error),
    })?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| cannot_write(path, &error))
}

/// In the place of what was there, whole, and so that it survives a power cut.
pub(super) fn write_durably(path: &Path, text: &str) -> Result<(), Failure> {
    write_whole(path, text.as_bytes())?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(path).and_then(|file| file.sync_all());
    let synced = synced.and_then(|()| if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) });
    synced.map_err(|error| cannot_write(path, &error))
}

pub(super) fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| cannot_write(path, &error))
}

pub(super) fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let why = sources::describe(error);
    Failure::could_not_run("cannot-write", format!("cannot write `{}`: {why}", path.display()))
        .help("choose a folder that exists and that this user may write to")
}
