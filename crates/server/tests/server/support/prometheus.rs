//! The real Prometheus, and a shop for it to scrape.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Scrapes one address every second.
pub(crate) struct Prometheus {
    process: Child,
    pub(crate) address: String,
}

impl Prometheus {
    /// Waits until it answers.
    pub(crate) fn start(folder: &Path, scraped: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_at(folder, scraped, &format!("127.0.0.1:{port}"))
    }

    pub(crate) fn start_at(folder: &Path, scraped: &str, address: &str) -> Self {
        let config = format!(
            "global: {{ scrape_interval: 1s }}\nscrape_configs:\n  - job_name: shop\n    static_configs: [{{ targets: ['{scraped}'] }}]\n"
        );
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("prometheus").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Prometheus is installed: run `cargo xtask setup --tests`");
        while TcpStream::connect(address).is_err() {
            thread::sleep(Duration::from_millis(50));
        }
        Prometheus { process, address: address.to_owned() }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A process whose counters go up with every scrape: requests and errors of the variants `on` and `off`.
pub(crate) struct Scraped {
    pub(crate) address: String,
    counters: Arc<Mutex<Counters>>,
}

#[derive(Default)]
struct Counters {
    now: [[u64; 2]; 2],
    step: [[u64; 2]; 2],
}

impl Scraped {
    pub(crate) async fn start() -> Scraped {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let counters = Arc::new(Mutex::new(Counters::default()));
        let shared = Arc::clone(&counters);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &shared);
            }
        });
        Scraped { address, counters }
    }

    /// From now on so many requests and errors are added with each scrape.
    pub(crate) fn per_scrape(&self, on: [u64; 2], off: [u64; 2]) {
        self.counters.lock().unwrap().step = [on, off];
    }

    /// The process begins anew, with all its counters.
    pub(crate) fn begin_anew(&self) {
        self.counters.lock().unwrap().now = Default::default();
    }
}

fn answer(mut stream: TcpStream, counters: &Mutex<Counters>) -> std::io::Result<()> {
    let _ = stream.read(&mut [0; 4096])?;
    let mut body = String::new();
    {
        let mut counters = counters.lock().unwrap();
        let step = counters.step;
        for ((now, step), variant) in counters.now.iter_mut().zip(step).zip(["on", "off"]) {
            for ((now, step), name) in now.iter_mut().zip(step).zip(["requests", "errors"]) {
                *now += step;
                let _ = writeln!(body, "shop_{name}_total{{variant=\"{variant}\"}} {now}");
            }
        }
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
