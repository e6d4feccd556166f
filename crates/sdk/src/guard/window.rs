const TENTHS: usize = 10;

/// Calls of the last window, in ten equal parts: the oldest tenth leaves as a new one begins.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    part_ms: f64,
    tick: i64,
    at: usize,
    parts: [Part; TENTHS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Part {
    calls: u64,
    failed: u64,
    slow: u64,
}

impl Window {
    pub(crate) fn new(window_ms: f64) -> Window {
        Window { part_ms: window_ms / 10.0, tick: i64::MIN, at: 0, parts: [Part::default(); TENTHS] }
    }

    /// A call that was well. A time before the last one counts as the last one.
    pub(crate) fn well(&mut self, now: i64) {
        self.count(now, Part { calls: 1, ..Part::default() });
    }

    pub(crate) fn failed(&mut self, now: i64) {
        self.count(now, Part { calls: 1, failed: 1, slow: 0 });
    }

    pub(crate) fn slow(&mut self, now: i64) {
        self.count(now, Part { calls: 1, failed: 0, slow: 1 });
    }

    /// Calls, failed ones and slow ones.
    pub(crate) fn sums(&self) -> (u64, u64, u64) {
        self.parts
            .iter()
            .fold((0, 0, 0), |(calls, failed, slow), part| (calls + part.calls, failed + part.failed, slow + part.slow))
    }

    pub(crate) fn clear(&mut self) {
        self.parts = [Part::default(); TENTHS];
    }

    fn count(&mut self, now: i64, call: Part) {
        self.turn(now);
        if let Some(part) = self.parts.get_mut(self.at) {
            part.calls += call.calls;
            part.failed += call.failed;
            part.slow += call.slow;
        }
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds of a process")]
    fn turn(&mut self, now: i64) {
        let tick = (now as f64 / self.part_ms).floor() as i64;
        if tick <= self.tick {
            return;
        }
        let passed = tick.saturating_sub(self.tick);
        if passed >= 10 {
            self.clear();
        } else {
            for each in self.tick + 1..=tick {
                if let Some(part) = self.parts.get_mut(slot(each)) {
                    *part = Part::default();
                }
            }
        }
        self.tick = tick;
        self.at = slot(tick);
    }
}

fn slot(tick: i64) -> usize {
    usize::try_from(tick.rem_euclid(10)).unwrap_or(0)
}
