use crate::process::{PATIENCE, answering, free_port, start};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// A control plane with the example environment, a shop in front of it, and an edge worker in front of the shop.
#[derive(Debug)]
pub struct Stack {
    pub server: String,
    pub shop: String,
    pub edge: String,
    pub admin_token: String,
    pub data: TempDir,
    server_port: u16,
    server_process: Child,
    _shop_process: Option<Child>,
    edge_process: Option<Child>,
}

impl Stack {
    /// A control plane on its first day: no flag, no key, no shop.
    pub async fn empty() -> Result<Self> {
        let data = TempDir::new()?;
        let server_port = free_port()?;
        let server = format!("http://127.0.0.1:{server_port}");
        let server_process = serve(data.path(), server_port, PRODUCTION)?;
        answering(&format!("{server}/readyz")).await?;
        let admin_token = std::fs::read_to_string(data.path().join("admin-token"))
            .context("the server left no `admin-token` in its data folder")?
            .trim()
            .to_owned();
        Ok(Stack {
            edge: String::new(),
            shop: String::new(),
            _shop_process: None,
            edge_process: None,
            server,
            admin_token,
            data,
            server_port,
            server_process,
        })
    }

    /// Starts everything but the edge on free ports. Fails with the command to run if something is not built.
    pub async fn start() -> Result<Self> {
        let mut stack = Stack::empty().await?;
        let shop_port = free_port()?;
        stack.shop = format!("http://127.0.0.1:{shop_port}");
        stack.downhaul(&["apply", &example_flags(), "--reason", "the example environment"]).await?;
        let keys = stack
            .admin(
                "POST",
                "/client-keys",
                Some(json!({ "name": "shop", "kind": "browser", "origins": [stack.shop], "reason": "the shop" })),
            )
            .await?;
        stack._shop_process = Some(start(
            Command::new("node")
                .arg(built("web/demo/dist/server.mjs")?)
                .env("SHOP_PORT", shop_port.to_string())
                .env("DOWNHAUL_URL", &stack.server)
                .env("DOWNHAUL_BROWSER_KEY", text(&keys, "key")?)
                .env("DOWNHAUL_TOKEN_SECRET", text(&keys, "token_secret")?),
        )?);
        answering(&format!("{}/api/settings", stack.shop)).await?;
        Ok(stack)
    }

    /// Starts the edge worker in workerd.
    pub async fn start_edge(&mut self) -> Result<()> {
        let keys = self
            .admin("POST", "/client-keys", Some(json!({ "name": "edge", "kind": "edge", "reason": "the edge" })))
            .await?;
        let key = text(&keys, "key")?;
        let public: Value = reqwest::Client::new()
            .get(format!("{}/client/v1/keys", self.server))
            .bearer_auth(&key)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        let public_key = public.pointer("/keys/0/public_key").and_then(Value::as_str).context("no public key")?;
        let port = free_port()?;
        self.edge = format!("http://127.0.0.1:{port}");
        let folder = root().join("web/edge");
        built("web/edge/dist/worker.js")?;
        self.edge_process = Some(start(
            Command::new(root().join("web/node_modules/.bin/workerd"))
                .current_dir(folder)
                .args(["serve", "worker.capnp", "--experimental"])
                .arg(format!("--socket-addr=http=127.0.0.1:{port}"))
                .env("DOWNHAUL_URL", &self.server)
                .env("DOWNHAUL_EDGE_KEY", key)
                .env("DOWNHAUL_PUBLIC_KEY", public_key)
                .env("SHOP_URL", &self.shop),
        )?);
        answering(&format!("{}/decide", self.edge)).await
    }

    /// Starts a relay of this server in workerd: its address, and what runs until it is dropped.
    pub fn start_relay(&self) -> Result<(String, Child)> {
        built("web/edge/dist/relay-worker.js")?;
        let port = free_port()?;
        let process = start(
            Command::new(root().join("web/node_modules/.bin/workerd"))
                .current_dir(root().join("web/edge"))
                .args(["serve", "relay.capnp", "--experimental"])
                .arg(format!("--socket-addr=http=127.0.0.1:{port}"))
                .env("DOWNHAUL_URL", &self.server),
        )?;
        Ok((format!("http://127.0.0.1:{port}"), process))
    }

    /// The admin API below the example environment; any answer but success is an error that shows it.
    pub async fn admin(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value> {
        let url = format!("{}/api/v1/environments/production{path}", self.server);
        let mut request = reqwest::Client::new().request(method.parse()?, &url).bearer_auth(&self.admin_token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let answered = answer.text().await?;
        ensure!(status.is_success(), "{method} {url}: {status} {answered}");
        Ok(if answered.is_empty() { Value::Null } else { serde_json::from_str(&answered)? })
    }

    /// A flag as it is published.
    pub async fn flag(&self, key: &str) -> Result<Value> {
        let mut view = self.admin("GET", &format!("/flags/{key}"), None).await?;
        Ok(view.get_mut("flag").context("no flag")?.take())
    }

    /// Someone new with a role, and a token to sign in with.
    pub async fn person(&self, name: &str, role: &str) -> Result<String> {
        let person = json!({ "name": name, "role": role, "reason": "a story" });
        let person = self.admin("POST", "/people", Some(person)).await?;
        let token = json!({ "name": "console", "person": text(&person, "actor")?, "reason": "a story" });
        text(&self.admin("POST", "/tokens", Some(token)).await?, "token")
    }

    /// Runs the command line against this server, and gives its standard output.
    pub async fn downhaul(&self, arguments: &[&str]) -> Result<String> {
        self.downhaul_as(&self.admin_token, arguments).await
    }

    /// The same with a token of one's own.
    pub async fn downhaul_as(&self, token: &str, arguments: &[&str]) -> Result<String> {
        let output = Command::new(binary()?)
            .args(arguments)
            .env("DOWNHAUL_SERVER", &self.server)
            .env("DOWNHAUL_TOKEN", token)
            .output()
            .await?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!("downhaul {arguments:?}: {}\n{printed}{}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(printed)
    }

    /// Waits until the control plane counts so many clients as this, such as `live` or `current`: what they acknowledge is on the way.
    pub async fn counts(&self, clients: &str, count: u64) -> Result<()> {
        let started = Instant::now();
        while self.admin("GET", "/fleet", None).await?.get(clients).and_then(Value::as_u64) != Some(count) {
            ensure!(started.elapsed() < PATIENCE, "the control plane does not count {count} clients as {clients}");
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// How many requests of a route, such as `/api/v1/session`, were answered with success.
    pub async fn answered(&self, route: &str) -> Result<u64> {
        let metrics = reqwest::get(format!("{}/metrics", self.server)).await?.text().await?;
        let route = format!("route=\"{route}\"");
        let counts = metrics
            .lines()
            .filter(|line| line.starts_with("downhaul_requests_total{") && line.contains(&route))
            .filter(|line| line.contains("status=\"200\""))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        Ok(counts.sum())
    }

    /// Waits until at least so many were.
    pub async fn answers(&self, route: &str, count: u64) -> Result<()> {
        let started = Instant::now();
        loop {
            let answered = self.answered(route).await?;
            if answered >= count {
                return Ok(());
            }
            ensure!(started.elapsed() < PATIENCE, "{route} was asked for {answered} times, and not {count} times");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends the server as a power cut would, without a word to anyone.
    pub async fn cut_server(&mut self) -> Result<()> {
        self.server_process.kill().await?;
        Ok(())
    }

    /// Has the server end in good order, and waits for that.
    pub async fn close_server(&mut self) -> Result<()> {
        let id = self.server_process.id().context("the server has ended already")?;
        let asked = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        ensure!(asked.success(), "the server could not be told to end");
        let ended = self.server_process.wait().await?;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(())
    }

    /// Starts the server again on the same data and port.
    pub async fn restart_server(&mut self) -> Result<()> {
        self.server_process = serve(self.data.path(), self.server_port, PRODUCTION)?;
        answering(&format!("{}/readyz", self.server)).await
    }

    /// Has another environment made, with the flags of the example, by a start that names it.
    pub async fn add_environment(&mut self, key: &str) -> Result<()> {
        self.close_server().await?;
        self.server_process = serve(self.data.path(), self.server_port, key)?;
        answering(&format!("{}/readyz", self.server)).await?;
        let apply = ["apply", &example_flags(), "--environment", key, "--reason", "the example environment"];
        self.downhaul(&apply).await?;
        Ok(())
    }
}

/// The environment of the stories.
const PRODUCTION: &str = "production";

fn serve(data: &Path, port: u16, environment: &str) -> Result<Child> {
    start(
        Command::new(binary()?)
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--environment", environment])
            .arg("--data")
            .arg(data)
            .arg("--console")
            .arg(built("admin-app/ui/dist")?),
    )
}

/// The folder of the example environment's flags.
fn example_flags() -> String {
    root().join("examples/shop/flags").display().to_string()
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// A file that `cargo xtask` builds.
pub(crate) fn built(path: &str) -> Result<PathBuf> {
    let file = root().join(path);
    ensure!(file.exists(), "{path} is not built; run `cargo xtask build` first");
    Ok(file)
}

/// `downhaul` beside this test's own binary, or where `DOWNHAUL_BIN` says.
fn binary() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("DOWNHAUL_BIN") {
        return Ok(named.into());
    }
    let own = std::env::current_exe()?;
    let folder = own.ancestors().nth(2).context("the test binary stands in no target folder")?;
    let file = folder.join("downhaul");
    ensure!(file.exists(), "{} is not built; run `cargo build -p downhaul-cli` first", file.display());
    Ok(file)
}

fn text(value: &Value, member: &str) -> Result<String> {
    Ok(value.get(member).and_then(Value::as_str).with_context(|| format!("no `{member}` in {value}"))?.to_owned())
}
