//! A data folder whose log is in a database: it says so, so that nobody takes it for an empty one.

use crate::sqlite::DATABASE;
use crate::{DatabaseUrl, StoreError};
use std::path::Path;

/// The file that names the database.
const POINTER: &str = "database";

/// Has a data folder, which is made where it is missing, say that its log is in a database.
///
/// # Errors
/// [`StoreError::TwoLogs`] where the folder has a log of its own; it cannot be written.
pub fn point_to(folder: &Path, url: &DatabaseUrl) -> Result<(), StoreError> {
    if folder.join(DATABASE).exists() {
        return Err(StoreError::TwoLogs(folder.to_owned()));
    }
    let write = || {
        if !folder.is_dir() {
            std::fs::create_dir_all(folder)?;
            #[cfg(unix)]
            std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        }
        std::fs::write(folder.join(POINTER), format!("{url}\n"))
    };
    write().map_err(|why| StoreError::Folder { folder: folder.to_owned(), why })
}

/// Refuses a data folder whose log is elsewhere.
///
/// # Errors
/// [`StoreError::Elsewhere`].
pub fn refuse_elsewhere(folder: &Path) -> Result<(), StoreError> {
    match std::fs::read_to_string(folder.join(POINTER)) {
        Ok(url) => Err(StoreError::Elsewhere { folder: folder.to_owned(), url: url.trim().to_owned() }),
        Err(_) => Ok(()),
    }
}
