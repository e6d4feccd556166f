//! What one run leaves for the next: the last flag set, the position that must not go back, the keys that sign.
//!
//! One file, put in place of the one before in one step, so that there is always one of them whole. A line of JSON, then the
//! envelopes.

use crate::keys::{read_key, write_key};
use downhaul_control::Hash;
use downhaul_control::api::Position;
use downhaul_control::break_glass::{KeptObject, SIZE_LIMIT as BREAK_GLASS_LIMIT};
use downhaul_control::envelope::{PublicKey, SIZE_LIMIT};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::NamedTempFile;

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Kept {
    /// The highest position ever accepted.
    pub(crate) position: Option<Position>,
    pub(crate) keys: Vec<PublicKey>,
    pub(crate) flag_set: Option<Arc<Vec<u8>>>,
    /// Where a newer kill set came than the one in the flag set.
    pub(crate) kills: Option<Arc<Vec<u8>>>,
    /// Of which kills are in force, each with the key that it was verified with.
    pub(crate) break_glass: Vec<KeptObject>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    position: Option<Position>,
    keys: Vec<String>,
    flag_set_length: usize,
    kills_length: usize,
    /// Public key and length.
    #[serde(default)]
    break_glass: Vec<(String, usize)>,
}

/// The file of one client key at one address.
#[derive(Debug)]
pub(crate) struct Keeper {
    path: PathBuf,
    /// What is to be written: the latest wins.
    pending: Mutex<Option<Kept>>,
    writing: tokio::sync::Mutex<()>,
}

const HEAD_LIMIT: usize = 64 * 1024;

impl Keeper {
    /// Nothing of the key can be learnt from the name.
    pub(crate) fn new(folder: &Path, url: &str, key: &str) -> Keeper {
        let owner = Hash::of(format!("{url}\n{key}").as_bytes()).short();
        let path = folder.join(format!("downhaul-{owner}.kept"));
        Keeper { path, pending: Mutex::default(), writing: tokio::sync::Mutex::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// `None` where nothing was kept.
    pub(crate) fn read(&self) -> io::Result<Option<Kept>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let limit = 2 * SIZE_LIMIT + HEAD_LIMIT + 16 * BREAK_GLASS_LIMIT;
        let mut bytes = Vec::new();
        file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        parse(bytes).map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is not what a client kept"))
    }

    /// To be written by the next [`Keeper::flush`].
    pub(crate) fn note(&self, kept: Kept) {
        *self.pending.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }

    /// Writes what was noted, one after another. Gives the error of the last try.
    pub(crate) async fn flush(self: &Arc<Keeper>) -> io::Result<()> {
        let _turn = self.writing.lock().await;
        let keeper = Arc::clone(self);
        let write = move || {
            let pending = keeper.pending.lock().unwrap_or_else(PoisonError::into_inner).take();
            pending.map_or(Ok(()), |kept| keeper.write(&kept))
        };
        tokio::task::spawn_blocking(write)
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the writing was interrupted")))
    }

    fn write(&self, kept: &Kept) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        // Of several processes with one key, the one that has seen most is kept.
        if self.read().ok().flatten().is_some_and(|there| there.position > kept.position) {
            return Ok(());
        }
        let length = |part: &Option<Arc<Vec<u8>>>| part.as_ref().map_or(0, |bytes| bytes.len());
        let head = Head {
            position: kept.position,
            keys: kept.keys.iter().map(write_key).collect(),
            flag_set_length: length(&kept.flag_set),
            kills_length: length(&kept.kills),
            break_glass: kept.break_glass.iter().map(|kept| (write_key(&kept.key), kept.bytes.len())).collect(),
        };
        // Made with 0600.
        let mut file = NamedTempFile::with_prefix_in("downhaul-", folder)?;
        serde_json::to_writer(&mut file, &head)?;
        file.write_all(b"\n")?;
        for part in [&kept.flag_set, &kept.kills].into_iter().flatten() {
            file.write_all(part)?;
        }
        for kept in &kept.break_glass {
            file.write_all(&kept.bytes)?;
        }
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    }
}

fn parse(bytes: Vec<u8>) -> Option<Kept> {
    let end = bytes.iter().take(HEAD_LIMIT).position(|byte| *byte == b'\n')?;
    let (head, rest) = bytes.split_at_checked(end)?;
    let head: Head = serde_json::from_slice(head).ok()?;
    let (flag_set, kills) = rest.get(1..)?.split_at_checked(head.flag_set_length)?;
    let (kills, mut rest) = kills.split_at_checked(head.kills_length)?;
    let mut break_glass = Vec::new();
    for (key, length) in head.break_glass {
        let (bytes, left) = rest.split_at_checked(length)?;
        break_glass.push(KeptObject { bytes: bytes.to_vec(), key: read_key(&key)? });
        rest = left;
    }
    if !rest.is_empty() {
        return None;
    }
    let some = |part: &[u8]| (!part.is_empty()).then(|| Arc::new(part.to_vec()));
    Some(Kept {
        position: head.position,
        keys: head.keys.iter().map(|key| read_key(key)).collect::<Option<_>>()?,
        flag_set: some(flag_set),
        kills: some(kills),
        break_glass,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::envelope::EnvelopeSigner;
    use proptest::prelude::*;

    fn kept(revision: u64, flag_set: &[u8], kills: &[u8]) -> Kept {
        let some = |part: &[u8]| (!part.is_empty()).then(|| Arc::new(part.to_vec()));
        Kept {
            position: Some(Position { epoch: 1, revision, kill_revision: 0 }),
            keys: vec![EnvelopeSigner::new(&[7; 32]).public_key()],
            flag_set: some(flag_set),
            kills: some(kills),
            // As much again as the revision.
            break_glass: (0..revision)
                .map(|number| KeptObject {
                    bytes: vec![1; 3],
                    key: EnvelopeSigner::new(&[u8::try_from(number).unwrap(); 32]).public_key(),
                })
                .collect(),
        }
    }

    #[tokio::test]
    async fn what_is_written_is_read_and_only_by_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Arc::new(Keeper::new(&folder.path().join("made"), "http://a", "dhk_1"));
        assert_eq!(keeper.read().unwrap(), None);
        keeper.flush().await.unwrap();
        assert_eq!(keeper.read().unwrap(), None, "nothing was noted");
        keeper.note(kept(1, b"lost", b""));
        keeper.note(kept(2, b"flags\n", b"kills"));
        keeper.flush().await.unwrap();
        assert_eq!(keeper.read().unwrap(), Some(kept(2, b"flags\n", b"kills")));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(keeper.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let names: Vec<_> = std::fs::read_dir(folder.path().join("made")).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}");

        // Another process that is behind.
        keeper.note(kept(1, b"old", b""));
        keeper.flush().await.unwrap();
        assert_eq!(keeper.read().unwrap(), Some(kept(2, b"flags\n", b"kills")));
    }

    #[test]
    fn what_is_no_such_file_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::new(folder.path(), "http://a", "dhk_1");
        assert_ne!(keeper.path(), Keeper::new(folder.path(), "http://a", "dhk_2").path());
        for bad in
            ["", "nonsense", "{}\n", "{\"position\":null,\"keys\":[],\"flag_set_length\":9,\"kills_length\":0}\nshort"]
        {
            std::fs::write(keeper.path(), bad).unwrap();
            assert_eq!(keeper.read().unwrap_err().kind(), io::ErrorKind::InvalidData, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much_for_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(bytes);
        }
    }
}
