//! Power cuts, full disks, other processes, other hands.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use downhaul_control::api::VerifyStatus;
use downhaul_store::{ChangeLog, Options, SqliteLog, StoreError, replay, verify};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use support::{NOW, Plane, environment};

/// Tells the child of `acknowledged_changes_survive_being_killed` where to write.
const FOLDER: &str = "DOWNHAUL_TEST_CRASH_FOLDER";

async fn open(folder: &Path) -> Arc<dyn ChangeLog> {
    Arc::new(SqliteLog::open(folder, NOW, &Options::default()).await.unwrap())
}

#[tokio::test]
async fn acknowledged_changes_survive_being_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // The child goes on writing while it is killed: the cut falls somewhere in its next change.
        let heard = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("kept ").map(str::to_owned));
        acknowledged.extend(heard.take(1 + round * 3 % 17));
        child.kill().unwrap();
        child.wait().unwrap();

        let log = open(folder.path()).await;
        let stored = log.read(&environment(), 0, 10_000).await.unwrap();
        let hashes: Vec<&str> = stored.iter().map(|each| each.hash.as_str()).collect();
        for hash in &acknowledged {
            assert!(hashes.contains(&hash.as_str()), "round {round}: an acknowledged change is gone");
        }
        let report = verify(&*log, &environment(), &[]).await.unwrap();
        assert_eq!(report.status, VerifyStatus::Verified, "{report:?}");
        log.close().await;
    }
    assert!(acknowledged.len() > 50, "{} changes were acknowledged", acknowledged.len());
}

/// The child of the test above; by itself it does nothing.
#[tokio::test]
async fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut plane = Plane::load(open(Path::new(&folder)).await).await;
    for number in 0.. {
        let described = format!("{} {}", plane.state.position().revision, "x".repeat(20_000));
        let record = match number % 4 {
            0 => plane.put_described("a", true, &described).await,
            1 => plane.put_described("b", true, &described).await,
            2 => plane.kill("a").await,
            _ => {
                let kill = plane.state.flag_set.kills[0].id.clone();
                plane.restore(&kill).await
            }
        };
        println!("kept {}", record.unwrap().hash());
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let small = Options { page_limit: Some(60) };
    let log: Arc<dyn ChangeLog> = Arc::new(SqliteLog::open(folder.path(), NOW, &small).await.unwrap());
    let mut plane = Plane::load(log.clone()).await;
    let mut kept = 0;
    let error = loop {
        match plane.put_described("a", true, &format!("{kept} {}", "x".repeat(8_000))).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1000, "it never fills up");
    };
    assert!(matches!(error, StoreError::Full(_)), "{error:?}");
    assert_eq!(error.code(), "log-full");
    assert!(error.help().contains("free space"));
    assert!(kept > 3);
    // Reading goes on, and a change that still fits may be kept.
    assert_eq!(verify(&*log, &environment(), &[]).await.unwrap().changes, kept);
    log.close().await;

    let log = open(folder.path()).await;
    let report = verify(&*log, &environment(), &[]).await.unwrap();
    assert_eq!((report.status, report.changes), (VerifyStatus::Verified, kept));
    let mut plane = Plane::load(log).await;
    plane.put("a", false).await.unwrap();
    assert_eq!(plane.state.position().revision, kept + 1);
}

#[tokio::test]
async fn a_folder_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).await;
    let second = SqliteLog::open(folder.path(), NOW, &Options::default()).await.unwrap_err();
    assert!(matches!(second, StoreError::InUse(_)), "{second:?}");
    assert!(second.to_string().contains("in use by another process"));
    assert!(second.help().contains("--data"));
    log.close().await;
    open(folder.path()).await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let error = SqliteLog::open(&file.join("data"), NOW, &Options::default()).await.unwrap_err();
    assert_eq!(error.code(), "data-folder-unusable");
    assert!(error.to_string().contains("a-file"), "{error}");
    let damaged = folder.path().join("damaged");
    std::fs::create_dir(&damaged).unwrap();
    std::fs::write(damaged.join("downhaul.sqlite3"), "this is no database, and never was").unwrap();
    let error = SqliteLog::open(&damaged, NOW, &Options::default()).await.unwrap_err();
    assert_eq!(error.code(), "log-damaged", "{error:?}");
}

#[tokio::test]
async fn a_wiped_folder_has_a_higher_epoch_and_a_kept_one_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = SqliteLog::open(&data, NOW, &Options::default()).await.unwrap();
    first.close().await;
    let again = SqliteLog::open(&data, NOW + 5, &Options::default()).await.unwrap();
    assert_eq!(again.epoch(), NOW);
    again.close().await;
    std::fs::remove_dir_all(&data).unwrap();
    let wiped = SqliteLog::open(&data, NOW + 9, &Options::default()).await.unwrap();
    assert_eq!(wiped.epoch(), NOW + 9);
}

#[tokio::test]
async fn a_log_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.close().await;
    edit(
        folder.path(),
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (999, 'from the future', TRUE, x'00', 0)",
    )
    .await;
    let error = SqliteLog::open(folder.path(), NOW, &Options::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer(999)), "{error:?}");
}

#[tokio::test]
async fn what_someone_edits_in_the_database_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).await;
    let mut plane = Plane::load(log.clone()).await;
    for key in ["a", "b", "c"] {
        plane.put(key, true).await.unwrap();
    }
    log.close().await;
    // The table itself refuses edits; whoever takes the trigger away is found out.
    edit(
        folder.path(),
        "DROP TRIGGER changes_stay; \
         UPDATE changes SET record = CAST(replace(CAST(record AS TEXT), 'because', 'unless') AS BLOB) WHERE revision = 2",
    )
    .await;
    let log = open(folder.path()).await;
    let report = verify(&*log, &environment(), &[]).await.unwrap();
    let fault = report.fault.unwrap();
    assert_eq!((report.status, fault.revision, fault.code.as_str()), (VerifyStatus::Broken, 2, "edited"));
    let error = replay(&*log, &environment(), None).await.unwrap_err();
    assert_eq!(error.code(), "log-damaged");
    log.close().await;

    edit(folder.path(), "DROP TRIGGER changes_remain; DELETE FROM changes WHERE revision = 3").await;
    edit(
        folder.path(),
        "UPDATE changes SET record = CAST(replace(CAST(record AS TEXT), 'unless', 'because') AS BLOB) WHERE revision = 2",
    )
    .await;
    let report = verify(&*open(folder.path()).await, &environment(), &[]).await.unwrap();
    assert_eq!(report.fault.map(|fault| (fault.revision, fault.code)), Some((3, "missing".to_owned())));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let log = open(&data).await;
    Plane::load(log).await.put("a", true).await.unwrap();
    for path in [data.clone(), data.join("downhaul.sqlite3"), data.join("downhaul.sqlite3-wal")] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}

async fn edit(folder: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(folder.join("downhaul.sqlite3"));
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
}
