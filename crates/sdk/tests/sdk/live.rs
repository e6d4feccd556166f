//! Deciding, and hearing of what changes.

use crate::control_plane::{ControlPlane, flag, http, next_event, until, within};
use downhaul_sdk::{
    Cause, Change, Client, ClientKind, Context, ErrorCode, Event, Options, ProblemCode, Reason, Source, StartError,
    State, Transport,
};
use serde::Deserialize;
use serde_json::{Value, json};

fn of(client: &Client, user: &str) -> downhaul_sdk::Decisions {
    client.evaluate(&Context::new(user))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_arrives_and_is_acknowledged() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout")]).await;
    let client = plane.start(&plane.key().await);
    let mut events = client.events();
    let status = client.ready().await;
    assert_eq!((status.source, status.environment.as_deref()), (Source::Network, Some("production")));
    until(&client, |status| status.transport == Transport::Stream).await;
    let before = of(&client, "user-1");
    assert!(before.boolean("checkout", false));
    assert_eq!(before.details("checkout", false).reason, Reason::Static);
    plane.until("/fleet", |fleet| fleet["trusted"] == 1).await;

    let id = plane.kill("checkout").await;
    let change = next_event(&mut events, |event| match event {
        Event::Applied { change, .. } => (change == Change::Kill).then_some(change),
        _ => None,
    });
    assert_eq!(change.await, Change::Kill);
    let killed = of(&client, "user-1").details("checkout", true);
    assert!(!killed.value);
    assert_eq!((killed.reason, killed.metadata.cause), (Reason::Disabled, Some(Cause::Kill)));
    assert_eq!(killed.variant.as_deref(), Some("off"));
    assert!(before.boolean("checkout", false), "a request sees the same from begin to end");
    assert!(!client.boolean("checkout", true));

    // The roster shows it dark.
    let kill = plane.until(&format!("/kills/{id}"), |kill| kill["progress"]["complete"] == true).await;
    let progress = &kill["progress"];
    assert_eq!((&progress["live"], &progress["dark"], &progress["trusted"]["dark"]), (&json!(1), &json!(1), &json!(1)));

    plane.restore(&id).await;
    next_event(&mut events, |event| match event {
        Event::Changed { keys, change } => (change == Change::Restore && keys == ["checkout"]).then_some(()),
        _ => None,
    })
    .await;
    assert!(of(&client, "user-1").boolean("checkout", false));
    client.close().await;
    assert_eq!(client.status().state, State::Closed);
    assert!(client.boolean("checkout", false), "reads go on answering");
    plane.until("/fleet", |fleet| fleet["live"] == 0).await;
    within(async { while events.next().await.is_some() {} }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_come_as_differences() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("a"), flag("b")]).await;
    let client = plane.start(&plane.key().await);
    let mut events = client.events();
    client.ready().await;
    until(&client, |status| status.transport == Transport::Stream).await;
    let mut off = flag("b");
    off["default"] = json!("off");
    plane.apply(&[flag("a"), off]).await;
    let (change, keys) = next_event(&mut events, |event| match event {
        Event::Changed { keys, change } if change != Change::Put => Some((change, keys)),
        _ => None,
    })
    .await;
    assert_eq!((change, keys.as_slice()), (Change::Patch, &["b".to_owned()][..]));
    assert!(client.boolean("a", false) && !client.boolean("b", true));
    assert_eq!(client.status().problems, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_polls_hears_of_kills_as_well() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout")]).await;
    let client = plane.options(&plane.key().await).poll().start().unwrap();
    client.ready().await;
    until(&client, |status| status.transport == Transport::Poll).await;
    let id = plane.kill("checkout").await;
    until(&client, |status| status.position.is_some_and(|position| position.kill_revision == 1)).await;
    assert!(!client.boolean("checkout", true));
    plane.until(&format!("/kills/{id}"), |kill| kill["progress"]["dark"] == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_cut_comes_back_with_what_was_missed() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout")]).await;
    let client = plane.start(&plane.key().await);
    client.ready().await;
    until(&client, |status| status.transport == Transport::Stream).await;
    let mut events = client.events();
    plane.cut();
    let problem = next_event(&mut events, |event| match event {
        Event::Problem(problem) => Some(problem),
        _ => None,
    })
    .await;
    assert_eq!(problem.code, ProblemCode::ConnectionFailed);
    assert!(!problem.message.contains("http://"), "addresses are long: {problem}");
    assert_eq!(client.status().source, Source::Network);
    plane.kill("checkout").await;
    assert!(client.boolean("checkout", false), "it can't know");
    plane.mend();
    until(&client, |_| !client.boolean("checkout", true)).await;
    let status = until(&client, |status| status.transport == Transport::Stream).await;
    assert_eq!(status.state, State::Ready);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_in_one_process_keep_apart() {
    let plane = ControlPlane::new().await;
    let mut acme = flag("checkout");
    acme["default"] = json!("off");
    acme["rules"] = json!([{ "name": "acme", "when": [{ "tenant": ["acme"] }], "serve": "on" }]);
    plane.apply(&[acme]).await;
    let pinned = plane.key_with(json!({ "kind": "server", "pinned": { "tenant": "acme" } })).await;
    let folder = tempfile::tempdir().unwrap();
    let one = plane.options(&pinned).keep_in(folder.path()).start().unwrap();
    let other = plane.options(&plane.key().await).keep_in(folder.path()).start().unwrap();
    tokio::join!(one.ready(), other.ready());
    assert!(one.boolean("checkout", false), "who says nothing is whom the key is for");
    assert!(of(&one, "user-1").boolean("checkout", false));
    let stranger = one.evaluate(&Context::new("user-1").with("tenant", "globex"));
    let details = stranger.details("checkout", false);
    assert_eq!(details.error.unwrap().code, ErrorCode::ProviderNotReady, "nobody gets another's answer");
    assert!(!other.boolean("checkout", true));
    assert!(other.evaluate(&Context::new("user-1").with("tenant", "acme")).boolean("checkout", false));
    tokio::join!(one.close(), other.close());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "each has its own file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_reads() {
    #[derive(Deserialize, Debug, PartialEq, Default)]
    struct Limits {
        items: u32,
    }
    let plane = ControlPlane::new().await;
    let with = |key: &str, value: Value| {
        let mut flag = flag(key);
        flag["variants"] = json!({ "on": value, "off": value });
        flag
    };
    let flags = [
        flag("bool"),
        with("text", json!("blue")),
        with("number", json!(2.5)),
        with("whole", json!(7)),
        with("limits", json!({ "items": 3 })),
    ];
    plane.apply(&flags).await;
    let client = plane.start(&plane.key().await);
    let early = client.details("bool", true);
    if client.status().state == State::Connecting {
        assert_eq!(early.error.as_ref().unwrap().code, ErrorCode::ProviderNotReady);
    }
    client.ready().await;
    let flags = of(&client, "user-1");
    assert_eq!(flags.string("text", "red"), "blue");
    assert_eq!((flags.number("number", 0.0), flags.integer("whole", 0), flags.number("whole", 0.0)), (2.5, 7, 7.0));
    assert_eq!(flags.object("limits", Limits::default()), Limits { items: 3 });
    assert_eq!(flags.details("limits", Value::Null).value, json!({ "items": 3 }));

    // What can't be answered is the caller's default, with a code.
    assert!(flags.boolean("text", true));
    assert_eq!(flags.integer("number", 9), 9);
    let wrong = flags.details("text", true);
    let error = wrong.error.unwrap();
    assert_eq!((wrong.value, wrong.reason, error.code), (true, Reason::Error, ErrorCode::TypeMismatch));
    assert_eq!(error.message, "flag `text` is of type string, not boolean");
    let unfit = flags.object_details::<Vec<u8>>("limits", vec![1]);
    assert_eq!((unfit.value, unfit.error.unwrap().code), (vec![1], ErrorCode::TypeMismatch));
    let unknown = flags.details("nowhere", 1.5);
    assert_eq!((unknown.value, unknown.error.unwrap().code), (1.5, ErrorCode::FlagNotFound));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outcomes_and_what_is_asked_for_are_told() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout"), flag("unused")]).await;
    let client = plane.start(&plane.key().await);
    client.ready().await;
    let flags = of(&client, "user-1");
    assert_eq!(flags.watch("checkout", async { Ok::<_, ()>(1) }).await, Ok(1));
    assert_eq!(flags.watch("checkout", async { Err::<(), _>("no money") }).await, Err("no money"));
    flags.outcome("checkout", true);
    flags.outcome("nowhere", true);
    // Counts go along with what is told anyway: here the goodbye.
    client.close().await;
    let page = plane.get("/outcomes").await;
    let outcomes = page["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 1, "{page}");
    assert_eq!(
        (&outcomes[0]["flag"], &outcomes[0]["variant"], &outcomes[0]["ok"], &outcomes[0]["failed"]),
        (&json!("checkout"), &json!("on"), &json!(2), &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_refused_is_an_error_and_no_end() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout")]).await;
    let client = plane.start("dhk_nonsense");
    let mut events = client.events();
    let problem = next_event(&mut events, |event| match event {
        Event::Error(problem) => Some(problem),
        _ => None,
    })
    .await;
    assert_eq!(problem.code, ProblemCode::Unauthorized);
    assert!(problem.message.starts_with("the control plane answered 401"), "{problem}");
    assert_eq!(client.status().state, State::Connecting);
    assert!(client.boolean("checkout", true), "the caller's default");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_drops_a_client_ends_it() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout")]).await;
    let client = plane.start(&plane.key().await);
    let mut events = client.events();
    let copy = client.clone();
    client.ready().await;
    drop(client);
    plane.apply(&[flag("checkout"), flag("more")]).await;
    until(&copy, |_| copy.boolean("more", false)).await;
    drop(copy);
    within(async { while events.next().await.is_some() {} }).await;
}

#[tokio::test]
async fn options_that_can_not_be() {
    let start = |options: Options| options.http(http()).start().map(drop).unwrap_err().to_string();
    let good = || Options::new("https://flags.example.com/", "dhk_1");
    for url in ["", "flags.example.com", "ftp://flags.example.com", "https://flags.example.com/?a=b"] {
        assert!(start(Options::new(url, "dhk_1")).contains("no address of a control plane"), "{url}");
    }
    for key in ["", "dhk_\n"] {
        assert!(start(Options::new("https://flags.example.com", key)).contains("client key"), "{key:?}");
    }
    assert!(start(good().public_keys(["AAAA"])).contains("`AAAA` is no public key"));
    assert!(start(good().public_keys(Vec::<String>::new())).contains("names none"));
    assert!(start(good().kind(ClientKind::Browser)).contains("no browser"));
    assert!(start(good().context_token("a\nb")).contains("context token"));
    assert!(!format!("{:?}", good()).contains("dhk_1"), "keys are not for logs");
    let outside = std::thread::spawn(move || good().start().map(drop)).join().unwrap();
    assert!(matches!(outside, Err(StartError::NoRuntime)));
}
