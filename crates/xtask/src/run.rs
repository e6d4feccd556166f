//! `cargo xtask run`: everything built and started: control plane, example environment, console and demo shop.

mod children;
mod ready;

use crate::build::{self, Profile};
use crate::step::{self, Step};
use crate::{setup, workspace};
use anyhow::{Context, Result, anyhow, bail};
use children::{Children, Event};
use serde_json::Value;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
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
    let folder = workspace::root().join(&arguments.data);

    let (sender, events) = mpsc::channel();
    let interrupted = sender.clone();
    ctrlc::set_handler(move || {
        let _ = interrupted.send(Event::Interrupted);
    })
    .context("cannot listen for Ctrl-C")?;

    let mut children = Children::new(sender);
    let outcome = start(arguments, &downhaul, &folder, &mut children).and_then(|started| {
        started.print(arguments, &downhaul, &folder);
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

#[derive(Debug)]
struct Started {
    admin_token: String,
}

fn start(arguments: &Arguments, downhaul: &Path, folder: &Path, children: &mut Children) -> Result<Started> {
    let server = format!("http://{}", arguments.listen);
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let mut serve = Command::new(downhaul);
    serve.args(["serve", "--listen", &arguments.listen.to_string(), "--data"]).arg(folder);
    serve.arg("--console").arg(workspace::root().join("admin-app/ui/dist"));
    children.start("the control plane", serve, &folder.join("server.log"))?;
    ready::wait(arguments.listen, "/readyz", children).context("the control plane does not answer")?;

    let token_file = folder.join("admin-token");
    let admin_token = fs::read_to_string(&token_file)
        .with_context(|| format!("cannot read the admin token in `{}`", token_file.display()))?
        .trim()
        .to_owned();
    let asking = |verb: &[&str]| {
        let mut command = Command::new(downhaul);
        command.current_dir(workspace::root()).args(verb);
        command.env("DOWNHAUL_SERVER", &server).env("DOWNHAUL_TOKEN", &admin_token);
        command
    };
    let apply = asking(&["apply", "examples/shop/flags", "--reason", "the example environment"]);
    Step::new("load the example environment", apply).mend(format!("rm -r {}", folder.display())).run()?;

    let (key, secret) = shop_key(arguments, folder, &asking)?;
    let mut shop = Command::new("node");
    shop.arg(workspace::web().join("demo/dist/server.mjs"));
    shop.env("SHOP_HOST", arguments.shop.ip().to_string()).env("SHOP_PORT", arguments.shop.port().to_string());
    shop.env("DOWNHAUL_URL", &server).env("DOWNHAUL_BROWSER_KEY", key).env("DOWNHAUL_TOKEN_SECRET", secret);
    children.start("the demo shop", shop, &folder.join("shop.log"))?;
    ready::wait(arguments.shop, "/api/settings", children).context("the demo shop does not answer")?;
    Ok(Started { admin_token })
}

/// The shop's key and the secret of its tokens: made at the first start, kept beside the log.
fn shop_key(arguments: &Arguments, folder: &Path, asking: &dyn Fn(&[&str]) -> Command) -> Result<(String, String)> {
    let kept = folder.join("shop-key.json");
    let made = match fs::read_to_string(&kept) {
        Ok(made) => made,
        Err(_) => {
            let origin = format!("http://{}", arguments.shop);
            let local = format!("http://localhost:{}", arguments.shop.port());
            let verb = [
                "--format",
                "json",
                "keys",
                "create",
                "shop",
                "--kind",
                "browser",
                "--origin",
                &origin,
                "--origin",
                &local,
                "--reason",
                "the demo shop",
            ];
            let output = asking(&verb).output().context("cannot run `downhaul keys create`")?;
            if !output.status.success() {
                bail!("no key for the shop: {}", String::from_utf8_lossy(&output.stderr).trim());
            }
            let made = String::from_utf8_lossy(&output.stdout).into_owned();
            fs::write(&kept, &made)?;
            made
        }
    };
    let made: Value = serde_json::from_str(&made).with_context(|| format!("`{}` is not JSON", kept.display()))?;
    let text = |member: &str| {
        let found = made.get(member).and_then(Value::as_str).map(str::to_owned);
        found.with_context(|| format!("`{}` has no `{member}`\n  mend: rm {}", kept.display(), kept.display()))
    };
    Ok((text("key")?, text("token_secret")?))
}

impl Started {
    fn print(&self, arguments: &Arguments, downhaul: &Path, folder: &Path) {
        let downhaul = workspace::shown(downhaul);
        println!();
        println!("console   http://{}/", arguments.listen);
        println!("shop      http://{}/", arguments.shop);
        println!("token     {}   (sign in to the console with it)", self.admin_token);
        println!();
        println!("kill the checkout from a second terminal, and watch the shop:");
        println!("  export DOWNHAUL_SERVER=http://{} DOWNHAUL_TOKEN={}", arguments.listen, self.admin_token);
        println!("  {downhaul} kill checkout-v2 --reason 'orders fail' --wait");
        println!("  {downhaul} restore checkout-v2 --reason 'mended'");
        println!("  {downhaul} status");
        println!();
        println!("logs      {}", workspace::shown(&folder.join("server.log")));
        println!("stop      Ctrl-C");
    }
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
