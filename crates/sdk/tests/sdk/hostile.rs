//! What a client does not take.

use crate::control_plane::{flag, http, next_event, until, within};
use crate::liar::{Liar, compiled, document, envelope, event, hello, public_key, sent};
use downhaul_control::envelope::{EnvelopeSigner, EnvelopeType, Header};
use downhaul_control::patch;
use downhaul_sdk::{Change, Client, Event, Options, ProblemCode, Source, State, Transport};
use serde_json::{Value, json};

fn signer(seed: u8) -> EnvelopeSigner {
    EnvelopeSigner::new(&[seed; 32])
}

fn options(liar: &Liar) -> Options {
    Options::new(&liar.url, "dhk_1").http(http())
}

async fn problem(client: &Client, code: ProblemCode) {
    until(client, |status| status.problems.contains(&code)).await;
}

fn killed(key: &str) -> Value {
    json!({ "id": "k-1", "flag": key, "scope": {}, "reason": "test", "by": "a-1", "at": "2026-11-01T00:00:00Z" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_right_is_refused_and_what_is_held_stays() {
    let key = signer(1);
    let liar = Liar::new(&[&key]).await;
    let client = options(&liar).start().unwrap();
    let on = document(&[flag("f")], &[]);
    let mut off = flag("f");
    off["default"] = json!("off");
    let off = document(&[off], &[]);
    liar.stream(&hello(5, 0)).await;
    liar.stream(&sent("put", &envelope(&key, &on, |header| header.revision = 5))).await;
    client.ready().await;
    assert!(client.boolean("f", false));

    let of = |change: fn(&mut Header)| envelope(&key, &off, change);
    let tampered = {
        let mut bytes = of(|header| header.revision = 6);
        let at = bytes.windows(4).position(|window| window == b"test").unwrap();
        bytes[at] ^= 1;
        bytes
    };
    let replaced = {
        let mut bytes = of(|header| header.revision = 6);
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    };
    let cases: Vec<(&str, Vec<u8>, ProblemCode)> = vec![
        ("a changed header", tampered, ProblemCode::SignatureInvalid),
        ("another content", replaced, ProblemCode::DigestMismatch),
        ("another key", envelope(&signer(2), &off, |header| header.revision = 6), ProblemCode::SignatureInvalid),
        ("half of it", of(|header| header.revision = 6)[..100].to_vec(), ProblemCode::EnvelopeMalformed),
        ("nothing", vec![], ProblemCode::EnvelopeMalformed),
        ("an older revision", of(|header| header.revision = 4), ProblemCode::RevisionLower),
        ("an older epoch", of(|header| (header.epoch, header.revision) = (99, 9)), ProblemCode::RevisionLower),
        (
            "another environment",
            of(|header| (header.revision, header.environment) = (6, "x".into())),
            ProblemCode::OtherEnvironment,
        ),
        (
            "another kind",
            of(|header| (header.revision, header.audience.kind) = (6, downhaul_sdk::ClientKind::Edge)),
            ProblemCode::OtherAudience,
        ),
        ("the same revision, another program", of(|header| header.revision = 5), ProblemCode::Equivocation),
        (
            "a format from the future",
            of(|header| (header.revision, header.program_format) = (6, 9)),
            ProblemCode::ProgramRefused,
        ),
    ];
    for (name, bytes, code) in cases {
        let mut events = client.events();
        liar.stream(&sent("put", &bytes)).await;
        let told = next_event(&mut events, |event| match event {
            Event::Problem(problem) => Some(problem),
            _ => None,
        })
        .await;
        assert_eq!(told.code, code, "{name}: {told}");
        assert!(!told.help.is_empty(), "{name}");
        assert!(client.boolean("f", false), "{name}");
        assert_eq!(client.status().position.unwrap().revision, 5, "{name}");
    }

    // A program from the future takes no kill with it, and a kill needs no program.
    let future = document(&[flag("f")], &[killed("f")]);
    let future =
        envelope(&key, &future, |header| (header.revision, header.kill_revision, header.program_format) = (7, 1, 9));
    liar.stream(&sent("put", &future)).await;
    until(&client, |_| !client.boolean("f", true)).await;
    assert_eq!(client.status().position.unwrap().kill_revision, 1);
    // What it could not accept is told.
    let tells = |said: &Value| said["problems"].as_array().is_some_and(|all| all.contains(&json!("signature-invalid")));
    acknowledged(&liar, tells).await;
    let lifted = envelope(&key, &on, |header| {
        (header.kind, header.revision, header.kill_revision) = (EnvelopeType::Kills, 8, 2)
    });
    liar.stream(&sent("restore", &lifted)).await;
    until(&client, |_| client.boolean("f", false)).await;
    let old = envelope(&key, &document(&[flag("f")], &[killed("f")]), |header| {
        (header.kind, header.revision, header.kill_revision) = (EnvelopeType::Kills, 7, 1);
    });
    liar.stream(&sent("kill", &old)).await;
    problem(&client, ProblemCode::RevisionLower).await;
    assert!(client.boolean("f", false));

    // All is well again with the next that it can accept.
    liar.stream(&sent("put", &envelope(&key, &off, |header| (header.revision, header.kill_revision) = (9, 2)))).await;
    until(&client, |status| status.problems.is_empty()).await;
    assert!(!client.boolean("f", true));
    // Not a heartbeat, which may come first and says of no change how long it took.
    let tells = |said: &Value| said["position"]["revision"] == 9 && said["applied_after_ms"].is_number();
    let last = acknowledged(&liar, tells).await;
    assert_eq!((&last["transport"], &last["state"]), (&json!("stream"), &json!("live")), "{last}");
    assert_eq!(last.get("problems"), None, "{last}");
    assert!(last["sdk"].as_str().unwrap().starts_with("downhaul-rust/"));
}

/// The first acknowledgement that fits, once there is one.
async fn acknowledged(liar: &Liar, fits: impl Fn(&Value) -> bool) -> Value {
    within(async {
        loop {
            if let Some(said) = liar.acknowledged().into_iter().find(&fits) {
                return said;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_pinned_are_the_only_ones() {
    let (pinned, named) = (signer(1), signer(2));
    let liar = Liar::new(&[&named]).await;
    let client = options(&liar).public_keys([public_key(&pinned)]).start().unwrap();
    let on = document(&[flag("f")], &[]);
    liar.stream(&hello(1, 0)).await;
    liar.stream(&sent("put", &envelope(&named, &on, |_| {}))).await;
    problem(&client, ProblemCode::SignatureInvalid).await;
    assert_eq!(client.status().source, Source::None);
    liar.stream(&sent("put", &envelope(&pinned, &on, |_| {}))).await;
    client.ready().await;
    assert!(client.boolean("f", false));
    assert_eq!(liar.key_requests(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_key_is_asked_for_once() {
    let (known, unknown) = (signer(1), signer(2));
    let liar = Liar::new(&[&known]).await;
    let client = options(&liar).start().unwrap();
    let on = document(&[flag("f")], &[]);
    liar.stream(&hello(1, 0)).await;
    liar.stream(&sent("put", &envelope(&known, &on, |_| {}))).await;
    client.ready().await;
    // At the start, and where an envelope was there before.
    let before = liar.key_requests();
    assert!((1..=2).contains(&before));
    for revision in 2..12 {
        liar.stream(&sent("put", &envelope(&unknown, &on, |header| header.revision = revision))).await;
    }
    liar.stream(&sent("put", &envelope(&known, &on, |header| header.revision = 12))).await;
    until(&client, |status| status.position.is_some_and(|position| position.revision == 12)).await;
    assert_eq!(liar.key_requests(), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_goes_before_what_stands_in_the_same_bytes() {
    let key = signer(1);
    let liar = Liar::new(&[&key]).await;
    let client = options(&liar).start().unwrap();
    let mut events = client.events();
    let on = document(&[flag("f")], &[]);
    let kill = envelope(&key, &document(&[flag("f")], &[killed("f")]), |header| {
        (header.kind, header.revision, header.kill_revision) = (EnvelopeType::Kills, 3, 1);
    });
    liar.stream(&hello(1, 0)).await;
    liar.stream(&sent("put", &envelope(&key, &on, |_| {}))).await;
    client.ready().await;
    let put = envelope(&key, &document(&[flag("f"), flag("g")], &[]), |header| header.revision = 2);
    liar.stream(&(sent("put", &put) + &sent("kill", &kill))).await;
    let mut order = Vec::new();
    while order.len() < 3 {
        order.push(
            next_event(&mut events, |event| match event {
                Event::Applied { change, .. } => Some(change),
                _ => None,
            })
            .await,
        );
    }
    assert_eq!(order, [Change::Put, Change::Kill, Change::Put]);
    assert!(!client.boolean("f", true) && client.boolean("g", false), "the put that was overtaken lifts nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn differences_that_do_not_fit_are_fetched_whole() {
    let key = signer(1);
    let liar = Liar::new(&[&key]).await;
    let client = options(&liar).start().unwrap();
    let one = document(&[flag("f")], &[]);
    let two = document(&[flag("f"), flag("g")], &[]);
    liar.stream(&hello(1, 0)).await;
    liar.stream(&sent("put", &envelope(&key, &one, |_| {}))).await;
    client.ready().await;
    let (before, _) = compiled(&one, 0);
    let (after, kills) = compiled(&two, 0);
    let ops = patch::difference(&before, &after).unwrap();
    let whole = envelope(&key, &two, |header| header.revision = 2);
    let head = &whole[..whole.len() - after.len() - kills.len()];
    let base64 = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let patch = |base: &[u8]| {
        let base = downhaul_control::Hash::of(base).to_string();
        json!({ "base": base, "header": base64(head), "kills": base64(&kills), "ops": ops }).to_string()
    };
    let mut events = client.events();
    liar.stream(&event("patch", &patch(&before))).await;
    let change = next_event(&mut events, |event| match event {
        Event::Applied { change, .. } => Some(change),
        _ => None,
    });
    assert_eq!(change.await, Change::Patch);
    assert!(client.boolean("g", false));

    let three = document(&[flag("f"), flag("h")], &[]);
    *liar.said.envelope.lock().unwrap() = envelope(&key, &three, |header| header.revision = 3);
    liar.stream(&event("patch", &patch(b"something else"))).await;
    until(&client, |_| client.boolean("h", false)).await;

    // What can't be read at all is said, and the stream goes on.
    liar.stream(&event("put", "not base64!")).await;
    problem(&client, ProblemCode::EnvelopeMalformed).await;
    liar.stream(&event("patch", "{}")).await;
    liar.stream(&event("from-the-future", "{}")).await;
    let four = envelope(&key, &one, |header| header.revision = 4);
    liar.stream(&sent("put", &four)).await;
    until(&client, |status| status.position.is_some_and(|position| position.revision == 4)).await;
    assert_eq!(client.status().transport, Transport::Stream);
    assert_eq!(liar.streams(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_control_plane_that_closes_says_when_to_come_back() {
    let key = signer(1);
    let liar = Liar::new(&[&key]).await;
    let client = options(&liar).start().unwrap();
    liar.stream(&hello(1, 0)).await;
    liar.stream(&sent("put", &envelope(&key, &document(&[flag("f")], &[]), |_| {}))).await;
    client.ready().await;
    liar.stream(&event("bye", "{\"retry_ms\":0}")).await;
    within(async {
        while liar.streams() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    liar.hang_up();
    within(async {
        while liar.streams() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    liar.stream(&hello(1, 0)).await;
    let status = until(&client, |status| status.transport == Transport::Stream).await;
    assert_eq!(status.state, State::Ready);
}
