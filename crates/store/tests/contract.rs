//! What every change log has to do, whatever database it is on.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

#[path = "support/postgres.rs"]
mod postgres_server;
mod support;

use downhaul_control::api::VerifyStatus;
use downhaul_control::guards::{Cell, Counted, FlagMinute, Told};
use downhaul_control::{AdminToken, Hash, State};
use downhaul_core::document::ClientKind;
use downhaul_store::{
    ChangeLog, Effects, MinuteStore, Options, PostgresLog, SessionStore, SqliteLog, StoreError, replay, verify,
};
use postgres_server::Postgres;
use std::sync::Arc;
use support::{NOW, Plane, environment};

/// Runs each test of the contract over every back end, on an empty log.
macro_rules! contract {
    ($($test:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                let (log, _keep) = super::sqlite().await;
                super::$test(log).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::postgres().await).await;
            })*
        }
    };
}

contract! {
    starts_empty
    keeps_changes_in_order
    refuses_what_does_not_follow
    one_of_two_writers_wins
    charts_by_flag_and_page
    answers_for_the_past
    keeps_settings
    keeps_admin_tokens
    forgets_actors
}

async fn sqlite() -> (Arc<dyn ChangeLog>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open(folder.path(), NOW, &Options::default()).await.unwrap();
    (Arc::new(log), folder)
}

async fn postgres() -> Arc<dyn ChangeLog> {
    let url = Postgres::shared().database().parse().unwrap();
    let (log, _) = PostgresLog::open(&url, NOW).await.unwrap();
    Arc::new(log)
}

async fn starts_empty(log: Arc<dyn ChangeLog>) {
    assert_eq!(log.epoch(), NOW);
    assert_eq!(log.head(&environment()).await.unwrap(), None);
    assert!(log.heads().await.unwrap().is_empty());
    assert!(log.read(&environment(), 0, 10).await.unwrap().is_empty());
    log.ready().await.unwrap();
    let report = verify(&*log, &environment(), &[]).await.unwrap();
    assert_eq!((report.status, report.changes), (VerifyStatus::Verified, 0));
    assert_eq!(report.head, "0".repeat(64));
}

async fn keeps_changes_in_order(log: Arc<dyn ChangeLog>) {
    let mut plane = Plane::load(log.clone()).await;
    let first = plane.put("a", true).await.unwrap();
    plane.kill("a").await.unwrap();
    let last = plane.restore("k-1").await.unwrap();

    let stored = log.read(&environment(), 0, 10).await.unwrap();
    assert_eq!(stored.iter().map(|each| each.revision).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(stored[0].bytes, first.bytes(), "stored as hashed");
    assert_eq!(stored[0].hash, Hash::of(&stored[0].bytes).to_string());
    let head = log.head(&environment()).await.unwrap().unwrap();
    assert_eq!((head.revision, head.kill_revision), (3, 2));
    assert_eq!(head.hash, last.hash().to_string());
    assert_eq!(log.heads().await.unwrap()["production"], head);
    assert_eq!(replay(&*log, &environment(), None).await.unwrap(), plane.state);
    let report = verify(&*log, &environment(), &[]).await.unwrap();
    assert_eq!((report.status, report.changes, report.fault), (VerifyStatus::Verified, 3, None));
    assert_eq!(report.document_digest, head.document_digest);
}

async fn refuses_what_does_not_follow(log: Arc<dyn ChangeLog>) {
    let mut plane = Plane::load(log.clone()).await;
    let first = plane.put("a", true).await.unwrap();
    let again = log.append(&first, &Effects::of(&plane.state, &first)).await;
    assert!(matches!(again, Err(StoreError::Conflict { revision: 1, head: 1, .. })), "{again:?}");

    // Right number, other past.
    let mut other = Plane { log: log.clone(), state: State::empty(environment(), NOW) };
    other.state.flag_set.revision = 1;
    let refused = other.put("b", true).await;
    assert!(matches!(refused, Err(StoreError::Conflict { revision: 2, head: 1, .. })), "{refused:?}");
    assert_eq!(log.read(&environment(), 0, 10).await.unwrap().len(), 1);
}

async fn one_of_two_writers_wins(log: Arc<dyn ChangeLog>) {
    let plane = Plane::load(log.clone()).await;
    let appended = (0..8).map(|number| {
        let mut racer = Plane { log: log.clone(), state: plane.state.clone() };
        tokio::spawn(async move { racer.put(&format!("flag-{number}"), true).await.is_ok() })
    });
    let mut won = 0;
    for each in appended.collect::<Vec<_>>() {
        won += usize::from(each.await.unwrap());
    }
    assert_eq!(won, 1);
    assert_eq!(verify(&*log, &environment(), &[]).await.unwrap().changes, 1);
}

async fn charts_by_flag_and_page(log: Arc<dyn ChangeLog>) {
    let mut plane = Plane::load(log.clone()).await;
    for key in ["a", "b", "c"] {
        plane.put(key, true).await.unwrap();
    }
    plane.kill("b").await.unwrap();
    plane.restore("k-1").await.unwrap();
    let chart = async |before, limit, flag| {
        let changes = log.chart(&environment(), before, limit, flag).await.unwrap();
        changes.iter().map(|each| each.revision).collect::<Vec<_>>()
    };
    assert_eq!(chart(None, 10, None).await, [5, 4, 3, 2, 1]);
    assert_eq!(chart(None, 2, None).await, [5, 4]);
    assert_eq!(chart(Some(4), 2, None).await, [3, 2]);
    assert_eq!(chart(None, 10, Some("b")).await, [5, 4, 2], "its kill and restore too");
    assert_eq!(chart(Some(5), 1, Some("b")).await, [4]);
    assert_eq!(chart(None, 10, Some("'; DROP TABLE changes; --")).await, [0; 0]);
}

async fn answers_for_the_past(log: Arc<dyn ChangeLog>) {
    let mut plane = Plane::load(log.clone()).await;
    plane.put("a", true).await.unwrap();
    let then = plane.state.clone();
    plane.put("a", false).await.unwrap();
    plane.kill("a").await.unwrap();
    assert_eq!(replay(&*log, &environment(), Some(1)).await.unwrap(), then);
}

async fn keeps_settings(log: Arc<dyn ChangeLog>) {
    assert_eq!(log.setting("signing-key").await.unwrap(), None);
    assert_eq!(log.setting_or_insert("signing-key", b"one").await.unwrap(), b"one");
    assert_eq!(log.setting_or_insert("signing-key", b"two").await.unwrap(), b"one");
    log.put_setting("signing-key", b"three").await.unwrap();
    assert_eq!(log.setting("signing-key").await.unwrap().as_deref(), Some(&b"three"[..]));
}

async fn keeps_admin_tokens(log: Arc<dyn ChangeLog>) {
    let token = AdminToken { id: "t".to_owned(), actor: "a-1".to_owned(), hash: Hash::of(b"secret") };
    log.put_admin_token(&token).await.unwrap();
    assert_eq!(log.admin_tokens().await.unwrap(), [token]);
    log.remove_admin_token("t").await.unwrap();
    assert!(log.admin_tokens().await.unwrap().is_empty());
}

async fn forgets_actors(log: Arc<dyn ChangeLog>) {
    let mut plane = Plane::load(log.clone()).await;
    log.put_actor("a-1", "Maya").await.unwrap();
    log.put_actor("a-1", "Maya Lindqvist").await.unwrap();
    plane.put("a", true).await.unwrap();
    assert_eq!(log.actors().await.unwrap()["a-1"], "Maya Lindqvist");
    log.erase_actor("a-1").await.unwrap();
    assert!(log.actors().await.unwrap().is_empty());
    assert_eq!(verify(&*log, &environment(), &[]).await.unwrap().status, VerifyStatus::Verified);
}

/// Minutes of telemetry lie beside the log, over either back end.
mod minutes {
    use super::*;

    fn minute(flag: &str, began: u64, units: u64) -> FlagMinute {
        let told = vec![Told { id: "0011aabb".to_owned(), failed: true, slowest: 95 }];
        let cell = Cell {
            variant: "on".to_owned(),
            kind: ClientKind::Server,
            counted: Counted::Named("checkout.pay".to_owned()),
            release: Some("shop 2".to_owned()),
            instance: None,
            units,
            failed: 1,
            latency: vec![(95, units)],
            told,
        };
        FlagMinute { began, flag: flag.to_owned(), cells: vec![cell] }
    }

    async fn come_back_in_order_until_they_are_old(store: Arc<dyn MinuteStore>) {
        let one = [minute("a", 120, 5), minute("a", 60, 3), minute("b", 60, 9)];
        store.add_minutes(&environment(), &one).await.unwrap();
        // Another replica was told something of the same minute.
        store.add_minutes(&environment(), &[minute("a", 60, 4)]).await.unwrap();
        let of = |flag: &'static str, from, to| {
            let store = Arc::clone(&store);
            async move {
                let found = store.minutes(&environment(), flag, from..to).await.unwrap();
                found.iter().map(|minute| (minute.began, minute.cells[0].units)).collect::<Vec<_>>()
            }
        };
        assert_eq!(store.minutes(&environment(), "b", 0..61).await.unwrap(), [minute("b", 60, 9)]);
        assert_eq!(of("a", 0, 121).await, [(60, 3), (60, 4), (120, 5)]);
        assert_eq!(of("a", 61, 120).await, []);
        assert_eq!(of("c", 0, 1000).await, []);
        let elsewhere = "staging".parse().unwrap();
        assert_eq!(store.minutes(&elsewhere, "a", 0..1000).await.unwrap(), []);
        let many: Vec<_> = (0..600).map(|_| minute("a", 0, 1)).collect();
        store.add_minutes(&environment(), &many).await.unwrap();
        let mut removed = 0;
        loop {
            let some = store.prune_minutes(61).await.unwrap();
            removed += some;
            if some == 0 {
                break;
            }
        }
        assert_eq!((removed, of("a", 0, 1000).await), (603, vec![(120, 5)]));
    }

    #[tokio::test]
    async fn on_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let log = SqliteLog::open(folder.path(), NOW, &Options::default()).await.unwrap();
        come_back_in_order_until_they_are_old(Arc::new(log)).await;
    }

    #[tokio::test]
    async fn on_postgres() {
        let url = Postgres::shared().database().parse().unwrap();
        let (log, _) = PostgresLog::open(&url, NOW).await.unwrap();
        come_back_in_order_until_they_are_old(Arc::new(log)).await;
    }
}

/// Who is signed in is kept beside the log, over either back end.
mod sessions {
    use super::*;

    async fn are_known_and_ended_by_whoever_comes_first(one: Arc<dyn SessionStore>, two: Arc<dyn SessionStore>) {
        one.begin_session("hash", "ada").await.unwrap();
        one.begin_session("other", "bob").await.unwrap();
        one.begin_session("hash", "eve").await.unwrap_err();
        let kept = two.session("hash").await.unwrap().unwrap();
        assert_eq!((kept.what.as_str(), two.session("nobody").await.unwrap()), ("ada", None));
        assert!(kept.age.as_secs() < 600 && kept.idle <= kept.age, "{kept:?}");
        assert_eq!(two.end_session("hash").await.unwrap().map(|kept| kept.what).as_deref(), Some("ada"));
        assert_eq!((one.end_session("hash").await.unwrap(), one.session("hash").await.unwrap()), (None, None));
        assert_eq!(one.session("other").await.unwrap().map(|kept| kept.what).as_deref(), Some("bob"));
    }

    /// `hash` was begun and used so long ago, `forgotten` longer, and ten thousand have begun to sign in since.
    async fn end_when_they_are_old_or_many(store: Arc<dyn SessionStore>) {
        // Anyone can begin to sign in, and signs nobody out by that: the attempt that was used first goes.
        assert!(store.session("attempt/1").await.unwrap().is_some());
        store.begin_session("attempt/new", "").await.unwrap();
        assert_eq!(store.session("attempt/1").await.unwrap(), None);
        // And with it those that nobody used for a week.
        assert_eq!(store.session("forgotten").await.unwrap(), None);
        let kept = store.session("hash").await.unwrap().unwrap();
        assert_eq!((kept.age.as_secs() / 60, kept.idle.as_secs() / 60), (60, 10));
        let kept = store.session("hash").await.unwrap().unwrap();
        assert_eq!((kept.age.as_secs() / 60, kept.idle.as_secs() / 60), (60, 0), "that was a use of it");
    }

    #[tokio::test]
    async fn on_sqlite() {
        use sqlx::ConnectOptions;
        let folder = tempfile::tempdir().unwrap();
        let open = async || Arc::new(SqliteLog::open(folder.path(), NOW, &Options::default()).await.unwrap());
        let log = open().await;
        are_known_and_ended_by_whoever_comes_first(log.clone(), log.clone()).await;
        log.begin_session("hash", "ada").await.unwrap();
        log.begin_session("forgotten", "eve").await.unwrap();
        log.close().await;
        drop(log);
        let database = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join(downhaul_store::DATABASE));
        let mut raw = database.connect().await.unwrap();
        let many = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000) \
                    INSERT INTO sessions SELECT 'attempt/' || n, '', began, began - 30000 + n FROM n, sessions WHERE hash = 'hash'";
        sqlx::raw_sql(many).execute(&mut raw).await.unwrap();
        let older = "UPDATE sessions SET began = began - 3600000, used = used - 600000 WHERE hash = 'hash'; \
                     UPDATE sessions SET began = began - 604900000, used = used - 604900000 WHERE hash = 'forgotten'";
        sqlx::raw_sql(older).execute(&mut raw).await.unwrap();
        sqlx::Connection::close(raw).await.unwrap();
        end_when_they_are_old_or_many(open().await).await;
    }

    #[tokio::test]
    async fn on_postgres() {
        let url = Postgres::shared().database();
        let open = async || Arc::new(PostgresLog::open(&url.parse().unwrap(), NOW).await.unwrap().0);
        let (one, two) = (open().await, open().await);
        are_known_and_ended_by_whoever_comes_first(one.clone(), two).await;
        one.begin_session("hash", "ada").await.unwrap();
        one.begin_session("forgotten", "eve").await.unwrap();
        let many = "INSERT INTO sessions SELECT 'attempt/' || n, '', now(), now() - interval '30 s' + n * interval '1 ms' FROM generate_series(1, 10000) n";
        Postgres::shared().psql(&url, many);
        let ages = "UPDATE sessions SET began = now() - interval '1 hour', used = now() - interval '10 minutes' WHERE hash = 'hash'; \
                    UPDATE sessions SET used = now() - interval '8 days' WHERE hash = 'forgotten'";
        Postgres::shared().psql(&url, ages);
        end_when_they_are_old_or_many(one).await;
    }
}
