//! Databases of every schema that was ever released: `tests/released/`, as `sqlite3 downhaul.sqlite3 .dump` writes them.
//! Each is upgraded for ever after, verifies, and loses nothing. Whoever adds a migration adds one.
#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod support;

use downhaul_control::api::VerifyStatus;
use downhaul_store::{ChangeLog, MinuteStore, Options, PopulationStore, SessionStore, SqliteLog, inspect, verify};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{NOW, Plane, environment};

const HEAD: &str = "6a9df160ec5da188eef41215144d966c6e20b54d3f4668b94b22578813460526";

/// By schema.
fn released() -> Vec<(i64, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/released");
    let mut found: Vec<(i64, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let schema = path.file_stem().unwrap().to_str().unwrap().parse().expect("a file is named by its schema");
            (schema, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    found.sort();
    found
}

async fn raw(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join("downhaul.sqlite3")).create_if_missing(true);
    options.connect().await.unwrap()
}

async fn folder_of(sql: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = raw(folder.path()).await;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    folder
}

async fn schema(folder: &Path) -> i64 {
    let mut connection = raw(folder).await;
    let row = sqlx::query("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut connection).await.unwrap();
    row.get(0)
}

async fn open(folder: &Path) -> Arc<SqliteLog> {
    Arc::new(SqliteLog::open(folder, NOW + 1, &Options::default()).await.unwrap())
}

/// The schema of a log that is made today.
async fn newest() -> i64 {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.close().await;
    schema(folder.path()).await
}

#[tokio::test]
async fn every_released_schema_is_here() {
    let schemas: Vec<i64> = released().into_iter().map(|(schema, _)| schema).collect();
    let expected: Vec<i64> = (1..=newest().await).collect();
    assert_eq!(schemas, expected, "add a dump of the new schema to tests/released");
}

#[tokio::test]
async fn every_released_schema_is_upgraded_and_loses_nothing() {
    for (number, sql) in released() {
        let folder = folder_of(&sql).await;
        let log = open(folder.path()).await;
        assert_eq!(schema(folder.path()).await, newest().await, "schema {number}");
        assert_eq!(log.epoch(), 1_764_000_000_000);
        let report = verify(&*log, &environment(), &[]).await.unwrap();
        assert_eq!((report.status, report.fault.clone()), (VerifyStatus::Verified, None), "schema {number}");
        assert_eq!((report.changes, report.head.as_str()), (23, HEAD));
        assert_eq!(log.actors().await.unwrap().get("a-1").map(String::as_str), Some("Ada Lovelace"));
        assert_eq!(log.admin_tokens().await.unwrap().len(), 1);
        assert_eq!(log.setting("signing-key").await.unwrap(), Some(vec![7; 32]));
        assert!(!log.chart(&environment(), None, 10, Some("checkout")).await.unwrap().is_empty());
        if number >= 2 {
            let name = "visitors".parse().unwrap();
            let (about, content) = log.population_content(&environment(), &name).await.unwrap().unwrap();
            assert_eq!((about.rows, content.as_slice()), (2, &b"whom changes are tried on"[..]));
        }
        if number >= 3 {
            let minutes = log.minutes(&environment(), "checkout", 1_764_000_000..1_764_000_060).await.unwrap();
            assert_eq!((minutes[0].cells[0].units, minutes[0].cells[0].told.len()), (12, 1));
        }
        let session = log.session("0a1b").await.unwrap().map(|session| session.what);
        assert_eq!(session.as_deref(), (number >= 4).then_some(r#"{"token":"t-1"}"#), "schema {number}");
        // And it goes on.
        let mut plane = Plane::load(log).await;
        plane.put("after-the-upgrade", true).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_there_is_copied_before_it_is_upgraded() {
    let newest = newest().await;
    for (number, sql) in released() {
        let folder = folder_of(&sql).await;
        let aside: PathBuf = folder.path().join(format!("before-upgrade-from-{number}.sqlite3"));
        // Left by an attempt that was cut off.
        if number < newest {
            std::fs::write(&aside, "half").unwrap();
        }
        open(folder.path()).await.close().await;
        assert_eq!(aside.exists(), number < newest, "schema {number}");
        if number < newest {
            let copy = inspect(&aside).await.unwrap();
            assert_eq!((copy.schema, copy.heads[0].head.hash.as_str()), (number, HEAD));
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(std::fs::metadata(&aside).unwrap().permissions().mode() & 0o777, 0o600);
            }
        }
    }
}

#[tokio::test]
async fn an_upgrade_is_made_whole_or_not_at_all() {
    let (_, sql) = released().remove(0);
    let folder = folder_of(&sql).await;
    // The last table of the newest migration is taken: what comes before it must not stay either.
    let mut connection = raw(folder.path()).await;
    sqlx::raw_sql("CREATE TABLE population_journal (x INTEGER)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    SqliteLog::open(folder.path(), NOW, &Options::default()).await.unwrap_err();
    assert_eq!(schema(folder.path()).await, 1);
    let mut connection = raw(folder.path()).await;
    let tables: i64 =
        sqlx::query("SELECT count(*) FROM sqlite_master WHERE name IN ('populations', 'population_pieces')")
            .fetch_one(&mut connection)
            .await
            .unwrap()
            .get(0);
    assert_eq!(tables, 0);
    sqlx::raw_sql("DROP TABLE population_journal").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let report = verify(&*open(folder.path()).await, &environment(), &[]).await.unwrap();
    assert_eq!((report.status, report.changes), (VerifyStatus::Verified, 23));
}

#[tokio::test]
async fn several_migrations_are_one_upgrade() {
    // Stands in the way of the second one only.
    let folder = folder_of("CREATE TABLE population_journal (x INTEGER)").await;
    SqliteLog::open(folder.path(), NOW, &Options::default()).await.unwrap_err();
    let mut connection = raw(folder.path()).await;
    let tables: i64 =
        sqlx::query("SELECT count(*) FROM sqlite_master").fetch_one(&mut connection).await.unwrap().get(0);
    assert_eq!(tables, 1, "nothing of the first one stays");
}

#[tokio::test]
async fn a_migration_that_was_edited_after_its_release_is_found() {
    let (_, sql) = released().remove(0);
    let folder = folder_of(&sql).await;
    let mut connection = raw(folder.path()).await;
    sqlx::raw_sql("UPDATE _sqlx_migrations SET checksum = x'00'").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let error = SqliteLog::open(folder.path(), NOW, &Options::default()).await.unwrap_err();
    assert_eq!(error.code(), "log-damaged", "{error}");
}
