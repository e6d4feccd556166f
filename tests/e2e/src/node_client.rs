use crate::process::{PATIENCE, start_told};
use crate::stack::built;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// A Node process that uses the npm package.
#[derive(Debug)]
pub struct NodeClient {
    _process: Child,
    input: ChildStdin,
    states: Lines<BufReader<ChildStdout>>,
}

impl NodeClient {
    /// With public keys it believes these and no others; else those that the server names.
    pub fn start(server: &str, key: &str, public_keys: &[&str]) -> Result<NodeClient> {
        NodeClient::run("node-client.mjs", &[&[server, key], public_keys].concat())
    }

    /// In an engine that runs no WebAssembly.
    pub fn start_without_webassembly(server: &str, key: &str) -> Result<NodeClient> {
        NodeClient::run("remote-client.mjs", &[server, key])
    }

    /// One that does its work behind `checkout-v2` and counts how that went; [`NodeClient::tell`] says how it goes.
    pub fn working(server: &str, key: &str) -> Result<NodeClient> {
        NodeClient::run("outcome-client.mjs", &[server, key])
    }

    /// OpenFeature's own clients of its remote evaluation protocol.
    pub fn start_ofrep(server: &str, key: &str) -> Result<NodeClient> {
        NodeClient::run("ofrep-client.mjs", &[server, key])
    }

    fn run(script: &str, arguments: &[&str]) -> Result<NodeClient> {
        built("web/sdk/dist/node.js")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
        let mut command = Command::new("node");
        let mut process = start_told(command.arg(script).args(arguments).stdout(Stdio::piped()))?;
        let output = process.stdout.take().context("the client's output is not there")?;
        let input = process.stdin.take().context("the client's input is not there")?;
        Ok(NodeClient { _process: process, input, states: BufReader::new(output).lines() })
    }

    /// Gives it a line to read.
    pub async fn tell(&mut self, what: &Value) -> Result<()> {
        self.input.write_all(format!("{what}\n").as_bytes()).await?;
        Ok(self.input.flush().await?)
    }

    /// Waits until it says something that `holds`; what it said before is passed over.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
        let mut last = Value::Null;
        let found = timeout(PATIENCE, async {
            while let Some(line) = self.states.next_line().await? {
                last = serde_json::from_str(&line)?;
                if holds(&last) {
                    return Ok(last.clone());
                }
            }
            bail!("the client ended")
        });
        match found.await {
            Ok(found) => found,
            Err(_) => bail!("{what} did not come true within {PATIENCE:?}; the last was {last}"),
        }
    }
}
