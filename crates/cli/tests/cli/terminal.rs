//! What is asked at a terminal, answered at one: `script` of the system gives each run a terminal of its own.

use crate::release::release;
use crate::server::Server;
use crate::support::{BINARY, Place, SHOP};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longest wait for a question: a wait that ends in a failure instead of never.
const LATE: Duration = Duration::from_secs(60);

fn shop() -> (Place, Server) {
    let place = Place::new();
    place.write("flags.json", SHOP);
    let server = Server::start(&place);
    server.run(&place, "apply flags.json --reason first").done();
    (place, server)
}

/// A verb at a terminal.
struct Terminal {
    process: Child,
    keys: ChildStdin,
    shown: Receiver<Vec<u8>>,
    /// What was shown since the last question.
    text: String,
}

impl Terminal {
    fn start(place: &Place, server: &Server, line: &str) -> Terminal {
        // Its exit status is that of the verb. Whoever runs these tests beside something else has Ctrl-C ignored, which is
        // inherited, and at a terminal it is not.
        // The shell makes way for it: asked to end as well, it would answer for both.
        let verb = format!("exec env --default-signal=INT {BINARY} {line}");
        let mut command = place.wrapped("script", ["-qefc", &verb, "/dev/null"]);
        command.env("DOWNHAUL_SERVER", &server.address).env("DOWNHAUL_DATA", place.path().join("data"));
        command.env("TERM", "xterm").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("`script` of util-linux is there");
        let mut output = process.stdout.take().unwrap();
        let (send, shown) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal { keys: process.stdin.take().unwrap(), process, shown, text: String::new() }
    }

    /// Waits until it says this, and forgets what was before.
    fn until(&mut self, said: &str) {
        loop {
            if let Some((_, rest)) = self.text.split_once(said) {
                self.text = rest.to_owned();
                return;
            }
            match self.shown.recv_timeout(LATE) {
                Ok(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("`{said}` was not said, but {:?}", self.text),
            }
        }
    }

    /// Waits for a question, and presses these keys.
    fn press(&mut self, question: &str, keys: &str) {
        self.until(question);
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for a question, and answers it with a line.
    fn answer(&mut self, question: &str, answer: &str) {
        self.press(question, &format!("{answer}\r"));
    }

    /// Waits for its end: the exit status, and what was said since the last question.
    fn end(mut self) -> (i32, String) {
        while let Ok(bytes) = self.shown.recv_timeout(LATE) {
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
        let status = self.process.wait().unwrap().code().unwrap_or(-1);
        (status, std::mem::take(&mut self.text))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_release_is_written_by_answering_questions() {
    let (place, server) = shop();
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let mut terminal = Terminal::start(&place, &server, "release plan");
    terminal.answer("Key of the release", "checkout-2.4.1");
    terminal.answer("Team that answers for it", "payments");
    terminal.press("an image of an OCI registry", "\r");
    terminal.answer("Its reference", "ghcr.io/shop/checkout:2.4.1");
    terminal.answer("Its digest", &digest("a"));
    terminal.press("Is there an artifact to go back to?", "y");
    terminal.press("an image of an OCI registry", "\r");
    terminal.answer("Its reference", "ghcr.io/shop/checkout:2.4.0");
    terminal.answer("Its digest", &digest("b"));
    terminal.press("banner", " \r");
    terminal.press("irreversible: it has effects outside", "\x1b[B\r");
    terminal.press("Is going back enough to undo it?", "y");
    terminal.answer("Metric that proves recovery", "errors");
    terminal.answer("Its query in PromQL", "rate(errors[1m])");
    terminal.answer("What it has to be", "less than a hundredth");
    terminal.until("is not a condition");
    terminal.answer("What it has to be", "< 0.01");
    terminal.answer("For how many seconds", "5");
    terminal.answer("Seconds within which a rollback proves recovery", "");
    terminal.answer("Webhook target of the server that deploys", "deploy");
    terminal.answer("Webhook target of the server that calls for help", "");
    let (status, rest) = terminal.end();
    assert_eq!(status, 0, "{rest}");
    assert!(rest.contains("written to checkout-2.4.1.release.json"), "{rest}");
    let written = std::fs::read_to_string(place.path().join("checkout-2.4.1.release.json")).unwrap();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(
        written,
        serde_json::json!({
            "key": "checkout-2.4.1", "owner": "payments",
            "artifact": { "kind": "oci", "reference": "ghcr.io/shop/checkout:2.4.1", "digest": digest("a") },
            "previous": { "kind": "oci", "reference": "ghcr.io/shop/checkout:2.4.0", "digest": digest("b") },
            "data_change": "additive", "flags": ["checkout-v2"],
            "recovery": [{ "name": "errors", "query": "rate(errors[1m])", "condition": "< 0.01", "for_seconds": 5 }],
            "redeploy": "deploy",
        })
    );
    server.run(&place, "release put checkout-2.4.1.release.json --reason new").done();
}

#[test]
fn whoever_breaks_off_has_written_nothing() {
    let (place, server) = shop();
    let mut terminal = Terminal::start(&place, &server, "release plan");
    terminal.answer("Key of the release", "checkout-2.4.1");
    terminal.press("Team that answers for it", "\x03");
    let (status, rest) = terminal.end();
    assert_ne!(status, 0, "{rest}");
    assert!(!place.path().join("checkout-2.4.1.release.json").exists(), "{rest}");
}

/// The steps are shown, and nothing begins before someone says so.
#[test]
fn a_rollback_asks_once() {
    let (place, server) = shop();
    let whole = release("ghcr.io");
    let (without_proof, _) = whole.split_once("recovery:").unwrap();
    let without_previous: String =
        without_proof.lines().filter(|line| !line.starts_with("previous")).map(|line| format!("{line}\n")).collect();
    place.write("release.yaml", without_previous);
    server.run(&place, "release put release.yaml --reason new").done();
    let asked = || {
        let mut terminal = Terminal::start(&place, &server, "rollback checkout-2.4.1 --reason burns");
        terminal.until("1. kill");
        terminal
    };
    let question = "Roll `checkout-2.4.1` back in production now?";
    let mut refusing = asked();
    refusing.press(question, "n");
    let (refused, rest) = refusing.end();
    assert!(refused == 2 && rest.contains("nothing was done"), "{refused} {rest}");
    assert!(server.run(&place, "runs list --format plain").done().stdout.is_empty());

    let mut agreeing = asked();
    agreeing.press(question, "y");
    agreeing.until("r-1 runs; it goes on if this command ends");
    drop(agreeing);
    let runs = server.run(&place, "runs list --format json").done().json();
    assert_eq!(runs["runs"][0]["id"], "r-1", "{runs}");
}

/// It takes nothing of the terminal that it would have to give back, and Ctrl-C ends it well.
#[test]
fn a_status_that_is_watched_leaves_the_terminal_alone() {
    let (place, server) = shop();
    let mut terminal = Terminal::start(&place, &server, "status --watch");
    terminal.until("\u{1b}[H\u{1b}[2J");
    terminal.press("no client is connected", "\x03");
    let (status, rest) = terminal.end();
    assert_eq!(status, 0, "{rest}");
    // There is no other screen to leave, no cursor to show and no mode to end.
    assert!(!rest.contains("\u{1b}[?"), "{rest:?}");
}
