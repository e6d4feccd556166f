//! When a backup of a data folder was last taken, in a file beside the log: whoever takes one does so beside the server.

use downhaul_control::alarms::Backups;
use downhaul_store::{Backup, StoreError};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

const FILE: &str = "last-backup";

fn place(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// What is known of backups of a data folder. What cannot be read is not known.
pub(crate) fn known(data: &Path) -> Backups {
    let text = std::fs::read(place(data)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Remembers how one went. Where that cannot be written the backup is as good as it is, and somebody is told in vain.
pub(super) fn note(data: &Path, taken: &Result<Backup, StoreError>, at: Timestamp) {
    let at = downhaul_control::time::to_text(at);
    let backups = match taken {
        Ok(_) => Backups { taken: Some(at), failed: None },
        Err(error) => Backups { failed: Some((at, error.to_string())), ..known(data) },
    };
    let text = serde_json::to_vec(&backups).unwrap_or_default();
    // Whole or not at all: a server reads it meanwhile.
    let written = place(data).with_extension("new");
    if let Err(error) = std::fs::write(&written, text).and_then(|()| std::fs::rename(&written, place(data))) {
        tracing::debug!(%error, "it cannot be written down that a backup was taken");
    }
}
