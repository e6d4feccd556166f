//! A service that asks Downhaul: prints what a few users get, and whatever changes, until Ctrl-C.
//!
//! With `cargo xtask run` in one terminal, in another (the variables are those that it prints):
//!
//! ```sh
//! export DOWNHAUL_KEY=$(target/debug/downhaul keys create service --kind server --format json | jq -r .key)
//! cargo run -p downhaul-sdk --example service
//! ```

use anyhow::{Context as _, Result};
use downhaul_sdk::{Client, Context, Event, Options};
use std::env;
use std::path::PathBuf;

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().init();
    let url = env::var("DOWNHAUL_SERVER").unwrap_or_else(|_| "http://127.0.0.1:8790".to_owned());
    let key = env::var("DOWNHAUL_KEY")
        .context("DOWNHAUL_KEY is not set: make one with `downhaul keys create service --kind server`")?;
    let folder = env::var_os("DOWNHAUL_KEEP").map_or_else(|| env::temp_dir().join("downhaul-service"), PathBuf::from);
    let client = Options::new(url, key).keep_in(folder).release("service 1.0.0").start()?;
    let mut events = client.events();
    let status = client.ready().await;
    println!("{:?}, by {:?}", status.state, status.source);

    show(&client);
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Event::Applied { change, position, applied_after }) => {
                    println!("{} to {position}, applied after {applied_after:?}", change.as_str());
                    show(&client);
                }
                Some(Event::Stale { stale, expired }) => println!("stale: {stale}, expired: {expired}"),
                Some(Event::Problem(problem)) => println!("{problem}; {}", problem.help),
                Some(_) => {}
                None => break,
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    // Says goodbye, so that nobody waits for this process to go dark.
    client.close().await;
    Ok(())
}

fn show(client: &Client) {
    for (user, tenant, region) in [("user-1", "acme", "de"), ("user-2", "globex", "fr"), ("user-3", "initech", "us")] {
        let who = Context::new(user).with("tenant", tenant).with("region", region).with("app.version", "2.4.1");
        let checkout = client.evaluate(&who).details("checkout-v2", false);
        println!("  {user} of {tenant}: checkout-v2 is {} ({})", checkout.value, checkout.reason.as_str());
    }
}
