//! Random numbers and clocks: the only place that draws or reads them.

use jiff::Timestamp;
use std::time::{Duration, Instant};

/// From 0 to 1; without a source of randomness in the middle.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
pub(crate) fn random() -> f64 {
    getrandom::u64().map_or(0.5, |bits| (bits >> 11) as f64 / (1u64 << 53) as f64)
}

/// A random id of this client, never anything of a user.
pub(crate) fn instance_id() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Only to be told apart from others.
        bytes = Timestamp::now().as_nanosecond().to_le_bytes();
    }
    downhaul_core::seal::hexadecimal(&bytes)
}

/// A clock that never jumps, in milliseconds since the client began, and the machine's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    began: Instant,
}

impl Clock {
    pub(crate) fn start() -> Clock {
        Clock { began: Instant::now() }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Epoch milliseconds by the machine's clock, which may jump.
    pub(crate) fn wall_ms() -> i64 {
        Timestamp::now().as_millisecond()
    }
}

pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
