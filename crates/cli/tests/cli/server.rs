//! A control plane of one's own: the binary's `serve`, on a free port.

use crate::support::{Place, Run};
use serde_json::Value;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running `downhaul serve`; killed when it is dropped.
pub(crate) struct Server {
    process: Child,
    /// What it printed when it was ready.
    pub(crate) ready: Value,
    pub(crate) address: String,
}

impl Server {
    /// Starts it on the folder `data` of `place`, and waits until it says that it is ready.
    pub(crate) fn start(place: &Place) -> Self {
        Self::start_with(place, &[])
    }

    pub(crate) fn start_with(place: &Place, more: &[&str]) -> Self {
        Self::start_as(place, more, |_| {})
    }

    /// With something about its process other than usual.
    pub(crate) fn start_as(place: &Place, more: &[&str], adjust: impl FnOnce(&mut Command)) -> Self {
        let mut command = place.command(["serve", "--data", "data", "--listen", "127.0.0.1:0", "--format", "json"]);
        adjust(&mut command);
        let mut process = command.args(more).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        let address = ready["server"].as_str().unwrap().to_owned();
        Server { process, ready, address }
    }

    /// Runs a verb against it; the token is found in the data folder.
    pub(crate) fn run(&self, place: &Place, line: &str) -> Run {
        self.run_with(place, line.split_whitespace())
    }

    pub(crate) fn run_with<'a>(&self, place: &Place, arguments: impl IntoIterator<Item = &'a str>) -> Run {
        let mut command = place.command(arguments);
        command.env("DOWNHAUL_SERVER", &self.address).env("DOWNHAUL_DATA", place.path().join("data"));
        Run::of(command, b"")
    }

    /// Starts a verb that goes on until it is dropped.
    pub(crate) fn follow(&self, place: &Place, line: &str) -> Followed {
        let mut command = place.command(line.split_whitespace());
        command.env("DOWNHAUL_SERVER", &self.address).env("DOWNHAUL_DATA", place.path().join("data"));
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Followed { process, lines }
    }

    /// Ends it as a power cut would.
    pub(crate) fn cut(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to end, and gives its exit status.
    pub(crate) fn stop(mut self) -> i32 {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(asked.success());
        self.process.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A run that goes on, line by line.
pub(crate) struct Followed {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Followed {
    /// Waits for the next line.
    pub(crate) fn next(&mut self) -> String {
        self.lines.next().expect("the run goes on").unwrap()
    }

    /// Waits for a line that contains `part`.
    pub(crate) fn until(&mut self, part: &str) -> String {
        loop {
            let line = self.next();
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Presses Ctrl-C; gives the exit status, and what it still says.
    pub(crate) fn interrupt(mut self) -> (Option<i32>, Vec<String>) {
        let asked = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let rest = self.lines.by_ref().map(Result::unwrap).collect();
        (self.process.wait().unwrap().code(), rest)
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
