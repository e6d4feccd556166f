//! What is to be told to the other replicas, until the database has taken it.

use super::message::{Message, Word};
use crate::runner::backoff;
use crate::state::AppState;
use downhaul_control::api::Acknowledgement;
use downhaul_control::fleet::Sender;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::sleep;

/// What comes within this time is told together.
const TOGETHER: Duration = Duration::from_millis(25);
/// Acknowledgements that are told at once.
const WORDS: usize = 500;
/// Other messages that may wait; the oldest are given up.
const MESSAGES: usize = 1_000;
/// Most flags that are told at once of those a client was asked for.
const EVALUATED: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    inner: Mutex<Inner>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    /// By environment, key and instance: of one that says more meanwhile the newest is told.
    words: BTreeMap<[String; 3], Waiting>,
    messages: VecDeque<Message>,
    /// Since when something of clients waits.
    since: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Waiting {
    sender: Sender,
    said: Acknowledgement,
    at: Instant,
}

impl Outbox {
    pub(super) fn put(&self, message: Message) {
        let mut inner = self.locked();
        inner.messages.push_back(message);
        if inner.messages.len() > MESSAGES {
            inner.messages.pop_front();
        }
        drop(inner);
        self.filled.notify_one();
    }

    pub(super) fn acknowledged(&self, environment: &str, sender: &Sender, said: Acknowledgement) {
        let id = [environment.to_owned(), sender.key.clone(), said.instance.clone()];
        let newer = Waiting { sender: sender.clone(), said, at: Instant::now() };
        let mut inner = self.locked();
        let merged = match inner.words.remove(&id) {
            Some(older) => together(older, newer),
            None => newer,
        };
        inner.words.insert(id, merged);
        inner.since.get_or_insert_with(Instant::now);
        drop(inner);
        self.filled.notify_one();
    }

    /// For how long the oldest word of a client has been waiting.
    pub(super) fn waits_for(&self) -> Duration {
        self.locked().since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// What is told next.
    fn take(&self) -> Batch {
        let mut inner = self.locked();
        let mut words = BTreeMap::new();
        while words.len() < WORDS
            && let Some((id, waiting)) = inner.words.pop_first()
        {
            words.insert(id, waiting);
        }
        Batch { words, messages: inner.messages.drain(..).collect(), is_last: inner.words.is_empty() }
    }

    /// The database did not take it.
    fn put_back(&self, batch: Batch) {
        let mut inner = self.locked();
        for (id, older) in batch.words {
            let merged = match inner.words.remove(&id) {
                Some(newer) => together(older, newer),
                None => older,
            };
            inner.words.insert(id, merged);
        }
        for message in batch.messages.into_iter().rev() {
            if inner.messages.len() < MESSAGES {
                inner.messages.push_front(message);
            }
        }
    }

    fn told(&self, batch: &Batch) {
        let mut inner = self.locked();
        if batch.is_last {
            // What has come since then waits from now on; that is a moment.
            inner.since = (!inner.words.is_empty()).then(Instant::now);
        }
    }

    fn locked(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone)]
struct Batch {
    words: BTreeMap<[String; 3], Waiting>,
    messages: Vec<Message>,
    /// Whether nothing of clients waited behind it.
    is_last: bool,
}

impl Batch {
    fn texts(&self) -> Vec<String> {
        let mut by_environment: BTreeMap<&str, Vec<Word>> = BTreeMap::new();
        for ([environment, ..], Waiting { sender, said, at }) in &self.words {
            let ms = u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX);
            let Sender { key, kind, address } = sender.clone();
            by_environment.entry(environment).or_default().push(Word { key, kind, address, ms, said: said.clone() });
        }
        let words = by_environment
            .into_iter()
            .map(|(environment, words)| Message::Acknowledged { environment: environment.to_owned(), words });
        // Plain structures, which can always be written.
        words.chain(self.messages.iter().cloned()).filter_map(|message| serde_json::to_string(&message).ok()).collect()
    }
}

/// What a client says counts from the start of the client, but for what it tells once.
fn together(older: Waiting, newer: Waiting) -> Waiting {
    let mut said = newer.said;
    said.position = said.position.max(older.said.position);
    said.sample = said.sample.or(older.said.sample);
    let mut reports = older.said.outcomes;
    reports.retain(|report| said.outcomes.iter().all(|newer| newer.sequence != report.sequence));
    reports.append(&mut said.outcomes);
    said.outcomes = reports;
    said.evaluated = match (older.said.evaluated, said.evaluated) {
        (Some(mut older), Some(newer)) => {
            older.extend(newer);
            older.sort_unstable();
            older.dedup();
            older.truncate(EVALUATED);
            Some(older)
        }
        (older, newer) => newer.or(older),
    };
    Waiting { sender: newer.sender, said, at: newer.at }
}

impl super::Replica {
    /// A client acknowledged something here.
    pub(crate) fn acknowledged(&self, environment: &str, sender: &Sender, said: Acknowledgement) {
        self.outbox.acknowledged(environment, sender, said);
    }
}

/// Tells the others what is to be told, for as long as the server runs.
pub(crate) async fn tell(state: AppState) {
    let Some(replica) = state.replica() else { return };
    let mut failures = 0;
    loop {
        let batch = replica.outbox.take();
        let texts = batch.texts();
        if texts.is_empty() {
            replica.outbox.filled.notified().await;
            sleep(TOGETHER).await;
            continue;
        }
        let mut telling = Ok(());
        for text in &texts {
            if telling.is_ok() {
                telling = replica.log.tell(&replica.id, text).await;
            }
        }
        match telling {
            Ok(()) => {
                failures = 0;
                replica.outbox.told(&batch);
            }
            Err(error) => {
                if failures == 0 {
                    tracing::warn!(%error, "the other replicas could not be told what clients say");
                }
                replica.outbox.put_back(batch);
                sleep(backoff(failures).min(Duration::from_secs(2))).await;
                failures += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::document::ClientKind;
    use serde_json::{from_value, json};

    fn said(instance: &str, revision: u64, evaluated: &[&str]) -> Acknowledgement {
        let position = json!({ "epoch": 1, "revision": revision, "kill_revision": 0 });
        from_value(json!({
            "instance": instance, "position": position, "state": "live", "sdk": "t/1", "evaluated": evaluated,
        }))
        .unwrap()
    }

    fn sender() -> Sender {
        Sender { key: "k".to_owned(), kind: ClientKind::Server, address: "::1".to_owned() }
    }

    #[test]
    fn the_newest_of_a_client_is_told_with_what_it_tells_once() {
        let outbox = Outbox::default();
        assert_eq!(outbox.waits_for(), Duration::ZERO);
        outbox.acknowledged("production", &sender(), said("a", 2, &["x", "y"]));
        outbox.acknowledged("production", &sender(), said("a", 1, &["y", "z"]));
        outbox.acknowledged("production", &sender(), said("b", 3, &[]));
        let batch = outbox.take();
        assert!(batch.is_last);
        // Not taken by the database, and meanwhile there is more.
        outbox.acknowledged("production", &sender(), said("a", 4, &["w"]));
        outbox.put_back(batch);
        let batch = outbox.take();
        let told: Vec<_> = batch.words.values().map(|waiting| &waiting.said).collect();
        assert_eq!(told.iter().map(|said| said.position.revision).collect::<Vec<_>>(), [4, 3]);
        assert_eq!(told[0].evaluated.as_deref(), Some(&["w", "x", "y", "z"].map(str::to_owned)[..]));
        assert!(outbox.locked().since.is_some(), "it waits until it is told");
        outbox.told(&batch);
        assert_eq!(outbox.waits_for(), Duration::ZERO);
    }

    #[test]
    fn many_words_are_told_in_several_batches() {
        let outbox = Outbox::default();
        for number in 0..=WORDS {
            outbox.acknowledged("production", &sender(), said(&format!("i-{number}"), 1, &[]));
        }
        let (first, second) = (outbox.take(), outbox.take());
        assert_eq!((first.words.len(), second.words.len()), (WORDS, 1));
        outbox.told(&first);
        assert!(outbox.locked().since.is_some());
        outbox.told(&second);
        assert!(outbox.locked().since.is_none());
    }
}
