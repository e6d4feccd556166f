use crate::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

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
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("downhaul.lock"))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path: path.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
            Err(TryLockError::Error(why)) => Err(unusable(why)),
        }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join("downhaul.sqlite3")
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

#[cfg(unix)]
fn only_for_owner(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn only_for_owner(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}
