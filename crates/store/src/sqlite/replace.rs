//! Putting a backup back: made ready beside what is there, and put in its place in one step.

use super::backup::{cannot, connect, look, unmark};
use super::folder::{DATABASE, Folder, LOCK, new_private_file, sync_folder};
use super::{Options, SqliteLog, signed};
use crate::{ChangeLog, StoreError, refuse_elsewhere};
use std::io;
use std::path::{Path, PathBuf};

/// A backup that is made ready in a data folder, which this process holds meanwhile. What was there is as it was, and
/// stays so where this is dropped.
#[derive(Debug)]
pub struct Staged {
    folder: Folder,
    /// Holds the new database, and nothing else.
    stage: PathBuf,
}

/// What putting it in place came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InPlace {
    /// The folder that holds the database that was there.
    pub replaced: Option<PathBuf>,
}

/// What a data folder holds, and whether it may be replaced.
///
/// # Errors
/// [`StoreError::Exists`] where something is in the folder and `replace` is not set; [`StoreError::InUse`].
pub async fn stage(backup: &Path, folder: &Path, replace: bool) -> Result<Staged, StoreError> {
    if !replace && holds_something(folder) {
        return Err(StoreError::Exists(folder.to_owned()));
    }
    refuse_elsewhere(folder)?;
    let folder = Folder::take(folder)?;
    forget_unfinished(&folder);
    let stage = folder.path().join("restoring");
    std::fs::remove_dir_all(&stage).or_else(ignore_missing).map_err(|why| cannot(&stage, why))?;
    std::fs::create_dir(&stage).map_err(|why| cannot(&stage, why))?;
    let staged = Staged { folder, stage };
    staged.copy(backup)?;
    let mut connection = connect(&staged.database(), false).await?;
    unmark(&mut connection).await?;
    sqlx::Connection::close(connection).await?;
    Ok(staged)
}

impl Staged {
    /// The log that is there, to be looked at; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read, which may be why a backup is put back.
    pub async fn present(&self) -> Result<Option<SqliteLog>, StoreError> {
        let database = self.folder.database();
        if database.exists() { look(&database).await.map(Some) } else { Ok(None) }
    }

    /// The new log, of this epoch from now on, to be written to until [`Staged::put_in_place`].
    ///
    /// # Errors
    /// As for [`SqliteLog::open`].
    pub async fn open(&self, epoch: u64) -> Result<SqliteLog, StoreError> {
        let mut connection = connect(&self.database(), false).await?;
        sqlx::query("UPDATE log SET epoch = ?").bind(signed(epoch)?).execute(&mut connection).await?;
        sqlx::Connection::close(connection).await?;
        SqliteLog::open(&self.stage, epoch, &Options::default()).await
    }

    /// Puts the new database in place of the one that is there, which is kept under `aside`. `log` is what
    /// [`Staged::open`] gave.
    ///
    /// Whenever this is cut off, the folder holds the one or the other, whole.
    ///
    /// # Errors
    /// The disk.
    pub async fn put_in_place(self, log: SqliteLog, aside: &str) -> Result<InPlace, StoreError> {
        // The last to close brings everything into the one file.
        log.close().await;
        self.gather().await;
        let replaced = self.set_aside(aside)?;
        let (new, database) = (self.database(), self.folder.database());
        let put = std::fs::File::open(&new)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&new, &database))
            .and_then(|()| sync_folder(self.folder.path()));
        put.map_err(|why| cannot(&database, why))?;
        Ok(InPlace { replaced })
    }

    /// Brings what is there into one file. What is damaged stays in as many as it is.
    async fn gather(&self) {
        if let Ok(connection) = connect(&self.folder.database(), false).await {
            let _ = sqlx::Connection::close(connection).await;
        }
    }

    /// Keeps what is there, and leaves it there.
    fn set_aside(&self, name: &str) -> Result<Option<PathBuf>, StoreError> {
        let database = self.folder.database();
        if !database.exists() {
            return Ok(None);
        }
        let aside = (1..)
            .map(|number: u32| if number == 1 { name.to_owned() } else { format!("{name}.{number}") })
            .map(|name| self.folder.path().join(name))
            .find(|path| !path.exists())
            .unwrap_or_else(|| self.folder.path().join(name));
        let kept = std::fs::create_dir(&aside)
            .and_then(|()| keep(&database, &aside.join(DATABASE)))
            // What is in these belongs to that database; beside another one it would be taken for its own.
            .and_then(|()| move_beside(&database, &aside, "-wal"))
            .and_then(|()| move_beside(&database, &aside, "-shm"))
            .and_then(|()| sync_folder(&aside));
        kept.map_err(|why| cannot(&aside, why))?;
        Ok(Some(aside))
    }

    fn copy(&self, backup: &Path) -> Result<(), StoreError> {
        let to = self.database();
        let copy = || {
            let (mut from, mut file) = (std::fs::File::open(backup)?, new_private_file(&to)?);
            io::copy(&mut from, &mut file)?;
            file.sync_all()
        };
        copy().map_err(|why| cannot(&to, why))
    }

    fn database(&self) -> PathBuf {
        self.stage.join(DATABASE)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // What is left of it is in nobody's way, and removed by the next attempt.
        let _ = std::fs::remove_dir_all(&self.stage);
    }
}

/// Where an attempt was cut off after it had set aside what is there, and before it replaced it, the same file has two
/// names: the second one goes, since it keeps nothing.
fn forget_unfinished(folder: &Folder) {
    for entry in std::fs::read_dir(folder.path()).into_iter().flatten().flatten() {
        if is_same_file(&entry.path().join(DATABASE), &folder.database()) {
            // Left there it is in nobody's way.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(unix)]
fn is_same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |path: &Path| std::fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
    id(one).is_some_and(|one| Some(one) == id(other))
}

#[cfg(not(unix))]
fn is_same_file(_: &Path, _: &Path) -> bool {
    false
}

/// A second name for a file, where the disk can do that: the database is large, and is not changed any more.
fn keep(file: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(file, to).or_else(|_| {
        let (mut from, mut to) = (std::fs::File::open(file)?, new_private_file(to)?);
        io::copy(&mut from, &mut to)?;
        to.sync_all()
    })
}

fn move_beside(database: &Path, aside: &Path, ending: &str) -> io::Result<()> {
    let ended = |path: &Path| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    std::fs::rename(ended(database), ended(&aside.join(DATABASE))).or_else(ignore_missing)
}

fn ignore_missing(why: io::Error) -> io::Result<()> {
    if why.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(why) }
}

fn holds_something(folder: &Path) -> bool {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.into_iter().any(|name| name != LOCK && name != "restoring" && name != "lost+found")
}
