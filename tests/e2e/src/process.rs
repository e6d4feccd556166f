//! Child processes that end with the test.

use anyhow::{Context, Result, bail};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// How long anything may take to come up, or to come true, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a program that ends when the value is dropped. Its output is the test's own.
pub(crate) fn start(command: &mut Command) -> Result<Child> {
    start_with(command, Stdio::null())
}

/// The same, and it reads what it is told.
pub(crate) fn start_told(command: &mut Command) -> Result<Child> {
    start_with(command, Stdio::piped())
}

fn start_with(command: &mut Command, input: Stdio) -> Result<Child> {
    command
        .stdin(input)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {:?}", command.as_std().get_program()))
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until `url` answers with success.
pub(crate) async fn answering(url: &str) -> Result<()> {
    let started = Instant::now();
    loop {
        let answer = reqwest::Client::new().get(url).timeout(Duration::from_secs(2)).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            bail!("{url} did not answer within {PATIENCE:?}");
        }
        sleep(Duration::from_millis(50)).await;
    }
}
