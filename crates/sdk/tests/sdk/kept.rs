//! Starting without the control plane.

use crate::control_plane::{ControlPlane, flag, until, within};
use downhaul_sdk::{Context, ErrorCode, ProblemCode, Source, State, Transport};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_kept_is_there_before_anything_is_awaited() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout"), flag("search")]).await;
    let key = plane.key().await;
    let folder = tempfile::tempdir().unwrap();
    let kept = || plane.options(&key).keep_in(folder.path()).start().unwrap();
    let first = kept();
    first.ready().await;
    until(&first, |status| status.transport == Transport::Stream).await;
    let id = plane.kill("checkout").await;
    until(&first, |_| !first.boolean("checkout", true)).await;
    first.close().await;

    plane.cut();
    let second = kept();
    assert!(second.boolean("search", false), "without waiting for anything");
    assert!(!second.boolean("checkout", true), "and the kill holds");
    let status = second.ready().await;
    assert_eq!((status.source, status.environment.as_deref()), (Source::Kept, Some("production")));
    until(&second, |status| status.problems.contains(&ProblemCode::ConnectionFailed)).await;
    assert!(!second.boolean("checkout", true));

    plane.mend();
    let status =
        until(&second, |status| status.source == Source::Network && status.transport == Transport::Stream).await;
    assert_eq!(status.state, State::Ready);
    plane.restore(&id).await;
    until(&second, |_| second.boolean("checkout", false)).await;
    second.close().await;

    // Nothing is taken that is older than what was seen, whoever signed it.
    let third = kept();
    assert!(third.boolean("checkout", false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_kept_is_checked_like_everything_else() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout")]).await;
    let key = plane.key().await;
    let folder = tempfile::tempdir().unwrap();
    let kept = || plane.options(&key).keep_in(folder.path()).ready_timeout(Duration::from_millis(10)).start().unwrap();
    let first = kept();
    within(async { while first.ready().await.position.is_none() {} }).await;
    first.close().await;
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    plane.cut();
    // A byte of the header, and one of the program, in which all digests and signatures are wrong then.
    let header = whole.windows(10).position(|window| window == b"production").unwrap();
    let cases = [
        (header, ProblemCode::SignatureInvalid),
        (whole.len() - 1, ProblemCode::DigestMismatch),
        (0, ProblemCode::StoreFailed),
    ];
    for (at, code) in cases {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&file, &changed).unwrap();
        let client = kept();
        assert_eq!(client.status().problems.first(), Some(&code));
        let details = client.details("checkout", true);
        assert_eq!(details.error.unwrap().code, ErrorCode::ProviderNotReady);
        assert_eq!(client.ready().await.source, Source::None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flag_set_that_was_brought_along() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout")]).await;
    let key = plane.key().await;
    let envelope = plane.envelope(&key).await;
    let public_key = plane.public_key(&key).await;
    plane.cut();
    let client = plane.options(&key).public_keys([public_key.clone()]).bootstrap(envelope.clone()).start().unwrap();
    assert!(client.evaluate(&Context::new("user-1")).boolean("checkout", false));
    assert_eq!(client.status().source, Source::Kept);

    // Nobody vouches for it.
    let client = plane.options(&key).bootstrap(envelope.clone()).start().unwrap();
    assert_eq!(client.status().problems.first(), Some(&ProblemCode::SignatureInvalid));
    assert_eq!(client.status().source, Source::None);

    // What was kept goes before: it is newer.
    plane.mend();
    let folder = tempfile::tempdir().unwrap();
    let both = || {
        let options = plane.options(&key).public_keys([public_key.clone()]).keep_in(folder.path());
        options.bootstrap(envelope.clone()).start().unwrap()
    };
    let first = both();
    plane.apply(&[flag("checkout"), flag("search")]).await;
    until(&first, |_| first.boolean("search", false)).await;
    first.close().await;
    plane.cut();
    assert!(both().boolean("search", false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_can_not_be_written_is_a_problem_and_no_end() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout")]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let client = plane.options(&plane.key().await).keep_in(&file).start().unwrap();
    client.ready().await;
    until(&client, |status| status.problems.contains(&ProblemCode::StoreFailed)).await;
    assert!(client.boolean("checkout", false));
}
