//! `cargo xtask run`: everything built and started: control plane, example environment, console and demo shop.

pub(crate) mod children;
mod ready;
pub(crate) mod stack;

use crate::build::{self, Profile};
use crate::{setup, step, workspace};
use anyhow::{Context, Result, anyhow, bail};
use children::{Children, Event};
use stack::{Places, Stack};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where the control plane listens
    #[arg(long, default_value = "127.0.0.1:8790")]
    listen: SocketAddr,
    /// Where the demo shop listens
    #[arg(long, default_value = "127.0.0.1:8791")]
    shop: SocketAddr,
    /// Where the change log and the keys are kept
    #[arg(long, default_value = "data/run", value_name = "FOLDER")]
    data: PathBuf,
    /// How `downhaul` is compiled; `release` takes some minutes more the first time
    #[arg(long, value_enum, default_value = "dev")]
    profile: Profile,
    /// Start what was built before
    #[arg(long)]
    no_build: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    // Before anything is built: nobody wants to hear of a busy port after minutes.
    refuse_busy_port(arguments.listen, "--listen")?;
    refuse_busy_port(arguments.shop, "--shop")?;
    setup::node()?;
    if !arguments.no_build {
        build::build(arguments.profile)?;
    }
    let downhaul = build::downhaul(arguments.profile);
    let places = Places {
        listen: arguments.listen,
        shop: arguments.shop,
        data: workspace::root().join(&arguments.data),
        downhaul: downhaul.clone(),
    };

    let (sender, events) = mpsc::channel();
    let interrupted = sender.clone();
    ctrlc::set_handler(move || {
        let _ = interrupted.send(Event::Interrupted);
    })
    .context("cannot listen for Ctrl-C")?;

    let mut children = Children::new(sender);
    let outcome = Stack::start(places, &mut children).and_then(|stack| {
        if let Err(error) = stack.keep_population() {
            println!("no default population: {error:#}");
        }
        print(&stack, &downhaul);
        match events.recv() {
            Ok(Event::Ended(name, status)) => {
                Err(anyhow!("{name} has ended: {status}\n  mend: read its last lines above"))
            }
            Ok(Event::Interrupted) | Err(_) => Ok(()),
        }
    });
    println!("\nstopping");
    children.stop();
    step::done("everything has stopped");
    outcome
}

/// What a person does next.
fn print(stack: &Stack, downhaul: &Path) {
    let (server, shop, token) = (stack.places.listen, stack.places.shop, &stack.admin_token);
    let downhaul = workspace::shown(downhaul);
    println!();
    println!("console   http://{server}/#token={token}");
    println!("shop      http://{shop}/");
    println!("token     {token}");
    println!();
    println!("kill the checkout from a second terminal, and watch the shop:");
    println!("  export DOWNHAUL_SERVER=http://{server} DOWNHAUL_TOKEN={token}");
    println!("  {downhaul} kill checkout-v2 --reason 'orders fail' --wait");
    println!("  {downhaul} restore checkout-v2 --reason 'mended'");
    println!("  {downhaul} status");
    println!();
    println!("pay in the shop, let its bank refuse, and see how the checkout goes:");
    println!("  {downhaul} outcomes checkout-v2");
    println!();
    println!("see whom an edit of examples/shop/flags would move, before anyone is:");
    println!("  {downhaul} plan server examples/shop/flags");
    println!();
    println!("logs      {}", workspace::shown(&stack.places.data.join("server.log")));
    println!("stop      Ctrl-C");
}

fn refuse_busy_port(address: SocketAddr, option: &str) -> Result<()> {
    if let Err(error) = TcpListener::bind(address) {
        let (port, other) = (address.port(), SocketAddr::new(address.ip(), address.port().saturating_add(10)));
        bail!(
            "cannot listen on `{address}`: {error}\n  mend: see who holds it with `ss -ltnp 'sport = :{port}'`, or run \
             `cargo xtask run {option} {other}`"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_is_refused_with_what_to_do() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = holder.local_addr().unwrap();
        let error = refuse_busy_port(address, "--listen").unwrap_err().to_string();
        assert!(error.contains(&address.to_string()), "{error}");
        assert!(error.contains("cargo xtask run --listen 127.0.0.1:"), "{error}");
        drop(holder);
        assert!(refuse_busy_port(address, "--listen").is_ok());
    }
}
