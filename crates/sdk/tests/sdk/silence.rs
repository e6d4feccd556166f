//! A control plane that is not heard of.

use crate::control_plane::{ControlPlane, flag, next_event, until};
use downhaul_sdk::{Cause, Change, Context, Event, Reason, State, Transport};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_degrades_with_silence_does_and_comes_back() {
    let plane = ControlPlane::with(|options| options.ping = Duration::from_millis(100)).await;
    let mut careful = flag("careful");
    careful["on_stale"] = json!("degraded");
    let mut dependent = flag("dependent");
    dependent["requires"] = json!([{ "flag": "careful", "variants": ["on"] }]);
    plane.apply(&[flag("keeps"), careful, dependent]).await;
    let client = plane.options(&plane.key().await).stale_after(Duration::from_secs(1)).start().unwrap();
    let mut events = client.events();
    client.ready().await;
    until(&client, |status| status.transport == Transport::Stream && !status.stale).await;

    plane.cut();
    next_event(&mut events, |event| matches!(event, Event::Stale { stale: true, .. }).then_some(())).await;
    let flags = client.evaluate(&Context::new("user-1"));
    let details = flags.details("careful", true);
    assert_eq!((details.value, details.reason, details.metadata.cause), (false, Reason::Stale, Some(Cause::Stale)));
    assert_eq!(flags.details("dependent", true).reason, Reason::PrerequisiteFailed);
    assert!(flags.boolean("keeps", false));
    assert!(!client.boolean("careful", true), "for its own context, too");
    assert_eq!(client.status().state, State::Stale);

    plane.mend();
    let keys = next_event(&mut events, |event| match event {
        Event::Changed { keys, change: Change::Stale } => Some(keys),
        _ => None,
    });
    let mut keys = keys.await;
    keys.sort();
    assert_eq!(keys, ["careful", "dependent"]);
    until(&client, |_| client.evaluate(&Context::new("user-1")).boolean("careful", false)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flag_set_past_its_validity_goes_on_and_says_so() {
    let plane = ControlPlane::with(|options| options.validity = Duration::from_secs(2)).await;
    plane.apply(&[flag("checkout")]).await;
    let client = plane.start(&plane.key().await);
    client.ready().await;
    plane.cut();
    let status = until(&client, |status| status.expired).await;
    assert_eq!(status.state, State::Stale);
    let details = client.evaluate(&Context::new("user-1")).details("checkout", false);
    assert_eq!((details.value, details.reason), (true, Reason::Stale));
    assert_eq!(details.metadata.true_reason, Some(Reason::Static));
    plane.mend();
    until(&client, |status| !status.expired).await;
}
