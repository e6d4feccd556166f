//! What every store of populations has to do.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/postgres.rs"]
mod postgres_server;
mod support;

use downhaul_control::Hash;
use downhaul_control::api::{PopulationAct, PopulationEvent, PopulationName, PopulationView};
use downhaul_store::{ChangeLog, Options, PopulationStore, PostgresLog, SqliteLog, StoreError, verify};
use postgres_server::Postgres;
use sqlx::ConnectOptions;
use sqlx::Row;
use sqlx::sqlite::SqliteConnectOptions;
use std::path::Path;
use std::sync::Arc;
use support::{NOW, Plane, environment};

async fn open(folder: &Path, options: &Options) -> Arc<SqliteLog> {
    Arc::new(SqliteLog::open(folder, NOW, options).await.unwrap())
}

fn name(name: &str) -> PopulationName {
    name.parse().unwrap()
}

/// Bytes of which no two pieces are alike.
fn content(seed: u32, size: usize) -> Vec<u8> {
    (0_u32..).flat_map(|number| (number.wrapping_mul(2_654_435_761) ^ seed).to_le_bytes()).take(size).collect()
}

fn view(called: &str, content: &[u8]) -> PopulationView {
    PopulationView {
        name: name(called),
        taken_at: "2026-11-23T20:00:00.000Z".to_owned(),
        source: "people.csv".to_owned(),
        rows: 3,
        weight: 4.5,
        columns: vec!["targetingKey".to_owned(), "app.version".to_owned()],
        size: content.len() as u64,
        digest: Hash::of(content).to_string(),
        drawn_from: None,
        put_at: "2026-11-24T20:00:00.000Z".to_owned(),
        put_by: "a-1".to_owned(),
        live: None,
    }
}

fn event(view: &PopulationView, what: PopulationAct) -> PopulationEvent {
    PopulationEvent {
        at: view.put_at.clone(),
        by: view.put_by.clone(),
        name: view.name.to_string(),
        what,
        digest: view.digest.clone(),
    }
}

async fn put(store: &dyn PopulationStore, called: &str, content: &[u8]) -> Result<PopulationView, StoreError> {
    let view = view(called, content);
    let event = event(&view, PopulationAct::Put);
    store.put_population(&environment(), &view, content, Some(&event)).await.map(|()| view)
}

/// Pieces that are in the database, of whatever content.
async fn pieces(folder: &Path) -> i64 {
    let options = SqliteConnectOptions::new().filename(folder.join("downhaul.sqlite3"));
    let mut connection = options.connect().await.unwrap();
    let row = sqlx::query("SELECT count(*) FROM population_pieces WHERE number >= 0").fetch_one(&mut connection);
    row.await.unwrap().try_get(0).unwrap()
}

#[tokio::test]
async fn keeps_replaces_and_removes_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Options::default()).await;
    keeps_replaces_and_removes(&*store, async || pieces(folder.path()).await).await;
    // It is no change.
    assert_eq!(verify(&*store, &environment(), &[]).await.unwrap().changes, 0);
}

#[tokio::test]
async fn keeps_replaces_and_removes_in_postgres() {
    let url = Postgres::shared().database();
    let (store, _) = PostgresLog::open(&url.parse().unwrap(), NOW).await.unwrap();
    let pieces = async || Postgres::shared().psql(&url, "SELECT count(*) FROM population_pieces").parse().unwrap();
    keeps_replaces_and_removes(&store, pieces).await;
    assert_eq!(verify(&store, &environment(), &[]).await.unwrap().changes, 0);
}

/// `pieces` counts those that are in the database.
async fn keeps_replaces_and_removes(store: &dyn PopulationStore, pieces: impl AsyncFn() -> i64) {
    assert!(store.populations(&environment()).await.unwrap().is_empty());
    assert_eq!(store.population(&environment(), &name("default")).await.unwrap(), None);

    // Empty, less than a piece, exactly some, and more.
    for (called, size) in [("none", 0), ("a", 10), ("default", 512 * 1024), ("b/c", 600_001)] {
        let bytes = content(7, size);
        let view = put(store, called, &bytes).await.unwrap();
        assert_eq!(store.population(&environment(), &view.name).await.unwrap(), Some(view.clone()));
        assert_eq!(store.population_content(&environment(), &view.name).await.unwrap(), Some((view, bytes)));
    }
    let names = |views: Vec<PopulationView>| views.iter().map(|view| view.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(store.populations(&environment()).await.unwrap()), ["a", "b/c", "default", "none"]);
    assert!(store.populations(&"staging".parse().unwrap()).await.unwrap().is_empty(), "of another environment");

    let replaced = put(store, "default", &content(8, 300_000)).await.unwrap();
    let found = store.population_content(&environment(), &name("default")).await.unwrap().unwrap();
    assert_eq!(found, (replaced.clone(), content(8, 300_000)));
    assert_eq!(pieces().await, 1 + 2 + 3, "what was replaced is gone");

    let gone = event(&replaced, PopulationAct::Removed);
    assert!(store.remove_population(&environment(), &name("default"), &gone).await.unwrap());
    assert!(!store.remove_population(&environment(), &name("default"), &gone).await.unwrap());
    assert_eq!(store.population(&environment(), &name("default")).await.unwrap(), None);
    assert_eq!(pieces().await, 1 + 3);

    let journal = store.population_journal(&environment(), 3).await.unwrap();
    let told: Vec<_> = journal.iter().map(|event| (event.name.as_str(), event.what)).collect();
    let expected = [("default", PopulationAct::Removed), ("default", PopulationAct::Put), ("b/c", PopulationAct::Put)];
    assert_eq!(told, expected, "the newest first, and no more than were asked for");
}

#[tokio::test]
async fn outlives_being_closed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Options::default()).await;
    let bytes = content(1, 400_000);
    let view = put(&*store, "default", &bytes).await.unwrap();
    store.close().await;
    let store = open(folder.path(), &Options::default()).await;
    assert_eq!(store.population_content(&environment(), &view.name).await.unwrap(), Some((view, bytes)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_appended_between_two_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Options::default()).await;
    let mut plane = Plane::load(Arc::<SqliteLog>::clone(&store)).await;
    let uploading = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { put(&*store, "default", &content(1, 40 << 20)).await.unwrap() })
    };
    // Once it has begun.
    while pieces(folder.path()).await == 0 {
        tokio::task::yield_now().await;
    }
    plane.put("a", true).await.unwrap();
    plane.kill("a").await.unwrap();
    assert!(!uploading.is_finished(), "two changes came before the end of an upload that began before them");
    uploading.await.unwrap();
    assert_eq!(verify(&*store, &environment(), &[]).await.unwrap().changes, 2);
}

#[tokio::test]
async fn what_did_not_come_to_its_end_is_no_population() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Options::default()).await;
    put(&*store, "default", &content(1, 300_000)).await.unwrap();
    // As a power cut leaves it: pieces that nothing names.
    let options = SqliteConnectOptions::new().filename(folder.path().join("downhaul.sqlite3"));
    let mut connection = options.connect().await.unwrap();
    sqlx::query("INSERT INTO population_pieces (content, number, bytes) VALUES (77, 0, x'00'), (77, 1, x'01')")
        .execute(&mut connection)
        .await
        .unwrap();
    store.close().await;
    let store = open(folder.path(), &Options::default()).await;
    assert_eq!(pieces(folder.path()).await, 2, "only what is named");
    assert_eq!(store.populations(&environment()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn pieces_of_an_upload_at_another_replica_are_left_alone() {
    let url = Postgres::shared().database();
    let address = url.parse().unwrap();
    let (store, turn) = PostgresLog::open(&address, NOW).await.unwrap();
    drop(turn);
    put(&store, "default", &content(1, 300_000)).await.unwrap();
    let sql = "INSERT INTO population_pieces (content, number, bytes, put_at) VALUES \
               (77, 0, '', now() - interval '2 days'), (77, 1, '', now()), \
               (78, 0, '', now() - interval '2 days'), (78, 1, '', now() - interval '25 hours')";
    Postgres::shared().psql(&url, sql);
    drop(PostgresLog::open(&address, NOW).await.unwrap());
    let left = "SELECT string_agg(DISTINCT content::text, ',') FROM population_pieces WHERE content > 70";
    assert_eq!(Postgres::shared().psql(&url, left), "77", "and only what nobody can still be writing is swept");
    assert_eq!(store.populations(&environment()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_disk_keeps_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Options { page_limit: Some(400) }).await;
    let before = put(&*store, "default", &content(1, 300_000)).await.unwrap();
    let refused = put(&*store, "default", &content(2, 4 << 20)).await;
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    let found = store.population_content(&environment(), &before.name).await.unwrap().unwrap();
    assert_eq!(found, (before, content(1, 300_000)));
    assert_eq!(pieces(folder.path()).await, 2, "nothing half-written stays");
    // And a kill finds room again.
    let mut plane = Plane::load(store).await;
    plane.put("a", true).await.unwrap();
    plane.kill("a").await.unwrap();
}
