//! The control plane with the example environment, and the demo shop in front of it.

use super::children::Children;
use super::ready;
use crate::step::Step;
use crate::{data, workspace};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

/// Where the parts listen, keep their data, and come from.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) listen: SocketAddr,
    pub(crate) shop: SocketAddr,
    pub(crate) data: PathBuf,
    pub(crate) downhaul: PathBuf,
}

#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) places: Places,
    pub(crate) admin_token: String,
}

/// What `downhaul keys create` shows once.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) key: String,
    pub(crate) token_secret: String,
}

impl Stack {
    /// Starts everything; what it needs must be built.
    pub(crate) fn start(places: Places, children: &mut Children) -> Result<Stack> {
        fs::create_dir_all(&places.data).with_context(|| format!("cannot make `{}`", places.data.display()))?;
        let mut serve = Command::new(&places.downhaul);
        serve.args(["serve", "--listen", &places.listen.to_string(), "--data"]).arg(&places.data);
        serve.arg("--console").arg(workspace::root().join("admin-app/ui/dist"));
        children.start("the control plane", serve, &places.data.join("server.log"))?;
        ready::wait(places.listen, "/readyz", children).context("the control plane does not answer")?;

        let token_file = places.data.join("admin-token");
        let admin_token = fs::read_to_string(&token_file)
            .with_context(|| format!("cannot read the admin token in `{}`", token_file.display()))?
            .trim()
            .to_owned();
        let stack = Stack { places, admin_token };
        stack.load_example()?;
        stack.start_shop(children)?;
        Ok(stack)
    }

    /// Makes a client key at the first start, and keeps it beside the log.
    pub(crate) fn key(&self, name: &str, kind: &str, origins: &[String]) -> Result<Key> {
        let kept = self.places.data.join(format!("{name}-key.json"));
        let made = match fs::read_to_string(&kept) {
            Ok(made) => made,
            Err(_) => {
                let mut create = self.downhaul();
                create.args(["--format", "json", "keys", "create", name, "--kind", kind]);
                for origin in origins {
                    create.args(["--origin", origin]);
                }
                create.args(["--reason", "made by cargo xtask"]);
                let output = create.output().context("cannot run `downhaul keys create`")?;
                if !output.status.success() {
                    bail!("no key for the {name}: {}", String::from_utf8_lossy(&output.stderr).trim());
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
        Ok(Key { key: text("key")?, token_secret: text("token_secret")? })
    }

    pub(crate) fn server(&self) -> String {
        format!("http://{}", self.places.listen)
    }

    pub(crate) fn shop(&self) -> String {
        format!("http://{}", self.places.shop)
    }

    /// The command line, talking to this control plane.
    fn downhaul(&self) -> Command {
        let mut command = Command::new(&self.places.downhaul);
        command.current_dir(workspace::root());
        command.env("DOWNHAUL_SERVER", self.server()).env("DOWNHAUL_TOKEN", &self.admin_token);
        command
    }

    fn load_example(&self) -> Result<()> {
        let mut apply = self.downhaul();
        apply.args(["apply", "examples/shop/flags", "--reason", "the example environment"]);
        let mend = format!("to start anew: rm -r {}", self.places.data.display());
        Step::new("load the example environment", apply).mend(mend).run().map(drop)
    }

    /// Makes the contexts of the example environment its default population, unless it has one.
    ///
    /// # Errors
    /// Where the contexts cannot be built or kept; everything runs without them.
    pub(crate) fn keep_population(&self) -> Result<()> {
        let shown = self.downhaul().args(["population", "show", "default"]).output();
        if shown.context("cannot run `downhaul population show`")?.status.success() {
            return Ok(());
        }
        let contexts = data::contexts();
        data::build(contexts.clone())?;
        let mut put = self.downhaul();
        put.args(["population", "put", "default"]).arg(&contexts).args(["--weight", "share"]);
        put.args(["--source", data::SOURCE, "--taken-at", data::TAKEN_AT]);
        Step::new("keep them as the default population", put).mend("cargo xtask run, again").run().map(drop)
    }

    fn start_shop(&self, children: &mut Children) -> Result<()> {
        let places = &self.places;
        let key = self.key("shop", "browser", &[self.shop(), format!("http://localhost:{}", places.shop.port())])?;
        let mut shop = Command::new("node");
        shop.arg(workspace::web().join("demo/dist/server.mjs"));
        shop.env("SHOP_HOST", places.shop.ip().to_string()).env("SHOP_PORT", places.shop.port().to_string());
        shop.env("DOWNHAUL_URL", self.server()).env("DOWNHAUL_BROWSER_KEY", key.key);
        shop.env("DOWNHAUL_TOKEN_SECRET", key.token_secret);
        children.start("the demo shop", shop, &places.data.join("shop.log"))?;
        ready::wait(places.shop, "/api/settings", children).context("the demo shop does not answer")
    }
}
