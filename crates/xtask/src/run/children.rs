//! The programs that `run` starts, and their end.

use anyhow::{Context, Result};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Why `run` goes on to its end.
#[derive(Debug)]
pub(crate) enum Event {
    /// Ctrl-C, or a polite kill.
    Interrupted,
    /// A program has ended by itself.
    Ended(&'static str, ExitStatus),
}

/// Running programs, the oldest first.
#[derive(Debug)]
pub(crate) struct Children {
    events: Sender<Event>,
    running: Vec<(Arc<Mutex<Child>>, JoinHandle<()>)>,
}

/// How often a program is asked whether it has ended.
const GLANCE: Duration = Duration::from_millis(100);
/// How long a program may take to stop when asked to, before it is made to.
const GRACE: Duration = Duration::from_secs(10);

impl Children {
    pub(crate) fn new(events: Sender<Event>) -> Self {
        Children { events, running: Vec::new() }
    }

    /// Starts a program in a process group of its own, so that Ctrl-C reaches it through [`Children::stop`] only.
    pub(crate) fn start(&mut self, name: &'static str, mut command: Command, log: &Path) -> Result<()> {
        let file = File::create(log).with_context(|| format!("cannot write `{}`", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let child = Arc::new(Mutex::new(child));
        let (watched, events, log) = (Arc::clone(&child), self.events.clone(), log.to_path_buf());
        let watcher = std::thread::spawn(move || {
            let status = loop {
                if let Ok(Some(status)) = lock(&watched).try_wait() {
                    break status;
                }
                std::thread::sleep(GLANCE);
            };
            if !status.success() {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                eprintln!("{}", crate::step::tail(&said, 20));
            }
            let _ = events.send(Event::Ended(name, status));
        });
        self.running.push((child, watcher));
        Ok(())
    }

    /// Whether a program has ended already.
    pub(crate) fn any_ended(&self) -> bool {
        self.running.iter().any(|(_, watcher)| watcher.is_finished())
    }

    /// Asks every program to stop, the youngest first, and waits until it has.
    pub(crate) fn stop(&mut self) {
        while let Some((child, watcher)) = self.running.pop() {
            ask_to_stop(&mut lock(&child));
            let asked = std::time::Instant::now();
            while !watcher.is_finished() && asked.elapsed() < GRACE {
                std::thread::sleep(GLANCE);
            }
            if !watcher.is_finished() {
                let _ = lock(&child).kill();
            }
            let _ = watcher.join();
        }
    }
}

fn lock(child: &Mutex<Child>) -> std::sync::MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn ask_to_stop(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if matches!(child.try_wait(), Ok(None))
        && let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw)
    {
        let _ = kill_process_group(pid, Signal::TERM);
    }
}

#[cfg(not(unix))]
fn ask_to_stop(child: &mut Child) {
    let _ = child.kill();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        command
    }

    #[test]
    fn a_program_that_ends_by_itself_is_named() {
        let folder = tempfile::TempDir::new().unwrap();
        let (sender, events) = mpsc::channel();
        let mut children = Children::new(sender);
        children.start("the shop", shell("exit 4"), &folder.path().join("log")).unwrap();
        match events.recv().unwrap() {
            Event::Ended(name, status) => assert_eq!((name, status.code()), ("the shop", Some(4))),
            Event::Interrupted => panic!("nobody interrupted"),
        }
        children.stop();
    }

    #[test]
    fn stop_asks_politely_and_waits() {
        let folder = tempfile::TempDir::new().unwrap();
        let (sender, events) = mpsc::channel();
        let mut children = Children::new(sender);
        let ready = folder.path().join("ready");
        let script = format!("trap 'exit 7' TERM; : > '{}'; while :; do sleep 0.05; done", ready.display());
        children.start("the server", shell(&script), &folder.path().join("log")).unwrap();
        while !ready.exists() {
            std::thread::yield_now();
        }
        children.stop();
        match events.recv().unwrap() {
            Event::Ended(_, status) => assert_eq!(status.code(), Some(7)),
            Event::Interrupted => panic!("nobody interrupted"),
        }
    }
}
