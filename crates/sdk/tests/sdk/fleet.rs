//! A kill over twenty clients, a third of which nobody reaches: who is dark when, and who is counted as such.

use crate::control_plane::{ControlPlane, flag, until, within};
use downhaul_sdk::{Cause, Client, Context, Options, State, Transport};
use serde_json::json;
use std::time::Duration;

const REACHED: usize = 13;
const PARTED: usize = 7;

fn cause(client: &Client) -> Option<Cause> {
    client.evaluate(&Context::new("user-1")).details("checkout", true).metadata.cause
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_parted_are_dark_by_their_deadline_and_never_counted_as_told() {
    let plane = ControlPlane::with(|options| options.ping = Duration::from_millis(100)).await;
    let mut careful = flag("checkout");
    careful["on_stale"] = json!("degraded");
    plane.apply(&[careful]).await;
    let key = plane.key().await;
    let way = plane.another_way().await;
    let start = |url: String| {
        let options = Options::new(url, &key).http(crate::control_plane::http());
        options.stale_after(Duration::from_secs(2)).start().unwrap()
    };
    let reached: Vec<Client> = (0..REACHED).map(|_| start(plane.direct())).collect();
    let parted: Vec<Client> = (0..PARTED).map(|_| start(way.url())).collect();
    for client in reached.iter().chain(&parted) {
        until(client, |status| status.transport == Transport::Stream).await;
        assert_eq!(cause(client), None);
    }
    plane.until("/fleet", |fleet| fleet["live"] == REACHED + PARTED).await;
    way.cut();

    let id = plane.kill("checkout").await;
    for client in &reached {
        until(client, |_| cause(client) == Some(Cause::Kill)).await;
    }
    let path = format!("/kills/{id}");
    let kill = plane.until(&path, |kill| kill["progress"]["dark"] == REACHED).await;
    assert_eq!(kill["progress"]["complete"], false, "{kill}");
    // The others by themselves, without a word from anybody.
    for client in &parted {
        until(client, |status| status.state == State::Stale).await;
        assert_eq!(cause(client), Some(Cause::Stale));
    }
    let kill = plane.get(&path).await;
    assert_eq!(kill["progress"]["dark_total"], REACHED, "none is shown as told that was not: {kill}");

    way.mend();
    for client in &parted {
        until(client, |_| cause(client) == Some(Cause::Kill)).await;
    }
    plane.until(&path, |kill| kill["progress"]["complete"] == true).await;
    within(async {
        for client in reached.iter().chain(&parted) {
            client.close().await;
        }
    })
    .await;
}
