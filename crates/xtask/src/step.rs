//! A step: one external command with a title, visible progress, and what to do when it fails.

use crate::workspace;
use anyhow::{Context, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How many of the last lines are shown when a step fails.
const TAIL: usize = 60;
/// How often a long step says that it is alive where there is no terminal.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long output is awaited after the command itself has ended: a grandchild may hold the pipe for ever.
const DRAIN: Duration = Duration::from_secs(3);

/// The process group of the step that is running and has one of its own, else 0.
static RUNNING: AtomicI32 = AtomicI32::new(0);

#[derive(Debug)]
pub(crate) struct Step {
    title: String,
    command: Command,
    mend: Option<String>,
    limit: Option<Duration>,
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<ExitStatus>,
    /// Standard output and standard error, line by line as they came.
    pub(crate) output: String,
    pub(crate) took: Duration,
}

impl Ended {
    pub(crate) fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

impl Step {
    pub(crate) fn new(title: impl Into<String>, command: Command) -> Self {
        Step { title: title.into(), command, mend: None, limit: None }
    }

    /// What a person can do when the step fails.
    pub(crate) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    /// The command, and what it has started, is ended after this long, and the step has failed.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Runs the command to its end.
    ///
    /// # Errors
    /// Where it cannot be started, exits with another status than 0, or takes longer than its limit.
    /// The error names the command, its last lines and the mending.
    pub(crate) fn run(self) -> Result<String> {
        let (shown, mend, limit) = (shown(&self.command), self.mend.clone(), self.limit);
        let title = self.title.clone();
        let ended = self.attempt()?;
        if ended.success() {
            return Ok(ended.output);
        }
        let why = match (ended.status, limit) {
            (Some(status), _) => format!("{title}: {status}"),
            (None, Some(limit)) => format!("{title}: took longer than {} s", limit.as_secs()),
            (None, None) => format!("{title}: ended without a status"),
        };
        let mend = mend.map(|mend| format!("\n  mend: {mend}")).unwrap_or_default();
        bail!("{why}\n{}\n  command: {shown}{mend}", tail(&ended.output, TAIL));
    }

    /// Runs the command to its end, whatever that is.
    ///
    /// # Errors
    /// Only where the command cannot be started.
    pub(crate) fn attempt(mut self) -> Result<Ended> {
        let shown = shown(&self.command);
        let started = Instant::now();
        let mut log = open_log(&self.title)?;
        #[cfg(unix)]
        if self.limit.is_some() {
            std::os::unix::process::CommandExt::process_group(&mut self.command, 0);
        }
        let mut child =
            self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(
                |error| {
                    let mend = self.mend.as_ref().map(|mend| format!("\n  mend: {mend}")).unwrap_or_default();
                    anyhow!("{}: cannot start: {error}\n  command: {shown}{mend}", self.title)
                },
            )?;
        let group = self.limit.is_some().then(|| child.id());
        RUNNING.store(group.and_then(|id| i32::try_from(id).ok()).unwrap_or(0), Ordering::SeqCst);
        let progress = Progress::start(&self.title);
        let (sender, lines) = mpsc::channel();
        read_lines(child.stdout.take(), sender.clone());
        read_lines(child.stderr.take(), sender);

        let mut output = String::new();
        let mut said = Instant::now();
        let mut quiet_since_end = None::<Instant>;
        let mut status = None;
        loop {
            match lines.recv_timeout(Duration::from_millis(200)) {
                Ok(line) => {
                    progress.line(&line);
                    let _ = writeln!(log, "{line}");
                    output.push_str(&line);
                    output.push('\n');
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    status = Some(child.wait().with_context(|| format!("cannot wait for `{shown}`"))?);
                    break;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if quiet_since_end.is_none() {
                status = child.try_wait()?;
                quiet_since_end = status.map(|_| Instant::now());
            }
            if quiet_since_end.is_some_and(|since| since.elapsed() > DRAIN) {
                break;
            }
            if let Some(limit) = self.limit.filter(|limit| started.elapsed() > *limit) {
                output.push_str(&format!("ended after {} s, its limit\n", limit.as_secs()));
                end(&mut child);
                status = None;
                break;
            }
            if said.elapsed() > HEARTBEAT {
                progress.heartbeat(started.elapsed());
                said = Instant::now();
            }
        }
        RUNNING.store(0, Ordering::SeqCst);
        let ended = Ended { status, output, took: started.elapsed() };
        progress.finish(ended.success(), ended.took);
        Ok(ended)
    }
}

/// Says that something was done without an external command.
pub(crate) fn done(title: &str) {
    println!("ok      {title}");
}

/// A command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut words = Vec::new();
    if let Some(folder) = command.get_current_dir()
        && folder != workspace::root()
    {
        words.push(format!("cd {} &&", workspace::shown(folder)));
    }
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!("{}={}", name.to_string_lossy(), quoted(&value.to_string_lossy())));
        }
    }
    words.push(quoted(&command.get_program().to_string_lossy()));
    words.extend(command.get_args().map(|argument| quoted(&argument.to_string_lossy())));
    words.join(" ")
}

/// The last lines of an output, indented.
pub(crate) fn tail(output: &str, count: usize) -> String {
    let mut last = VecDeque::with_capacity(count);
    for line in output.lines() {
        if last.len() == count {
            last.pop_front();
        }
        last.push_back(line);
    }
    last.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn open_log(title: &str) -> Result<File> {
    let folder = workspace::state().join("logs");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let name: String = title.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let path = folder.join(format!("{name}.log"));
    File::create(&path).with_context(|| format!("cannot write `{}`", path.display()))
}

fn read_lines(from: Option<impl Read + Send + 'static>, to: Sender<String>) {
    let Some(from) = from else { return };
    std::thread::spawn(move || {
        let mut reader = BufReader::new(from);
        let mut bytes = Vec::new();
        while matches!(reader.read_until(b'\n', &mut bytes), Ok(count) if count > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            bytes.clear();
            if to.send(line).is_err() {
                break;
            }
        }
    });
}

/// From now on, Ctrl-C ends what a step has started as well as this process.
pub(crate) fn end_with_ctrl_c() {
    let _ = ctrlc::set_handler(|| {
        end_group(RUNNING.load(Ordering::SeqCst));
        std::process::exit(130);
    });
}

fn end(child: &mut Child) {
    end_group(i32::try_from(child.id()).unwrap_or(0));
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(unix)]
fn end_group(group: i32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = Pid::from_raw(group) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end_group(_: i32) {}

/// A spinner on a terminal, plain lines elsewhere.
struct Progress {
    title: String,
    spinner: Option<ProgressBar>,
    last: std::cell::RefCell<String>,
}

impl Progress {
    fn start(title: &str) -> Self {
        let spinner = std::io::stderr().is_terminal().then(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {prefix}  {wide_msg:.dim}") {
                spinner.set_style(style);
            }
            spinner.set_prefix(title.to_owned());
            spinner.enable_steady_tick(Duration::from_millis(120));
            spinner
        });
        if spinner.is_none() {
            println!("start   {title}");
        }
        Progress { title: title.to_owned(), spinner, last: std::cell::RefCell::default() }
    }

    fn line(&self, line: &str) {
        let line = line.trim();
        if line.is_empty() {
            return;
        }
        if let Some(spinner) = &self.spinner {
            spinner.set_message(line.to_owned());
        } else {
            line.clone_into(&mut self.last.borrow_mut());
        }
    }

    fn heartbeat(&self, elapsed: Duration) {
        if self.spinner.is_none() {
            println!("        {} {} s: {}", self.title, elapsed.as_secs(), self.last.borrow());
        }
    }

    fn finish(self, success: bool, took: Duration) {
        if let Some(spinner) = self.spinner {
            spinner.finish_and_clear();
        }
        let word = if success { "ok    " } else { "failed" };
        println!("{word}  {} ({:.1} s)", self.title, took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        command
    }

    #[test]
    fn output_of_both_streams_is_kept() {
        let ended = Step::new("test both", shell("echo one; echo two >&2")).attempt().unwrap();
        assert!(ended.success());
        let mut lines: Vec<_> = ended.output.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_failure_names_the_command_its_last_lines_and_the_mending() {
        let error =
            Step::new("test failing", shell("echo broken pipe; exit 3")).mend("turn it round").run().unwrap_err();
        let text = error.to_string();
        for part in [
            "test failing",
            "exit status: 3",
            "    broken pipe",
            "command: sh -c 'echo broken pipe; exit 3'",
            "mend: turn it round",
        ] {
            assert!(text.contains(part), "`{part}` is not in {text}");
        }
    }

    #[test]
    fn a_missing_program_is_named_with_its_mending() {
        let error = Step::new("test missing", Command::new("no-such-program")).mend("install it").run().unwrap_err();
        assert!(error.to_string().contains("cannot start"), "{error}");
        assert!(error.to_string().contains("mend: install it"), "{error}");
    }

    #[test]
    fn a_step_ends_at_its_limit() {
        // The second `sleep` holds the pipe after the first process is gone: the whole group has to end.
        let step = Step::new("test limit", shell("sleep 600 & sleep 600")).limit(Duration::from_millis(50));
        let error = step.run().unwrap_err();
        assert!(error.to_string().contains("took longer than"), "{error}");
    }

    #[test]
    fn words_are_quoted_as_a_shell_wants_them() {
        let mut command = Command::new("env");
        command.env("A", "b c").arg("it's").arg("");
        assert_eq!(shown(&command), r"A='b c' env 'it'\''s' ''");
    }
}
