use crate::environment::{Environment, Urgency};
use crate::random;
use downhaul_control::runbook::RunEvent;
use downhaul_control::{Command, Request};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Who does what no person does.
pub(super) const MACHINE: &str = "system";

/// Puts an event into the chart. Where it does not fit any more, someone else was first, and there is nothing to do; where
/// the log cannot be written, it is tried until it can.
pub(super) async fn record(environment: &Arc<Environment>, run: u64, event: &RunEvent) {
    for attempt in 0.. {
        let command = Command::Run { run, event: Box::new(event.clone()) };
        let request =
            move |_: &downhaul_control::State| Ok(Request::by_server(command.clone(), MACHINE, "", Timestamp::now()));
        match environment.command(Urgency::Urgent, request).await {
            Ok(_) => return,
            Err(error) if error.status() < 500 => {
                tracing::debug!(run, event = event.name(), detail = error.detail(), "not recorded");
                return;
            }
            Err(error) => {
                tracing::warn!(run, event = event.name(), detail = error.detail(), "not recorded yet");
                sleep(backoff(attempt)).await;
            }
        }
    }
}

/// Full jitter: anything up to half a second, doubled with each attempt, at most half a minute.
pub(crate) fn backoff(attempt: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(500);
    const MOST: Duration = Duration::from_secs(30);
    let most = FIRST.saturating_mul(2_u32.saturating_pow(attempt.min(16))).min(MOST);
    // Without random bytes the longest wait is as good as any.
    let share = random::bytes::<4>().map_or(u32::MAX, u32::from_le_bytes);
    most.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        for attempt in 0..40 {
            let most = Duration::from_millis(500 * 2_u64.pow(attempt.min(6))).min(Duration::from_secs(30));
            assert!(backoff(attempt) <= most, "{attempt}");
        }
    }
}
