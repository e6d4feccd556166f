//! The second path: kills alone, asked for over a connection of their own, also while the stream is well.
//!
//! What comes first counts. The silence of the control plane is not measured here: a file on a static host says nothing of
//! how it is.

use crate::backoff::backoff;
use crate::events::Change;
use crate::host::random;
use crate::problem::{Problem, ProblemCode, refused};
use crate::shared::{Shared, key_id};
use crate::transport::{chain, limited};
use downhaul_control::break_glass::KeptObject;
use downhaul_control::envelope;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Client, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// A kill set and the header around it, with room for attributes.
const SIZE_LIMIT: usize = 128 * 1024;
const TIMEOUT: Duration = Duration::from_secs(4);
pub(crate) const EVERY: Duration = Duration::from_secs(5);

/// Where kills are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A control plane or a relay, which is sent the client key.
    Relay(String),
    /// A file that anybody may read; it is sent nothing.
    File(String),
}

impl Place {
    fn address(&self) -> String {
        match self {
            Place::Relay(url) => format!("{}/client/v1/kills?formats=1", url.trim_end_matches('/')),
            Place::File(url) => url.clone(),
        }
    }
}

/// Asks one place for as long as the client lives.
pub(crate) async fn run(shared: Arc<Shared>, http: Client, place: Place, every: Duration) {
    let mut seen = Seen::default();
    let mut failures = 0;
    loop {
        let pause = every.mul_f64(0.8 + 0.4 * random());
        match ask(&shared, &http, &place, &mut seen).await {
            Ok(()) => {
                failures = 0;
                shared.second_path_is_well();
                sleep(pause).await;
            }
            Err(problem) => {
                shared.report(problem);
                // It is there for the bad hour: never asked less often than it would be in a good one.
                sleep(backoff(failures, random()).clamp(pause / 4, pause)).await;
                failures += 1;
            }
        }
    }
}

/// What a place gave last.
#[derive(Debug, Default)]
struct Seen {
    etag: Option<String>,
}

async fn ask(shared: &Arc<Shared>, http: &Client, place: &Place, seen: &mut Seen) -> Result<(), Problem> {
    let mut request = http.get(place.address()).timeout(TIMEOUT);
    if let Place::Relay(_) = place {
        request = shared.authorised(request);
    }
    if let Some(etag) = &seen.etag {
        request = request.header(IF_NONE_MATCH, etag);
    }
    let response = request.send().await.map_err(|error| failed(&chain(error)))?;
    let status = response.status();
    if status == StatusCode::NOT_MODIFIED {
        return Ok(());
    }
    // Nothing was put there yet: the file of a key that was never used.
    if status == StatusCode::NOT_FOUND && matches!(place, Place::File(_)) {
        return Ok(());
    }
    if !status.is_success() {
        return Err(failed(&format!("it answered {status}")));
    }
    let etag = response.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let bytes = limited(response, SIZE_LIMIT).await.map_err(|why| failed(&why))?;
    let received_ms = shared.clock.now_ms();
    // Only what was taken may be left out of the next answer: what is refused now may be believed later.
    seen.etag = None;
    shared.receive_second(bytes, received_ms).await?;
    seen.etag = etag;
    Ok(())
}

fn failed(why: &str) -> Problem {
    ProblemCode::SecondPathFailed.problem(
        format!("kills can't be had by the second path: {why}"),
        "the client keeps trying, and hears of kills by the first path",
    )
}

impl Shared {
    /// Applies a kill object of the second path. What is no newer than what is held is what comes there nearly always.
    pub(crate) async fn receive_second(self: &Arc<Self>, bytes: Vec<u8>, received_ms: i64) -> Result<(), Problem> {
        if let Some(id) = key_id(&bytes)
            && self.ring.wants(&id)
        {
            self.refresh_keys().await;
        }
        let believed = self.ring.believed();
        if !key_id(&bytes).is_some_and(|id| believed.iter().any(|key| key.id() == id)) {
            return self.take_break_glass(&bytes, received_ms);
        }
        let opened = envelope::open(&bytes, &believed).map_err(refused)?;
        let mut holding = self.holding();
        if let Some(change) = holding.brings(&opened) {
            drop(holding);
            self.take(bytes, change, received_ms);
        } else if opened.header.kind == envelope::EnvelopeType::Kills
            && holding.hear(&opened.header, &self.settings.who)
        {
            self.show(&holding, Change::Restore, received_ms);
            self.keep(&holding);
        }
        Ok(())
    }

    /// Applies kills that a break-glass key has signed.
    fn take_break_glass(self: &Arc<Self>, bytes: &[u8], received_ms: i64) -> Result<(), Problem> {
        let mut holding = self.holding();
        if self.is_closed() {
            return Ok(());
        }
        if holding.take_break_glass(bytes, &self.settings.who, self.fresh.timestamp(self.clock.now_ms()))? {
            tracing::warn!("a break-glass key has killed flags");
            self.show(&holding, Change::Kill, received_ms);
            self.keep(&holding);
        }
        Ok(())
    }

    /// Kills by break-glass keys that an earlier run has left.
    pub(crate) fn take_kept(self: &Arc<Self>, objects: Vec<KeptObject>, now: i64) {
        let mut holding = self.holding();
        for object in objects {
            if let Err(error) = holding.take_kept_break_glass(object, &self.settings.who) {
                let mut problem = Problem::from(error);
                problem.message = format!("what was kept is not used: {}", problem.message);
                self.report(problem);
            }
        }
        self.show(&holding, Change::Kept, now);
    }
}
