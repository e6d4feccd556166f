//! Blast radii natively: over all of a population and on all cores, where the console in a browser has a worker and a sample.

use crate::control_plane::{Asked, ControlPlane};
use axum::body::to_bytes;
use axum::http::{HeaderMap, Method};
use downhaul_blast::drafts::{Answer, Ask, Desk};
use downhaul_blast::population::{Limits, Population};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};
use tauri::ipc::Channel;

/// A population is held in memory.
const LARGEST: usize = 1 << 32;
/// Progress is told at most this often, and not of what is done before.
const TELL: Duration = Duration::from_millis(100);

/// One page's hands: they do one thing after another, on a thread of their own.
#[derive(Debug)]
pub struct Hands {
    tasks: Sender<Task>,
    cancel: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Task {
    Ask(Box<Ask>),
    Population(Option<Population>),
}

/// What comes over the channel, one JSON text each; the console's `backend/hands.rs` reads it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Answer(Box<Answer>),
    /// Of a replay: the part that is done.
    Progress(f64),
}

impl Hands {
    pub fn open(channel: Channel<String>) -> Self {
        let (tasks, waiting) = mpsc::channel();
        let cancel = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&cancel);
        std::thread::spawn(move || {
            let say = |word: &Word| serde_json::to_string(word).ok().and_then(|text| channel.send(text).ok());
            let mut desk = Desk::default();
            for task in waiting {
                match task {
                    Task::Population(population) => desk.take_population(population.map(Arc::new)),
                    Task::Ask(ask) => {
                        let mut told = Instant::now();
                        let mut progress = |progress: downhaul_blast::replay::Progress| {
                            if told.elapsed() >= TELL && progress.of > 0 {
                                told = Instant::now();
                                say(&Word::Progress(part(progress.done, progress.of)));
                            }
                        };
                        if let Some(answer) = desk.answer(*ask, &mut progress, &ended) {
                            say(&Word::Answer(Box::new(answer)));
                        }
                    }
                }
            }
        });
        Hands { tasks, cancel }
    }

    /// Gives them something to do; it is passed over where they have ended.
    pub fn ask(&self, ask: Ask) {
        let _ = self.tasks.send(Task::Ask(Box::new(ask)));
    }

    /// From now on they replay over all rows of a population that the control plane keeps; how many, if it could be read.
    pub async fn take_population(tasks: Giver, plane: &ControlPlane, path: String) -> Option<u64> {
        let asked = Asked { method: Method::GET, path, headers: HeaderMap::new(), body: Vec::new() };
        let answer = plane.ask(asked).await.ok().filter(|answer| answer.status().is_success());
        let bytes = match answer {
            Some(answer) => to_bytes(answer.into_body(), LARGEST).await.ok(),
            None => None,
        };
        let read = tokio::task::spawn_blocking(move || Population::from_sample_bytes(&bytes?, &Limits::default()).ok());
        let population = read.await.ok().flatten();
        let rows = population.as_ref().map(|population| population.rows() as u64);
        let _ = tasks.0.send(Task::Population(population));
        rows
    }

    pub fn giver(&self) -> Giver {
        Giver(self.tasks.clone())
    }
}

/// Brings the hands a population.
#[derive(Debug)]
pub struct Giver(Sender<Task>);

impl Drop for Hands {
    /// Ends also what is under way.
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a part of a bar")]
fn part(done: u64, of: u64) -> f64 {
    done as f64 / of as f64
}
