//! A PostgreSQL of one's own: on a socket in a temporary folder, ended with the process that asked for it, however that ends.
#![allow(dead_code, reason = "each test binary uses its own part of it")]
#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Who runs it where the tests run as root, which PostgreSQL refuses: `nobody`.
const NOBODY: u32 = 65534;
/// Runs the server until it is told to stop, or until nobody is left who could tell it: then the folder goes too.
const GUARD: &str = r#"
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c shared_buffers=16MB -c logging_collector=off \
    ${3:+-c "$3"} 2>&1 </dev/null &
server=$!
read -r told
kill -INT $server
wait $server
[ "$told" = stop ] || rm -rf "$2"
"#;

#[derive(Debug)]
pub(crate) struct Postgres {
    folder: PathBuf,
    /// The server runs for as long as the input of this is open.
    guard: Option<Child>,
}

impl Postgres {
    /// The one of this test binary.
    pub(crate) fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Postgres::start)
    }

    /// One that may be stopped.
    pub(crate) fn start() -> Postgres {
        sweep();
        let folder = std::env::temp_dir().join(format!("downhaul-pg-{}-{}", std::process::id(), number()));
        std::fs::create_dir(&folder).expect("a new folder");
        if is_root() {
            chown(&folder, Some(NOBODY), Some(NOBODY)).expect("root may");
        }
        let made = as_somebody(&mut Command::new(binaries().join("initdb")))
            .arg("-D")
            .arg(folder.join("data"))
            .args(["-U", "downhaul", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"])
            .current_dir(&folder)
            .output()
            .expect("initdb can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut server = Postgres { folder, guard: None };
        server.run("");
        server
    }

    /// Starts it, where it was stopped; `setting` such as `fsync=off`.
    pub(crate) fn run(&mut self, setting: &str) {
        let mut guard = as_somebody(&mut Command::new("sh"))
            .args(["-c", GUARD, "postgres"])
            .arg(binaries())
            .arg(&self.folder)
            .arg(setting)
            .current_dir(&self.folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh can be run");
        let mut lines = BufReader::new(guard.stdout.take().expect("it is piped")).lines();
        let mut said = String::new();
        while !said.contains("ready to accept connections") {
            let line = lines.next().unwrap_or_else(|| panic!("PostgreSQL ended: {said}")).expect("text");
            said.push_str(&line);
            said.push('\n');
        }
        // What it says from now on is read, so that it is never held up, and thrown away.
        std::thread::spawn(move || lines.for_each(drop));
        self.guard = Some(guard);
    }

    /// Ends it, and everything that is connected to it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            let told = guard.stdin.take().map(|mut input| input.write_all(b"stop\n"));
            told.expect("it is piped").expect("it listens");
            guard.wait().expect("it ends");
        }
    }

    /// Ends it as a power cut would: nothing is written any more.
    pub(crate) fn crash(&mut self) {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("it runs");
        let pid = file.lines().next().expect("its first line is the process");
        assert!(Command::new("kill").args(["-QUIT", pid]).status().expect("kill can be run").success());
        self.stop();
    }

    /// The URL of a new, empty database.
    pub(crate) fn database(&self) -> String {
        let name = format!("d{}", number());
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    fn url(&self, name: &str) -> String {
        let folder = self.folder.to_str().expect("a path").replace('/', "%2F");
        format!("postgres://downhaul@{folder}/{name}")
    }

    /// Runs a statement in a database, and gives its one value.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> String {
        let name = database.rsplit('/').next().expect("a URL ends in a name");
        let output = Command::new(binaries().join("psql"))
            .arg("-h")
            .arg(&self.folder)
            .args(["-U", "downhaul", "-d", name, "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .output()
            .expect("psql can be run");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Removes the folders of processes that are gone: of those there is nobody who could.
fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix("downhaul-pg-").and_then(|rest| rest.split('-').next());
        let is_gone = process.is_some_and(|process| !Path::new("/proc").join(process).exists());
        if is_gone && Path::new("/proc/self").exists() && !entry.path().join("data/postmaster.pid").exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn number() -> u32 {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// As another user where this one is root.
fn as_somebody(command: &mut Command) -> &mut Command {
    if is_root() { command.gid(NOBODY).uid(NOBODY) } else { command }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0)
}

/// The folder of PostgreSQL's programs: Debian has it beside the search path.
fn binaries() -> PathBuf {
    let searched = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    versions.sort_by_key(|path| path.parent().and_then(|path| path.file_name()?.to_str()?.parse::<u32>().ok()));
    let mut folders = std::env::split_paths(&searched).chain(versions.into_iter().rev());
    let found = folders.find_map(|folder| folder.join("initdb").canonicalize().ok());
    let initdb = found.expect("PostgreSQL is installed: run `cargo xtask setup --tests`");
    initdb.parent().expect("it is in a folder").to_owned()
}
