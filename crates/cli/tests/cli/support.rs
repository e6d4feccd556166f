//! Runs the binary as a person would, and shows a whole run as one text.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_downhaul");

/// A folder of one's own, in which runs take place and nothing of the surroundings is seen.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Place { folder: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below the folder.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("a folder can be made in a temporary folder");
        }
        fs::write(&path, text).expect("a file can be written to a temporary folder");
        path
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        self.wrapped(BINARY, arguments)
    }

    /// Another program, which runs the binary with the same surroundings.
    pub(crate) fn wrapped<S: AsRef<OsStr>>(&self, program: &str, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear().env("HOME", self.path()).args(arguments);
        command
    }

    pub(crate) fn run(&self, line: &str) -> Run {
        Run::of(self.command(line.split_whitespace()), b"")
    }

    pub(crate) fn run_with<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        Run::of(self.command(arguments), b"")
    }

    pub(crate) fn run_on(&self, line: &str, stdin: impl AsRef<[u8]>) -> Run {
        Run::of(self.command(line.split_whitespace()), stdin.as_ref())
    }
}

/// What a run gave.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(mut command: Command, stdin: &[u8]) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary of this package runs");
        let mut pipe = child.stdin.take().expect("standard input is piped");
        let stdin = stdin.to_vec();
        // A run may end before it has read everything.
        let writer = std::thread::spawn(move || {
            let _ = pipe.write_all(&stdin);
        });
        let output = child.wait_with_output().expect("a run ends");
        writer.join().expect("writing does not panic");
        Run::from(output)
    }

    /// Standard output as lines of JSON.
    pub(crate) fn json_lines(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}\n{self}")))
            .collect()
    }

    /// The one JSON value that a run printed.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// This run, if it ended well.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.status, 0, "{self}");
        self
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Run {
            // A signal has no status.
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit status {}", self.status)?;
        for (name, text) in [("out", &self.stdout), ("err", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "--- {name}\n{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}

/// A flag set for tests: one flag with a rule of each kind, and one that needs it.
pub(crate) const SHOP: &str = r#"{
  "schema": 1, "environment": "production", "revision": 7,
  "regions": { "eu": { "eu-west": {} }, "us": {} },
  "tenants": { "acme": { "plan": "enterprise" } },
  "segments": { "staff": { "include": ["user-7"] } },
  "flags": [
    { "key": "checkout-v2", "description": "One-page checkout", "owner": "payments", "kind": "release", "expires": "2099-01-31",
      "clients": ["browser", "edge", "server"],
      "variants": { "on": true, "off": false },
      "degraded": { "variant": "off", "meaning": "Old three-page checkout; gift cards cannot be used" },
      "rules": [
        { "name": "staff", "when": [{ "segment": ["staff"] }], "serve": "on" },
        { "name": "first cohort", "when": [{ "tenant": ["acme"] }, { "region": ["eu"] }],
          "split": { "slices": [["on", 25000], ["off", 75000]] } }
      ],
      "default": "off" },
    { "key": "banner", "owner": "web", "kind": "ops", "review": "2099-01-31",
      "variants": { "plain": { "text": "Sale" }, "none": {} },
      "degraded": { "variant": "none", "meaning": "No banner" },
      "requires": [{ "flag": "checkout-v2", "variants": ["on"] }],
      "default": "plain" }
  ]
}"#;
