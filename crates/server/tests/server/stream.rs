//! What clients see, and in which order.

use crate::support::stream::{Client, position};
use crate::support::{Served, claimed, document, flag, sign, token};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A flag with a value of about this many bytes.
fn large(key: &str, size: usize, seed: u64) -> Value {
    let mut state = seed;
    let text: String = (0..size)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
        })
        .collect();
    let mut flag = flag(key);
    flag["variants"] = json!({ "on": text, "off": "" });
    flag
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_hello_to_restore() {
    let served = Served::new().await;
    served.apply(&document(&[flag("checkout"), large("filler", 4000, 1)])).await;
    let (key, _) = served.key(json!({ "kind": "browser" })).await;
    let mut client = Client::open(&served, &key, "", None).await;
    let hello = client.next().await.unwrap();
    assert_eq!(hello.name, "hello");
    assert_eq!((&hello.json()["ping_seconds"], &hello.json()["stale_seconds"]), (&json!(10), &json!(45)));
    let put = client.next().await.unwrap();
    assert_eq!((put.name.as_str(), put.id.as_str()), ("put", position(&hello.json()).as_str()));
    let first = put.received().clone();
    assert_eq!(first.header.program_format, 1);

    let killed = served.kill("checkout").await;
    let kill = client.next().await.unwrap();
    assert_eq!(kill.name, "kill");
    assert_eq!((kill.id.as_str(), kill.received().program.len()), (position(&killed).as_str(), 0));
    assert!(kill.received().kills.len() > first.kills.len());
    // The position moves on without the program.
    let patch = client.next().await.unwrap();
    assert_eq!((patch.name.as_str(), patch.id.as_str()), ("patch", position(&killed).as_str()));
    assert!(patch.data.len() < 2500, "{} bytes", patch.data.len());
    assert_eq!((&patch.received().program, &patch.received().kills), (&first.program, &kill.received().kills));

    let restored = served.restore(killed["id"].as_str().unwrap()).await;
    assert_eq!(client.up_to(&position(&restored)).await, ["restore", "patch"]);
    let changed = served.apply(&document(&[flag("cart")])).await;
    let patch = client.until("patch").await;
    assert_eq!(patch.id, position(&changed));
    assert!(patch.data.len() < client.program.len(), "a difference is smaller");
    let whole = served.flag_set(&key, "", None).await;
    assert_eq!(client.program, whole.program, "the same as who asks for the whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_gets_what_it_lacks() {
    let served = Served::new().await;
    served.apply(&document(&[flag("checkout"), large("filler", 4000, 1)])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let had = served.flag_set(&key, "", None).await;
    let here = |received: &crate::support::Received| {
        let header = &received.header;
        let base = &header.program_sha256;
        format!("&base={base}&position={}.{}.{}", header.epoch, header.revision, header.kill_revision)
    };

    // Nothing: the next event is the kill that comes later.
    let mut client = Client::open(&served, &key, &here(&had), None).await;
    client.program.clone_from(&had.program);
    assert_eq!(client.next().await.unwrap().name, "hello");
    let killed = served.kill("checkout").await;
    assert_eq!(client.up_to(&position(&killed)).await, ["kill", "patch"]);
    drop(client);

    // A kill that it missed comes before anything else.
    let mut client = Client::open(&served, &key, &here(&had), None).await;
    client.program.clone_from(&had.program);
    assert_eq!(client.up_to(&position(&killed)).await, ["kill", "patch"]);
    drop(client);

    // A base that the server does not know: the whole.
    let other = here(&had).replace(&had.header.program_sha256.to_string(), &"0".repeat(64));
    let mut client = Client::open(&served, &key, &other, None).await;
    assert_eq!(client.up_to(&position(&killed)).await, ["kill", "put"]);

    // The right position with another program: the whole all the same.
    let now = served.flag_set(&key, "", None).await;
    let other = here(&now).replace(&now.header.program_sha256.to_string(), &"0".repeat(64));
    let mut client = Client::open(&served, &key, &other, None).await;
    assert_eq!(client.up_to(&position(&killed)).await, ["put"]);
}

/// Of at least this many bytes as an event: more than the buffers of both sides hold.
fn fillers() -> Vec<Value> {
    (0..3).map(|number| large(&format!("filler-{number}"), 1_000_000, number)).collect()
}

/// A kill does not wait for a large flag set that is on its way to a slow reader.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_overtakes_a_large_put() {
    let served = Served::new().await;
    let mut flags = fillers();
    flags.push(flag("checkout"));
    served.apply(&document(&flags)).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let known = served.flag_set(&key, "", None).await;
    // It had another program, so the whole is on its way when the kill comes.
    let here = format!("&base={}&position={}.{}.0", "0".repeat(64), known.header.epoch, known.header.revision);
    let mut client = slow_stream(&served, &key, &here).await;
    let mut head = vec![0; 4096];
    client.read_exact(&mut head).await.unwrap();
    let killed = served.kill("checkout").await;
    let end = format!("id: {}\ndata: ", position(&killed));
    let mut text = String::from_utf8(head).unwrap();
    let mut part = vec![0; 64 * 1024];
    while !(text.contains(&format!("event: put\n{end}")) && text.ends_with("\n\n")) {
        let count = client.read(&mut part).await.unwrap();
        assert!(count > 0, "the stream goes on");
        text.push_str(std::str::from_utf8(&part[..count]).unwrap());
    }
    let blocks = text.split("\n\n").filter(|block| block.contains("event: "));
    let names: Vec<&str> =
        blocks.map(|block| block.rsplit("event: ").next().unwrap().lines().next().unwrap()).collect();
    assert_eq!(names, ["hello", "void", "kill", "put"], "what was on its way is broken off");
}

/// A client whose system takes in little, and that reads only when it is told to. HTTP/1.0 has no chunks.
async fn slow_stream(served: &Served, key: &str, query: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut socket = socket.connect(served.address).await.unwrap();
    let request =
        format!("GET /client/v1/stream?formats=1{query} HTTP/1.0\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

/// A client that never reads is let go of, and holds up nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_dropped() {
    let served = Served::with(|options| options.write_limit = Duration::from_millis(200)).await;
    served.apply(&document(&fillers())).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let mut socket = slow_stream(&served, &key, "").await;
    // It has got a place, and later it has none.
    let streams = async |wanted: &str| {
        loop {
            let text = served.http.get(served.url("/metrics")).send().await.unwrap().text().await.unwrap();
            let line = text.lines().find_map(|line| line.strip_prefix("downhaul_streams{kind=\"server\"} "));
            if line == Some(wanted) {
                return;
            }
        }
    };
    streams("1").await;
    streams("0").await;
    let mut rest = Vec::new();
    let end = socket.read_to_end(&mut rest).await;
    assert!(end.is_err() || rest.len() < 3_000_000, "the put was never whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end() {
    let mut served = Served::with(|options| options.streams_per_key = 1).await;
    served.apply(&document(&[flag("checkout")])).await;
    let made = served.post("/client-keys", json!({ "name": "a", "kind": "server" })).await;
    let key = made["key"].as_str().unwrap();
    let mut client = Client::open(&served, key, "", None).await;
    client.until("put").await;
    let refused = served.client("/client/v1/stream", key).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));

    // A key that is revoked gets nothing more, not even the change that revoked it.
    let (status, _) =
        served.admin(Method::DELETE, &format!("/client-keys/{}", made["view"]["id"].as_str().unwrap()), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(client.next().await.is_none());
    assert_eq!(served.client("/client/v1/kills", key).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);

    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let mut client = Client::open(&served, &key, "", None).await;
    client.until("put").await;
    let url = served.url("/client/v1/flag-set?wait=30");
    let tag = served.flag_set(&key, "", None).await.tag;
    let waiting = tokio::spawn(served.http.get(url).bearer_auth(&key).header("if-none-match", tag).send());
    served.begin_close();
    let bye = client.until("bye").await;
    assert!(bye.json()["retry_ms"].as_u64().unwrap() < 5000);
    assert!(client.next().await.is_none());
    // Whoever waits is answered, or was not yet there.
    if let Ok(answer) = waiting.await.unwrap() {
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_and_the_end_of_a_token() {
    let served = Served::with(|options| options.ping = Duration::from_millis(20)).await;
    served.apply(&document(&[flag("checkout")])).await;
    let (key, secret) = served.key(json!({ "kind": "browser" })).await;
    let exp = jiff::Timestamp::now().as_second() + 2;
    let short = sign(&secret, &json!({ "aud": "production", "exp": exp, "attributes": { "tenant": "acme" } }));
    let mut client = Client::open(&served, &key, "", Some(&short)).await;
    let ping = client.until("ping").await;
    assert!(ping.json()["server_time"].as_str().unwrap().ends_with('Z'));
    assert!(ping.json()["position"]["revision"].as_u64().unwrap() > 0);
    client.until("bye").await;
    assert!(client.next().await.is_none(), "the token's word is no longer taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_kept_apart() {
    let served = Served::new().await;
    let mut by_tenant = flag("beta");
    by_tenant["rules"] = json!([{ "when": [{ "tenant": ["acme"] }], "serve": "off" }]);
    served.apply(&document(&[flag("checkout"), by_tenant])).await;
    let (key, secret) = served.key(json!({ "kind": "browser" })).await;
    let (other_key, _) = served.key(json!({ "kind": "browser", "pinned": { "tenant": "globex" } })).await;
    let one = claimed(&json!({ "targetingKey": "u-1", "tenant": "acme" }));
    let two = claimed(&json!({ "targetingKey": "u-2" }));
    let tags = [
        served.flag_set(&key, &format!("&context={one}"), None).await,
        served.flag_set(&key, &format!("&context={two}"), None).await,
        served.flag_set(&key, "", Some(&token(&secret, json!({ "tenant": "acme" })))).await,
        served.flag_set(&key, "", Some(&token(&secret, json!({ "tenant": "globex" })))).await,
        served.flag_set(&other_key, "", None).await,
    ]
    .map(|received| received.tag);
    let distinct: std::collections::BTreeSet<&String> = tags[..4].iter().collect();
    assert_eq!(distinct.len(), 4, "{tags:?}");
    assert_eq!(tags[3], tags[4], "the same audience, however it is known");

    let ask = |tag: &str, wait: u32| {
        let path = format!("/client/v1/flag-set?context={one}&wait={wait}");
        served.client(&path, &key).header("if-none-match", tag.to_owned()).send()
    };
    assert_eq!(ask(&tags[0], 0).await.unwrap().status(), StatusCode::NOT_MODIFIED);
    assert_eq!(ask(&tags[1], 0).await.unwrap().status(), StatusCode::OK);
    let zipped = served.client("/client/v1/flag-set", &key).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    // A held answer comes with the change.
    let (held, killed) = tokio::join!(ask(&tags[0], 30), served.kill("checkout"));
    let held = held.unwrap();
    if held.status() == StatusCode::OK {
        assert!(held.headers()["etag"].to_str().unwrap().contains(&position(&killed)));
    } else {
        panic!("{}", held.status());
    }
    let kills = served.client("/client/v1/kills", &key).send().await.unwrap();
    let tag = kills.headers()["etag"].clone();
    let same = served.client("/client/v1/kills", &key).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
}
