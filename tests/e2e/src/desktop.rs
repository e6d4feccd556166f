use crate::process::{PATIENCE, start};
use crate::stack::built;
use crate::{Browser, Notifications, Tray};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// What a desktop app finds where it is started: a screen, a session bus with a keychain, and a home that outlives it.
#[derive(Debug)]
pub struct Desktop {
    pub home: TempDir,
    display: String,
    bus: String,
    _screen: Child,
    _bus: Child,
    _keychain: Option<Child>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keychain {
    /// gnome-keyring, unlocked.
    Unlocked,
    Absent,
}

impl Desktop {
    pub async fn start(keychain: Keychain) -> Result<Self> {
        let home = TempDir::new()?;
        let mut screen = Command::new("Xvfb");
        screen.args(["-displayfd", "1", "-screen", "0", "1500x1000x24", "-nolisten", "tcp"]);
        let (_screen, number) = first_line(screen.stderr(Stdio::null())).await?;
        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
        let (_bus, bus) = first_line(&mut bus).await?;
        let mut desktop = Desktop { home, display: format!(":{number}"), bus, _screen, _bus, _keychain: None };
        if keychain == Keychain::Unlocked {
            desktop._keychain = Some(desktop.keychain().await?);
        }
        Ok(desktop)
    }

    async fn keychain(&self) -> Result<Child> {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = self.within(&mut command).stdin(Stdio::piped()).kill_on_drop(true).spawn()?;
        // The password of a keychain that nobody has used before is the one that it is given.
        let mut input = child.stdin.take().context("no input")?;
        input.write_all(b"a test").await?;
        drop(input);
        let mut said = [0; 1];
        // It says where it is once it is there.
        let read = child.stdout.as_mut().context("no output")?.read(&mut said);
        timeout(PATIENCE, read).await.context("the keychain does not start")??;
        Ok(child)
    }

    /// A panel with a tray; to be there before the app.
    pub async fn tray(&self) -> Result<Tray> {
        Tray::start(&self.bus).await
    }

    /// What shows notifications; to be there before the app.
    pub async fn notifications(&self) -> Result<Notifications> {
        Notifications::start(&self.bus).await
    }

    /// Has a program run here.
    pub fn within<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let home = self.home.path();
        command
            .env("HOME", home)
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("USER", "maya")
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            // A machine that only tests has nothing to draw with but its processor.
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env_remove("WAYLAND_DISPLAY")
    }

    /// The app, beside this test's own binary or where `DOWNHAUL_DESKTOP_BIN` says.
    pub fn application(&self) -> Result<PathBuf> {
        let file = match std::env::var_os("DOWNHAUL_DESKTOP_BIN") {
            Some(named) => PathBuf::from(named),
            None => {
                let own = std::env::current_exe()?;
                own.ancestors().nth(2).context("the test binary stands in no target folder")?.join("downhaul-desktop")
            }
        };
        if !file.exists() {
            bail!("{} is not built; run `cargo build -p downhaul-desktop` first", file.display());
        }
        Ok(file)
    }

    /// With what it is started.
    pub fn arguments(&self) -> Result<Vec<String>> {
        let console = built("admin-app/ui/dist")?;
        Ok(vec!["--console".to_owned(), std::fs::canonicalize(console)?.display().to_string()])
    }

    /// Starts the app once more beside the one that runs, and waits until that one ends.
    pub async fn start_again(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(self.application()?);
        let mut child = start(self.within(command.args(self.arguments()?).args(arguments)))?;
        let ended = timeout(PATIENCE, child.wait()).await.context("a second one goes on beside the first")??;
        anyhow::ensure!(ended.success(), "{ended}");
        Ok(())
    }

    /// Presses keys that whoever listens to the whole screen hears.
    pub async fn press(&self, keys: &str) -> Result<()> {
        let status = self.within(Command::new("xdotool").args(["key", keys])).status().await?;
        anyhow::ensure!(status.success(), "xdotool: {status}");
        Ok(())
    }

    /// Types a path into a dialog of the system, once that is there, until it is taken: the first key of all may make place for
    /// a field, and those right behind it are lost.
    pub async fn answer(&self, dialog: &str, path: &Path) -> Result<()> {
        self.called(dialog).await?;
        let (title, path) = (format!("^{dialog}$"), path.display().to_string());
        let started = Instant::now();
        while self.shows(&title).await? {
            anyhow::ensure!(started.elapsed() < PATIENCE, "the dialog `{dialog}` takes no answer");
            let mut xdotool = Command::new("xdotool");
            xdotool.args(["search", "--onlyvisible", "--name", &title, "windowfocus", "--sync"]);
            xdotool.args(["key", "ctrl+a", "type", "--delay", "20", &path]);
            self.within(xdotool.stderr(Stdio::null())).status().await?;
            self.press("Return").await?;
            // What is typed after it has gone would reach the page.
            let typed = Instant::now();
            while typed.elapsed() < Duration::from_secs(5) && self.shows(&title).await? {
                sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    /// Whether there is a window with such a title now.
    async fn shows(&self, title: &str) -> Result<bool> {
        let mut xdotool = Command::new("xdotool");
        xdotool.args(["search", "--onlyvisible", "--name", title]).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(self.within(&mut xdotool).status().await?.success())
    }

    /// Waits until a window is called so.
    pub async fn called(&self, title: &str) -> Result<()> {
        let title = format!("^{title}$");
        let mut xdotool = Command::new("xdotool");
        xdotool.args(["search", "--sync", "--onlyvisible", "--name", &title]).stdout(Stdio::null()).kill_on_drop(true);
        let status = timeout(PATIENCE, self.within(&mut xdotool).status()).await;
        let status = status.with_context(|| format!("no window is called `{title}`"))??;
        anyhow::ensure!(status.success(), "xdotool: {status}");
        Ok(())
    }

    /// Makes the window of the app so large.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let (width, height) = (width.to_string(), height.to_string());
        let mut xdotool = Command::new("xdotool");
        xdotool.args(["search", "--sync", "--onlyvisible", "--name", "^Downhaul", "windowsize", &width, &height]);
        let status = self.within(&mut xdotool).status().await?;
        anyhow::ensure!(status.success(), "xdotool: {status}");
        Ok(())
    }

    /// Ends the app in good order, as its own command to quit does, and waits until it is gone.
    pub async fn close(&self, window: Browser) -> Result<()> {
        self.end().await?;
        drop(window);
        Ok(())
    }

    /// The same where nothing drives it.
    pub(crate) async fn end(&self) -> Result<()> {
        for id in self.processes()? {
            let asked = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
            anyhow::ensure!(asked.success(), "the app could not be told to end");
        }
        self.ended().await
    }

    /// Waits until the app is gone.
    pub async fn ended(&self) -> Result<()> {
        let started = Instant::now();
        while !self.processes()?.is_empty() {
            anyhow::ensure!(started.elapsed() < PATIENCE, "the app does not end");
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// The processes of the app that run here.
    fn processes(&self) -> Result<Vec<u32>> {
        let application = std::fs::canonicalize(self.application()?)?;
        let home = format!("HOME={}", self.home.path().display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let is_app = std::fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == application);
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            if is_app && environment.split(|byte| *byte == 0).any(|each| each == home.as_bytes()) {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// The ports on which others could connect to the app, once its window is there. Nobody drives it: what does would
    /// connect to one.
    pub async fn listening(&self) -> Result<Vec<String>> {
        let mut command = Command::new(self.application()?);
        let _app = start(self.within(command.args(self.arguments()?)))?;
        let mut search = Command::new("xdotool");
        search.args(["search", "--sync", "--onlyvisible", "--name", "^Downhaul"]).stdout(Stdio::null());
        let status = self.within(&mut search).status().await?;
        anyhow::ensure!(status.success(), "xdotool: {status}");
        let mut sockets = Vec::new();
        for id in self.processes()? {
            for entry in std::fs::read_dir(format!("/proc/{id}/fd"))?.flatten() {
                if let Ok(target) = std::fs::read_link(entry.path()) {
                    sockets.push(target.display().to_string());
                }
            }
        }
        let mut found = Vec::new();
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            let listed = std::fs::read_to_string(table).unwrap_or_default();
            for line in listed.lines().skip(1) {
                let fields: Vec<&str> = line.split_whitespace().collect();
                let (Some(address), Some(&"0A"), Some(inode)) = (fields.get(1), fields.get(3), fields.get(9)) else {
                    continue;
                };
                if sockets.contains(&format!("socket:[{inode}]")) {
                    found.push((*address).to_owned());
                }
            }
        }
        Ok(found)
    }

    /// What a file says, once this is in it.
    pub async fn written(&self, file: &Path, part: &str) -> Result<String> {
        let started = Instant::now();
        loop {
            let text = std::fs::read_to_string(file)?;
            if text.contains(part) {
                return Ok(text);
            }
            anyhow::ensure!(started.elapsed() < PATIENCE, "`{part}` is not written:\n{text}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// A file that the app keeps in its folder for data or configuration, once it is there.
    pub fn kept(&self, folder: &str, name: &str) -> PathBuf {
        self.home.path().join(folder).join("dev.downhaul.desktop").join(Path::new(name))
    }
}

/// Starts a program and gives the first line that it says.
async fn first_line(command: &mut Command) -> Result<(Child, String)> {
    let mut child = start(command.stdout(Stdio::piped()))?;
    let output = child.stdout.take().context("no output")?;
    let mut lines = BufReader::new(output).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.context("it says nothing")??.context("it has ended")?;
    Ok((child, line))
}
