//! Starts of the process that crashed, so that what crashes it is left before any of its code runs again.
//!
//! Each process keeps a file of the flags under which it has begun to work, and holds its lock for as long as it lives: a file
//! that nobody holds is of a process that is gone. No clock and no process id has to be believed for that.

use crate::host::{Clock, instance_id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What crashed that long ago says nothing any more.
const KEPT_MS: i64 = 24 * 3_600_000;
const CRASHES: &str = "crashes.json";
const START: &str = "start";

#[derive(Debug)]
pub(crate) struct Starts {
    folder: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    crashed: BTreeMap<String, Crashed>,
    /// Definitions of flags by flag: starts that have not come through as yet.
    under_way: BTreeMap<String, String>,
    /// Flags that have begun in this process; each begins once.
    begun: BTreeMap<String, ()>,
    own: Option<(PathBuf, File)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Crashed {
    /// Names the definition of the flag.
    of: String,
    count: u64,
    /// Epoch milliseconds of the last one.
    at: i64,
}

impl Starts {
    /// Looks what has become of earlier processes; where nothing can be read, nothing is known.
    pub(crate) fn begin(folder: PathBuf) -> Starts {
        let now = Clock::wall_ms();
        let mut crashed: BTreeMap<String, Crashed> = fs::read(folder.join(CRASHES))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        // A clock that was set back keeps it for longer, never shorter.
        crashed.retain(|_, crashed| now.saturating_sub(crashed.at) < KEPT_MS);
        let mut is_more = false;
        for path in starts(&folder) {
            let Some(begun) = ended(&path) else { continue };
            for (flag, of) in begun {
                let known = crashed.remove(&flag).filter(|known| known.of == of);
                let count = known.map_or(0, |known| known.count) + 1;
                crashed.insert(flag, Crashed { of, count, at: now });
                is_more = true;
            }
            // Counted: not to be counted again.
            let _ = fs::remove_file(path);
        }
        let starts = Starts { folder, inner: Mutex::new(Inner { crashed, ..Inner::default() }) };
        if is_more {
            let _ = starts.write_crashes(&starts.inner());
        }
        starts
    }

    /// How often starts under this definition of a flag have crashed.
    pub(super) fn crashes(&self, flag: &str, of: &str) -> u64 {
        self.inner().crashed.get(flag).filter(|crashed| crashed.of == of).map_or(0, |crashed| crashed.count)
    }

    /// Flags that something is known of.
    pub(crate) fn flags(&self) -> Vec<String> {
        self.inner().crashed.keys().cloned().collect()
    }

    /// The process does for the first time what a flag leads to; true where somebody has to say that it came through.
    pub(super) fn begins(&self, flag: &str, of: &str) -> bool {
        let mut inner = self.inner();
        if inner.begun.insert(flag.to_owned(), ()).is_some() {
            return false;
        }
        inner.under_way.insert(flag.to_owned(), of.to_owned());
        // Where nothing can be written, each process counts for itself, which is nothing.
        self.write_own(&mut inner).is_ok()
    }

    /// It has lived long enough: what crashed before has nothing to do with it.
    pub(super) fn came_through(&self, flag: &str) {
        let mut inner = self.inner();
        inner.under_way.remove(flag);
        let _ = self.write_own(&mut inner);
        if inner.crashed.remove(flag).is_some() {
            let _ = self.write_crashes(&inner);
        }
    }

    /// Left in good order: whoever ends early has not crashed.
    pub(crate) fn leave(&self) {
        let mut inner = self.inner();
        inner.under_way.clear();
        let _ = self.write_own(&mut inner);
    }

    fn write_own(&self, inner: &mut Inner) -> io::Result<()> {
        if inner.under_way.is_empty() {
            if let Some((path, _)) = inner.own.take() {
                fs::remove_file(path)?;
            }
            return Ok(());
        }
        let (_, file) = match &mut inner.own {
            Some(own) => own,
            none => {
                create_private(&self.folder)?;
                let path = self.folder.join(format!("{}.{START}", instance_id()));
                let file = OpenOptions::new().create_new(true).read(true).write(true).open(&path)?;
                file.try_lock()?;
                none.insert((path, file))
            }
        };
        file.seek(SeekFrom::Start(0))?;
        file.set_len(0)?;
        file.write_all(&serde_json::to_vec(&inner.under_way)?)?;
        file.sync_data()
    }

    fn write_crashes(&self, inner: &Inner) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(&inner.crashed)?)?;
        file.persist(self.folder.join(CRASHES))?;
        Ok(())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a process had begun that is gone; `None` for one that lives.
fn ended(path: &Path) -> Option<BTreeMap<String, String>> {
    let mut file = OpenOptions::new().read(true).write(true).open(path).ok()?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return None,
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    // Half-written, it is of a process that had not begun.
    Some(serde_json::from_slice(&bytes).unwrap_or_default())
}

fn starts(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    files.filter(|path| path.extension().is_some_and(|end| end == START)).collect()
}

fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}
