//! What only a database has that others use too: crashes of the server, other writers, other hands.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/postgres.rs"]
mod postgres_server;
mod support;

use downhaul_control::api::VerifyStatus;
use downhaul_store::{ChangeLog, DatabaseUrl, Heard, PostgresLog, StoreError, replay, verify};
use postgres_server::Postgres;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{NOW, Plane, environment};

async fn open(url: &str) -> Arc<PostgresLog> {
    let (log, _) = PostgresLog::open(&url.parse().unwrap(), NOW).await.unwrap();
    Arc::new(log)
}

#[tokio::test]
async fn acknowledged_changes_survive_a_crash_of_the_server() {
    let mut server = Postgres::start();
    let url = server.database();
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..4_u64 {
        let log = open(&url).await;
        let mut plane = Plane::load(log).await;
        // It goes on writing through the crash, which falls somewhere in a change.
        let (told, mut kept) = tokio::sync::mpsc::unbounded_channel();
        let end = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&end);
        let writing = tokio::spawn(async move {
            let mut number = 0;
            while !ended.load(Ordering::Relaxed) {
                number += 1;
                let described = format!("{round} {number} {}", "x".repeat(20_000));
                match plane.put_described("a", number % 2 == 0, &described).await {
                    Ok(record) => told.send(record.hash().to_string()).unwrap(),
                    // An error is the truth too: what it tells of is not there.
                    Err(StoreError::Unreachable(_)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        for _ in 0..3 + round * 5 {
            acknowledged.push(kept.recv().await.unwrap());
        }
        server.crash();
        server.run("");
        end.store(true, Ordering::Relaxed);
        writing.await.unwrap();
        while let Some(hash) = kept.recv().await {
            acknowledged.push(hash);
        }
        let log = open(&url).await;
        let stored = log.read(&environment(), 0, 10_000).await.unwrap();
        let hashes: Vec<&str> = stored.iter().map(|each| each.hash.as_str()).collect();
        assert_eq!(hashes, acknowledged, "round {round}: what was acknowledged is what there is");
        let report = verify(&*log, &environment(), &[]).await.unwrap();
        assert_eq!(report.status, VerifyStatus::Verified, "{report:?}");
        log.close().await;
    }
}

#[tokio::test]
async fn a_server_that_forgets_is_refused() {
    let mut server = Postgres::start();
    let url = server.database();
    server.stop();
    for setting in ["fsync", "full_page_writes"] {
        server.run(&format!("{setting}=off"));
        let error = PostgresLog::open(&url.parse().unwrap(), NOW).await.unwrap_err();
        assert_eq!(error.code(), "log-not-durable", "{error:?}");
        assert!(error.to_string().contains(setting), "{error}");
        server.stop();
    }
    let error = PostgresLog::open(&url.parse().unwrap(), NOW).await.unwrap_err();
    assert_eq!(error.code(), "log-unreachable", "{error:?}");
}

#[tokio::test]
async fn every_connection_waits_for_the_disk() {
    for (role, expected) in [("off", "on"), ("local", "on"), ("remote_write", "on"), ("remote_apply", "remote_apply")] {
        let url = Postgres::shared().database();
        let name = url.rsplit('/').next().unwrap();
        Postgres::shared().psql(&url, &format!("ALTER DATABASE {name} SET synchronous_commit = '{role}'"));
        let log = open(&url).await;
        Plane::load(log.clone()).await.put("a", true).await.unwrap();
        assert_eq!(log.show("synchronous_commit").await.unwrap(), expected, "where the database says `{role}`");
    }
}

#[tokio::test]
async fn of_two_processes_one_comes_first_and_the_other_decides_again() {
    let url = Postgres::shared().database();
    let (one, two) = (open(&url).await, open(&url).await);
    let (mut here, mut there) = (Plane::load(one.clone()).await, Plane::load(two.clone()).await);
    here.put("a", true).await.unwrap();
    let refused = there.put("b", true).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { revision: 1, head: 1, .. }), "{refused:?}");
    let mut there = Plane::load(two.clone()).await;
    there.put("b", true).await.unwrap();
    assert_eq!(replay(&*one, &environment(), None).await.unwrap(), there.state);
    assert_eq!((one.epoch(), two.epoch()), (NOW, NOW));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_lose_nothing() {
    let url = Postgres::shared().database();
    let mut writing = Vec::new();
    for writer in 0..4 {
        let log = open(&url).await;
        writing.push(tokio::spawn(async move {
            for number in 0..8 {
                loop {
                    let mut plane = Plane::load(log.clone()).await;
                    match plane.put(&format!("flag-{writer}-{number}"), true).await {
                        Ok(_) => break,
                        Err(StoreError::Conflict { .. }) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
        }));
    }
    for each in writing {
        each.await.unwrap();
    }
    let log = open(&url).await;
    let report = verify(&*log, &environment(), &[]).await.unwrap();
    assert_eq!((report.status, report.changes), (VerifyStatus::Verified, 32));
    assert_eq!(replay(&*log, &environment(), None).await.unwrap().flag_set.flags.len(), 32);
}

#[tokio::test]
async fn what_someone_edits_in_the_database_is_refused_or_found() {
    let url = Postgres::shared().database();
    let log = open(&url).await;
    let mut plane = Plane::load(log.clone()).await;
    for key in ["a", "b", "c"] {
        plane.put(key, true).await.unwrap();
    }
    for sql in ["UPDATE changes SET hash = ''", "DELETE FROM changes", "TRUNCATE changes"] {
        let refused = format!(
            "DO $$ BEGIN {sql}; RAISE 'was not refused'; EXCEPTION WHEN raise_exception THEN \
             IF SQLERRM = 'was not refused' THEN RAISE; END IF; END $$"
        );
        Postgres::shared().psql(&url, &refused);
    }
    let edit = "DROP TRIGGER changes_stay ON changes; UPDATE changes SET record = \
                convert_to(replace(convert_from(record, 'UTF8'), 'because', 'unless'), 'UTF8') WHERE revision = 2";
    Postgres::shared().psql(&url, edit);
    let report = verify(&*log, &environment(), &[]).await.unwrap();
    let fault = report.fault.expect("it is found");
    assert_eq!((report.status, fault.revision, fault.code.as_str()), (VerifyStatus::Broken, 2, "edited"));
}

#[tokio::test]
async fn a_log_of_a_newer_version_is_left_alone() {
    let url = Postgres::shared().database();
    open(&url).await.close().await;
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (999, 'from the future', TRUE, '', 0)";
    Postgres::shared().psql(&url, sql);
    let error = PostgresLog::open(&url.parse().unwrap(), NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer(999)), "{error:?}");
}

#[test]
fn a_password_is_never_shown() {
    let url: DatabaseUrl = "postgres://ada:s3cret@db.example:5433/flags?sslmode=require".parse().unwrap();
    assert_eq!(url.to_string(), "postgres://ada@db.example:5433/flags");
    assert!(!format!("{url:?}").contains("s3cret"));
    for wrong in ["", "sqlite:file", "db.example", "postgres://[", "mysql://ada:s3cret@db/flags"] {
        let error = wrong.parse::<DatabaseUrl>().unwrap_err().to_string();
        assert!(error.contains("postgres://") && !error.contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn what_one_replica_tells_every_other_hears_whole_and_in_order() {
    let url = Postgres::shared().database();
    let (one, two) = (open(&url).await, open(&url).await);
    let mut ear = two.listen().await.unwrap();
    let long: String = (0..40_000).map(|number| char::from_u32(0x3b1 + number % 24).unwrap()).collect();
    for text in ["", "two words", &long, &"x".repeat(7_800 * 3), "last"] {
        one.tell("r-1", text).await.unwrap();
        let told = Heard::Told { from: "r-1".to_owned(), text: text.to_owned() };
        assert_eq!(ear.next().await.unwrap(), told);
    }
    Plane::load(one.clone()).await.put("a", true).await.unwrap();
    assert_eq!(ear.next().await.unwrap(), Heard::Changed("production".to_owned()));
    Postgres::shared().psql(&url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
    ear.next().await.unwrap_err();
}

#[tokio::test]
async fn one_replica_leads_until_its_connection_ends() {
    let url = Postgres::shared().database();
    let (one, two) = (open(&url).await, open(&url).await);
    let (mut lead, mut other) = (one.candidate().await.unwrap(), two.candidate().await.unwrap());
    assert!(lead.take(&environment()).await.unwrap(), "nobody else leads");
    assert!(!other.take(&environment()).await.unwrap());
    assert!(other.take(&"staging".parse().unwrap()).await.unwrap(), "of another environment");
    lead.hold().await.unwrap();
    let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    Postgres::shared().psql(&url, others);
    lead.hold().await.unwrap_err();
    assert!(two.candidate().await.unwrap().take(&environment()).await.unwrap());
}

#[tokio::test]
async fn replicas_say_how_far_they_have_followed() {
    let url = Postgres::shared().database();
    let log = open(&url).await;
    let mut ear = log.listen().await.unwrap();
    let within = std::time::Duration::from_secs(3_600);
    let at = |revision| [("production".to_owned(), revision)].into();
    assert!(ear.beat("r-1", &at(0)).await.unwrap().is_empty());
    Plane::load(log.clone()).await.put("a", true).await.unwrap();
    assert_eq!(ear.beat("r-2", &at(1)).await.unwrap(), at(1));
    assert_eq!(log.lagging(&environment(), 1, within).await.unwrap(), ["r-1"]);
    assert_eq!(log.lagging(&environment(), 2, within).await.unwrap(), ["r-1", "r-2"]);
    Postgres::shared().psql(&url, "UPDATE replicas SET seen_at = now() - interval '2 hours' WHERE replica = 'r-1'");
    assert!(log.lagging(&environment(), 1, within).await.unwrap().is_empty(), "it has been silent for too long");
    log.leave("r-2").await.unwrap();
    assert!(log.lagging(&environment(), 9, within).await.unwrap().is_empty());
}
