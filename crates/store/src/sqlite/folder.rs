use crate::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// The database in a data folder.
pub const DATABASE: &str = "downhaul.sqlite3";
/// What a process that uses the folder holds a lock on.
pub(super) const LOCK: &str = "downhaul.lock";

/// A data folder that this process alone uses, until dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: File,
}

impl Folder {
    /// Creates the folder if it is missing.
    pub(super) fn take(path: &Path) -> Result<Folder, StoreError> {
        let unusable = |why| StoreError::Folder { folder: path.to_owned(), why };
        if !path.is_dir() {
            std::fs::create_dir_all(path).map_err(unusable)?;
            only_for_owner(path, 0o700).map_err(unusable)?;
        }
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path: path.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
            Err(TryLockError::Error(why)) => Err(unusable(why)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// The database holds the signing key. SQLite gives its further files the mode of the first.
    pub(super) fn protect(&self) -> Result<(), StoreError> {
        for ending in ["", "-wal", "-shm"] {
            let mut file = self.database().into_os_string();
            file.push(ending);
            let file = PathBuf::from(file);
            if file.exists() {
                only_for_owner(&file, 0o600).map_err(|why| StoreError::Folder { folder: self.path.clone(), why })?;
            }
        }
        Ok(())
    }

    pub(super) fn release(&self) {
        // The lock also ends with the process; there is nobody to tell.
        drop(self.lock.unlock());
    }
}

/// A new file that only its owner may read, from its first byte on.
///
/// # Errors
/// It cannot be made, also because it is there already.
pub(super) fn new_private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What was written into the folder survives a power cut from now on.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    // Only on Unix can a folder be opened to say so.
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(unix)]
fn only_for_owner(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn only_for_owner(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}
