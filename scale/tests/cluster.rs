//! The same plan on a cluster: a scheduler and two executors, each a process of its own.

#![cfg(feature = "cluster")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

mod support;

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::Place;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(arguments: &[&str]) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_downhaul-scale"));
    Running(command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
}

/// Ports that were free a moment ago, no two the same.
fn ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn await_port(port: u16) {
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing listens at {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_cluster_gives_what_one_machine_gives() {
    let place = Place::new();
    let [scheduler, one, one_control, other, other_control] = ports();
    let address = format!("127.0.0.1:{scheduler}");
    let _scheduler = start(&["scheduler", "--listen", &address]);
    await_port(scheduler);
    let folders = ["one", "other"].map(|name| place.path(name));
    let executors = [(one, one_control, &folders[0]), (other, other_control, &folders[1])];
    let _executors = executors.map(|(port, control, folder)| {
        std::fs::create_dir(folder).unwrap();
        let (listen, control) = (format!("127.0.0.1:{port}"), control.to_string());
        let executor = start(&[
            "executor",
            "--scheduler",
            &address,
            "--listen",
            &listen,
            "--control-port",
            &control,
            "--tasks",
            "1",
            "--folder",
            folder.to_str().unwrap(),
        ]);
        await_port(port);
        executor
    });
    let cluster = format!("df://{address}");
    let arguments = ["--population", "people", "--weight", "share", "--by", "app.version"];
    let alone = place.plan(&arguments);
    let together = place.plan(&[&arguments[..], &["--cluster", &cluster]].concat());
    assert_eq!(together, alone);
    let worked = folders.iter().any(|folder| std::fs::read_dir(folder).unwrap().next().is_some());
    assert!(worked, "the executors have kept nothing for each other");
    assert_eq!(together["flags"].as_object().unwrap().len(), 3);

    // What is wrong with the population comes back from the executors as it is said on one machine.
    let arguments = ["--population", "people", "--weight", "region"];
    let said = |arguments: &[&str]| {
        let output = place.run(arguments);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let alone = said(&arguments);
    assert_eq!(alone.0, Some(3), "{alone:?}");
    let (status, text) = said(&[&arguments[..], &["--cluster", &cluster]].concat());
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("is no weight"), "{text}");
}
