//! Backups: taken while the log is written to, verified, and put back.
#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod support;

use downhaul_store::{
    BackupAbout, ChangeLog, Options, SessionStore, SqliteLog, StoreError, back_up, inspect, replay, stage,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{NOW, Plane, environment};
use tempfile::TempDir;

const SECRETS: [&str; 2] = ["signing-key", "seeds/"];

async fn open(folder: &Path) -> Arc<dyn ChangeLog> {
    Arc::new(SqliteLog::open(folder, NOW, &Options::default()).await.unwrap())
}

fn about(keys: bool) -> BackupAbout {
    BackupAbout { taken_at: "2026-11-23T21:00:00.000Z".to_owned(), keys, version: "0.1.0".to_owned() }
}

/// A data folder with a log that is open, and where backups of it may go.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

#[tokio::test]
async fn a_backup_holds_what_was_there_and_the_log_goes_on() {
    let place = Place::new();
    let log = open(&place.data()).await;
    let mut plane = Plane::load(log).await;
    plane.put("a", true).await.unwrap();
    plane.kill("a").await.unwrap();
    let backup = back_up(&place.data(), &place.file("one"), &[], &about(true)).await.unwrap();
    let after = plane.put("b", true).await.unwrap();
    assert_eq!(after.change().revision, 3, "nobody was kept waiting");
    let [one] = backup.heads.as_slice() else { panic!("{backup:?}") };
    assert_eq!((one.head.revision, one.head.kill_revision, backup.epoch), (2, 1, NOW));
    assert_eq!((one.report.changes, one.report.document_digest.clone()), (2, one.head.document_digest.clone()));
    assert_eq!((backup.about.clone(), backup.path.clone()), (Some(about(true)), place.file("one")));
    let again = inspect(&place.file("one")).await.unwrap();
    assert_eq!((again.heads.len(), again.size), (1, std::fs::metadata(place.file("one")).unwrap().len()));
    let left: Vec<_> =
        std::fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing else is left: {left:?}");
}

#[tokio::test]
async fn backups_are_of_one_moment_while_changes_come() {
    let place = Place::new();
    let log = open(&place.data()).await;
    let mut plane = Plane::load(log).await;
    plane.put("a", true).await.unwrap();
    let folder = place.data();
    let writing = tokio::spawn(async move {
        for round in 0..60 {
            plane.put("a", round % 2 == 1).await.unwrap();
        }
        plane
    });
    for number in 0..8 {
        // Each is verified: a chart that were torn would be refused.
        back_up(&folder, &place.file(&format!("backup-{number}")), &[], &about(true)).await.unwrap();
    }
    assert!(writing.await.unwrap().state.position().revision >= 31, "every other one changed something");
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_it_and_nothing_is_written_over() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let log = open(&place.data()).await;
    Plane::load(log).await.put("a", true).await.unwrap();
    back_up(&place.data(), &place.file("one"), &[], &about(true)).await.unwrap();
    assert_eq!(std::fs::metadata(place.file("one")).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(place.file("one")).unwrap();
    let error = back_up(&place.data(), &place.file("one"), &[], &about(true)).await.unwrap_err();
    assert!(matches!(error, StoreError::Exists(_)), "{error:?}");
    assert_eq!(std::fs::read(place.file("one")).unwrap(), before);
    let error = back_up(&place.data(), &place.file("nowhere/one"), &[], &about(true)).await.unwrap_err();
    assert_eq!(error.code(), "cannot-write", "{error:?}");
    let error = back_up(&place.file("no-such"), &place.file("two"), &[], &about(true)).await.unwrap_err();
    assert_eq!(error.code(), "not-a-log", "{error:?}");
}

#[tokio::test]
async fn secrets_that_stay_behind_are_not_in_the_file_at_all() {
    let place = Place::new();
    let log = open(&place.data()).await;
    for (name, secret) in [("signing-key", "SECRET-ONE-SECRET"), ("seeds/1", "SECRET-TWO-SECRET"), ("other", "PLAIN")] {
        log.put_setting(name, secret.as_bytes()).await.unwrap();
    }
    Plane::load(log).await.put("a", true).await.unwrap();
    let holds = |name: &str, text: &str| {
        let bytes = std::fs::read(place.file(name)).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    back_up(&place.data(), &place.file("with"), &[], &about(true)).await.unwrap();
    back_up(&place.data(), &place.file("without"), &SECRETS, &about(false)).await.unwrap();
    for secret in ["SECRET-ONE-SECRET", "SECRET-TWO-SECRET"] {
        assert!(holds("with", secret) && !holds("without", secret), "{secret}");
    }
    assert!(holds("without", "PLAIN"));
    assert_eq!(inspect(&place.file("without")).await.unwrap().about, Some(about(false)));
}

#[tokio::test]
async fn whoever_was_signed_in_is_not_in_a_backup() {
    let place = Place::new();
    let log = SqliteLog::open(&place.data(), NOW, &Options::default()).await.unwrap();
    log.begin_session("SESSION-HASH", "ada").await.unwrap();
    let log = Arc::new(log);
    Plane::load(log.clone()).await.put("a", true).await.unwrap();
    back_up(&place.data(), &place.file("with"), &[], &about(true)).await.unwrap();
    let bytes = std::fs::read(place.file("with")).unwrap();
    assert!(!bytes.windows(12).any(|window| window == b"SESSION-HASH"));
    assert!(log.session("SESSION-HASH").await.unwrap().is_some(), "and nobody was signed out");
}

#[tokio::test]
async fn a_backup_is_put_back_with_a_higher_epoch() {
    let place = Place::new();
    let log = open(&place.data()).await;
    let mut plane = Plane::load(log.clone()).await;
    plane.put("a", true).await.unwrap();
    back_up(&place.data(), &place.file("one"), &[], &about(true)).await.unwrap();
    let lost = plane.put("b", true).await.unwrap();

    let error = stage(&place.file("one"), &place.data(), false).await.unwrap_err();
    assert!(matches!(error, StoreError::Exists(_)), "{error:?}");
    let error = stage(&place.file("one"), &place.data(), true).await.unwrap_err();
    assert!(matches!(error, StoreError::InUse(_)), "{error:?}");
    log.close().await;
    drop(plane);

    let staged = stage(&place.file("one"), &place.data(), true).await.unwrap();
    let present = staged.present().await.unwrap().unwrap();
    assert_eq!((present.epoch(), present.head(&environment()).await.unwrap().unwrap().revision), (NOW, 2));
    present.close().await;
    let log = staged.open(NOW + 1).await.unwrap();
    let in_place = staged.put_in_place(log, "replaced").await.unwrap();
    let aside = in_place.replaced.unwrap();
    assert_eq!(aside, place.data().join("replaced"));

    let log = open(&place.data()).await;
    assert_eq!(log.epoch(), NOW + 1, "and no longer a backup: it opens");
    let mut plane = Plane::load(log).await;
    assert_eq!(plane.state.position().revision, 1);
    plane.put("c", true).await.unwrap();
    let kept = inspect(&aside.join("downhaul.sqlite3")).await.unwrap();
    assert_eq!(kept.heads[0].head.hash, lost.hash().to_string(), "what was there is kept");
    let names: Vec<_> = std::fs::read_dir(place.data()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name == "restoring"), "{names:?}");
}

#[tokio::test]
async fn what_is_given_up_before_its_end_changes_nothing() {
    let place = Place::new();
    let log = open(&place.data()).await;
    let mut plane = Plane::load(log.clone()).await;
    plane.put("a", true).await.unwrap();
    back_up(&place.data(), &place.file("one"), &[], &about(true)).await.unwrap();
    plane.put("b", true).await.unwrap();
    log.close().await;
    let staged = stage(&place.file("one"), &place.data(), true).await.unwrap();
    let log = staged.open(NOW + 1).await.unwrap();
    drop((staged, log));
    let log = open(&place.data()).await;
    assert_eq!((log.epoch(), log.head(&environment()).await.unwrap().unwrap().revision), (NOW, 2));
}

#[cfg(unix)]
#[tokio::test]
async fn an_attempt_that_was_cut_off_leaves_no_second_name() {
    let place = Place::new();
    let log = open(&place.data()).await;
    Plane::load(log.clone()).await.put("a", true).await.unwrap();
    back_up(&place.data(), &place.file("one"), &[], &about(true)).await.unwrap();
    log.close().await;
    let (cut, kept) = (place.data().join("replaced-1"), place.data().join("replaced-2"));
    for folder in [&cut, &kept] {
        std::fs::create_dir(folder).unwrap();
    }
    std::fs::hard_link(place.data().join("downhaul.sqlite3"), cut.join("downhaul.sqlite3")).unwrap();
    std::fs::copy(place.data().join("downhaul.sqlite3"), kept.join("downhaul.sqlite3")).unwrap();
    drop(stage(&place.file("one"), &place.data(), true).await.unwrap());
    assert!(!cut.exists() && kept.exists());
    assert!(place.data().join("downhaul.sqlite3").exists());
}

#[tokio::test]
async fn a_backup_is_not_opened_as_it_is() {
    let place = Place::new();
    let log = open(&place.data()).await;
    Plane::load(log).await.put("a", true).await.unwrap();
    back_up(&place.data(), &place.file("one"), &[], &about(true)).await.unwrap();
    std::fs::create_dir(place.file("other")).unwrap();
    std::fs::copy(place.file("one"), place.file("other/downhaul.sqlite3")).unwrap();
    let error = SqliteLog::open(&place.file("other"), NOW, &Options::default()).await.unwrap_err();
    assert_eq!(error.code(), "log-is-backup", "{error:?}");
    assert!(error.help().contains("downhaul backup restore"), "{}", error.help());
}

#[tokio::test]
async fn a_damaged_backup_is_refused() {
    let place = Place::new();
    let log = open(&place.data()).await;
    let mut plane = Plane::load(log).await;
    for key in ["a", "b", "c"] {
        plane.put(key, true).await.unwrap();
    }
    back_up(&place.data(), &place.file("one"), &[], &about(true)).await.unwrap();
    let whole = std::fs::read(place.file("one")).unwrap();
    let at = whole.windows(9).position(|window| window == b"because\",").expect("a record names its reason");
    let mut edited = whole.clone();
    edited[at] = b'B';
    for (name, bytes, code) in [
        ("cut", whole[..whole.len() / 2].to_vec(), "log-damaged"),
        ("edited", edited, "log-damaged"),
        ("text", b"not a database at all, but some words".to_vec(), "not-a-log"),
        ("empty", Vec::new(), "not-a-log"),
    ] {
        std::fs::write(place.file(name), bytes).unwrap();
        let error = inspect(&place.file(name)).await.unwrap_err();
        assert_eq!(error.code(), code, "{name}: {error}");
    }
    assert_eq!(inspect(&place.file("missing")).await.unwrap_err().code(), "not-a-log");
}

#[tokio::test]
async fn the_database_of_a_stopped_server_is_a_backup_too() {
    let place = Place::new();
    let log = open(&place.data()).await;
    Plane::load(log.clone()).await.put("a", true).await.unwrap();
    log.close().await;
    std::fs::copy(place.data().join("downhaul.sqlite3"), place.file("copy")).unwrap();
    let read = inspect(&place.file("copy")).await.unwrap();
    assert_eq!((read.about, read.heads.len()), (None, 1));
    let staged = stage(&place.file("copy"), &place.file("new"), false).await.unwrap();
    assert!(staged.present().await.unwrap().is_none());
    let log = staged.open(NOW + 7).await.unwrap();
    assert_eq!(staged.put_in_place(log, "replaced").await.unwrap().replaced, None);
    let log = open(&place.file("new")).await;
    assert_eq!(replay(&*log, &environment(), None).await.unwrap().epoch, NOW + 7);
}
