//! The breaker of one flag and variant. It has no clock, timer or thread: whoever calls hands in the time, in milliseconds on a
//! clock that never jumps. `web/sdk/src/guard/machine.ts` is the same machine; tests/vectors/breakers.json holds both to it.
//!
//! It only ever takes calls away from the variant: closed, everything is as the flag set says.

use super::settings::Settings;
use super::unit::{border, probe_hash};
use super::window::Window;
use downhaul_control::api::BreakerState;

/// Shares of the bucketing units that a half-open breaker lets through, one after the other.
const SHARES: [f64; 3] = [0.01, 0.1, 0.5];
/// Calls in a row that have to be well at each share.
const WELL: u32 = 10;
/// Failures before that, at any of them, that open it again.
const BAD: u32 = 2;
/// The least time at a share. With the shortest opening it makes at least a minute from one opening of a closed breaker to the
/// next, however the calls end: nobody is sent to and fro more often than that.
const SHARE_MS: i64 = 20_000;
/// At a share that reaches nobody who calls, others are drawn after so long.
const NOBODY_MS: i64 = 60_000;

/// Why a breaker went from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakerCause {
    /// So many failures in a row.
    Consecutive,
    /// So large a share of failures.
    Failures,
    /// So large a share of slow calls.
    Slow,
    /// A unit that tried has failed.
    Probe,
    /// Starts of the process under it have crashed, again and again.
    CrashLoop,
    /// The flag is killed.
    Kill,
    /// The kill was restored.
    Restore,
    /// All that tried were well.
    Probed,
    /// It was open for as long as it had to be.
    Waited,
    /// The flag is another one.
    Changed,
    /// By the application.
    Disabled,
    Enabled,
}

impl BreakerCause {
    /// As it is told; docs/reference/telemetry.md.
    pub fn as_str(self) -> &'static str {
        match self {
            BreakerCause::Consecutive => "consecutive",
            BreakerCause::Failures => "failures",
            BreakerCause::Slow => "slow",
            BreakerCause::Probe => "probe",
            BreakerCause::CrashLoop => "crash-loop",
            BreakerCause::Kill => "kill",
            BreakerCause::Restore => "restore",
            BreakerCause::Probed => "probed",
            BreakerCause::Waited => "waited",
            BreakerCause::Changed => "changed",
            BreakerCause::Disabled => "disabled",
            BreakerCause::Enabled => "enabled",
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Ok,
    Slow,
    Failed,
}

/// One step of a breaker from a state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BreakerMove {
    pub from: BreakerState,
    pub to: BreakerState,
    pub cause: BreakerCause,
}

/// How long it stays open.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Until {
    Time(f64),
    /// Until somebody closes it.
    Forever,
}

#[derive(Debug)]
pub(crate) struct Machine {
    flag: String,
    settings: Settings,
    pub(crate) state: BreakerState,
    pub(crate) cause: Option<BreakerCause>,
    pub(crate) since: i64,
    /// Goes up with each state: what began under another one counts for nothing here.
    pub(crate) generation: u64,
    /// Goes up with each state and each share: who was let through is known anew.
    pub(crate) round: u64,
    /// Openings since it was last well.
    pub(crate) attempt: i32,
    /// From the first failure of the row to the last opening, in milliseconds.
    pub(crate) to_open_ms: Option<i64>,
    /// What it did since somebody last looked.
    moves: Vec<BreakerMove>,
    window: Window,
    row: u64,
    first_failure: Option<i64>,
    until: Until,
    stage: usize,
    stage_since: i64,
    stage_calls: u64,
    well: u32,
    bad: u32,
    draw: u32,
    forced_at: Option<u64>,
    disabled: bool,
}

impl Machine {
    pub(crate) fn new(flag: &str, settings: Settings, now: i64) -> Machine {
        let window = Window::new(settings.window_ms);
        let mut machine = Machine {
            flag: flag.to_owned(),
            settings,
            state: BreakerState::Closed,
            cause: None,
            since: now,
            generation: 0,
            round: 0,
            attempt: 0,
            to_open_ms: None,
            moves: Vec::new(),
            window,
            row: 0,
            first_failure: None,
            until: Until::Time(0.0),
            stage: 0,
            stage_since: 0,
            stage_calls: 0,
            well: 0,
            bad: 0,
            draw: 0,
            forced_at: None,
            disabled: false,
        };
        machine.state = machine.calm();
        machine
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether every call goes through.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self.state, BreakerState::Closed | BreakerState::Observing | BreakerState::Disabled)
    }

    /// The share of units that is let through.
    #[cfg(test)]
    pub(crate) fn share(&self) -> f64 {
        match self.state {
            _ if self.is_passing() => 1.0,
            BreakerState::HalfOpen => share_of(self.stage),
            _ => 0.0,
        }
    }

    /// Whether a call that began under `generation` is one that tries whether all is well again.
    pub(crate) fn is_probing(&self, generation: u64) -> bool {
        self.state == BreakerState::HalfOpen && self.generation == generation
    }

    /// What it did since this was last called.
    pub(crate) fn take_moves(&mut self) -> Vec<BreakerMove> {
        std::mem::take(&mut self.moves)
    }

    /// Whether a call for this unit may go through.
    pub(crate) fn admits(&mut self, unit: &str, now: i64) -> bool {
        if self.is_passing() {
            return true;
        }
        self.advance(now);
        self.is_passing() || (self.state == BreakerState::HalfOpen && self.draws(unit))
    }

    /// Whether a unit is among those that try. Whoever is at one share is at the next one.
    pub(super) fn draws(&self, unit: &str) -> bool {
        u64::from(probe_hash(unit, &self.flag, self.draw)) < border(share_of(self.stage))
    }

    /// What the time alone changes.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a process")]
    pub(crate) fn advance(&mut self, now: i64) {
        match self.state {
            BreakerState::Open => {
                if let Until::Time(until) = self.until
                    && now as f64 >= until
                {
                    self.draw = self.draw.wrapping_add(1);
                    (self.well, self.bad, self.row) = (0, 0, 0);
                    self.window.clear();
                    self.at_stage(0, now);
                    self.go(BreakerState::HalfOpen, BreakerCause::Waited, now);
                }
            }
            BreakerState::HalfOpen => {
                let waited = now - self.stage_since;
                let is_last = self.stage + 1 == SHARES.len();
                if self.well >= WELL && waited >= SHARE_MS {
                    if is_last {
                        self.close(now);
                    } else {
                        self.next(self.stage + 1, now);
                    }
                } else if self.stage_calls == 0 && waited >= NOBODY_MS {
                    // Nobody of this share calls. A larger one is only tried as long as nobody is hurt by it; then it is
                    // others' turn.
                    if is_last {
                        self.draw = self.draw.wrapping_add(1);
                        self.next(0, now);
                    } else {
                        self.next(self.stage + 1, now);
                    }
                }
            }
            BreakerState::Closed | BreakerState::Observing | BreakerState::Disabled => {
                if self.attempt > 0 && (now - self.since) as f64 >= 10.0 * self.settings.open_ms {
                    self.attempt = 0;
                }
            }
            BreakerState::ForcedOpen => {}
        }
    }

    /// How a call ended that began under `generation`. `random` is from 0 to below 1.
    pub(crate) fn ended(&mut self, generation: u64, ended: Ended, now: i64, random: impl FnOnce() -> f64) {
        if generation != self.generation {
            return;
        }
        match self.state {
            BreakerState::HalfOpen => self.probed(ended, now, random),
            BreakerState::Closed | BreakerState::Observing => self.counted(ended, now, random),
            BreakerState::Open | BreakerState::ForcedOpen | BreakerState::Disabled => {}
        }
    }

    fn counted(&mut self, ended: Ended, now: i64, random: impl FnOnce() -> f64) {
        if self.attempt > 0 {
            self.advance(now);
        }
        self.count(ended, now);
        if ended == Ended::Failed {
            if self.row == 0 {
                self.first_failure = Some(now);
            }
            self.row += 1;
            if self.row >= self.settings.consecutive {
                return self.open(BreakerCause::Consecutive, now, random);
            }
        } else {
            self.row = 0;
        }
        // Where the last call was well, no share has grown; but those that are old may have left the window.
        let (calls, failed, slow) = self.window.sums();
        if (failed == 0 && slow == 0) || calls < self.settings.least_calls {
            return;
        }
        if exceeds(failed, self.settings.failure_share, calls) {
            self.open(BreakerCause::Failures, now, random);
        } else if exceeds(slow, self.settings.slow_share, calls) {
            self.open(BreakerCause::Slow, now, random);
        }
    }

    fn probed(&mut self, ended: Ended, now: i64, random: impl FnOnce() -> f64) {
        self.stage_calls += 1;
        let is_bad = ended != Ended::Ok;
        self.count(ended, now);
        self.row = if is_bad { self.row + 1 } else { 0 };
        if self.well < WELL {
            self.well = if is_bad { 0 } else { self.well + 1 };
            self.bad += u32::from(is_bad);
            if is_bad && self.bad >= BAD {
                return self.open(BreakerCause::Probe, now, random);
            }
        } else if is_bad {
            // While it waits for its time, half of what opens a closed breaker is enough: at the border it must not flap.
            let (calls, failed, slow) = self.window.sums();
            let Settings { failure_share, slow_share, least_calls, consecutive, .. } = self.settings;
            let is_too_much = exceeds(failed, failure_share / 2.0, calls) || exceeds(slow, slow_share / 2.0, calls);
            if self.row >= consecutive || (calls >= least_calls && is_too_much) {
                return self.open(BreakerCause::Probe, now, random);
            }
        }
        self.advance(now);
    }

    /// Opens it for good, for what is known from an earlier run.
    pub(crate) fn latch(&mut self, now: i64) {
        let is_latched = self.state == BreakerState::Open && self.until == Until::Forever;
        if !self.settings.acts || self.disabled || self.state == BreakerState::ForcedOpen || is_latched {
            return;
        }
        self.until = Until::Forever;
        self.attempt += 1;
        self.go(BreakerState::Open, BreakerCause::CrashLoop, now);
    }

    /// The flag is killed, at this kill revision.
    pub(crate) fn force(&mut self, kill_revision: u64, now: i64) {
        self.forced_at = self.forced_at.max(Some(kill_revision));
        if self.state != BreakerState::ForcedOpen {
            self.go(BreakerState::ForcedOpen, BreakerCause::Kill, now);
        }
    }

    /// It is killed no more; believed only at a higher kill revision. Somebody has closed it, so it begins anew.
    pub(crate) fn release(&mut self, kill_revision: u64, now: i64) {
        if self.state != BreakerState::ForcedOpen || Some(kill_revision) <= self.forced_at {
            return;
        }
        self.afresh();
        self.go(self.calm(), BreakerCause::Restore, now);
    }

    /// The document says something else. `same`: what failed so far failed under the same definition.
    pub(crate) fn configure(&mut self, settings: Settings, same: bool, now: i64) {
        let observed = self.settings.acts == settings.acts;
        self.settings = settings;
        if same && observed {
            return;
        }
        self.afresh();
        if self.state != BreakerState::ForcedOpen && self.state != self.calm() {
            self.go(self.calm(), BreakerCause::Changed, now);
        }
    }

    /// By the application: a breaker that is disabled lets everything through and counts nothing.
    pub(crate) fn disable(&mut self, disabled: bool, now: i64) {
        if self.disabled == disabled {
            return;
        }
        self.disabled = disabled;
        self.afresh();
        if self.state != BreakerState::ForcedOpen {
            let cause = if disabled { BreakerCause::Disabled } else { BreakerCause::Enabled };
            self.go(self.calm(), cause, now);
        }
    }

    fn calm(&self) -> BreakerState {
        match (self.disabled, self.settings.acts) {
            (true, _) => BreakerState::Disabled,
            (false, true) => BreakerState::Closed,
            (false, false) => BreakerState::Observing,
        }
    }

    fn afresh(&mut self) {
        self.window = Window::new(self.settings.window_ms);
        (self.row, self.attempt) = (0, 0);
        self.until = Until::Time(0.0);
    }

    fn count(&mut self, ended: Ended, now: i64) {
        match ended {
            Ended::Ok => self.window.well(now),
            Ended::Slow => self.window.slow(now),
            Ended::Failed => self.window.failed(now),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a process")]
    fn open(&mut self, cause: BreakerCause, now: i64, random: impl FnOnce() -> f64) {
        self.to_open_ms = Some(self.first_failure.map_or(0, |first| now - first));
        if self.state == BreakerState::Observing {
            // Said, not done; the next one needs as much evidence again.
            self.window.clear();
            self.row = 0;
            self.moves.push(BreakerMove { from: self.state, to: self.state, cause });
            return;
        }
        let Settings { open_ms, open_at_most_ms, probes, .. } = self.settings;
        let jitter = 0.8 + 0.4 * random();
        self.until = if probes {
            Until::Time(now as f64 + (open_ms * 2f64.powi(self.attempt)).min(open_at_most_ms) * jitter)
        } else {
            Until::Forever
        };
        self.attempt += 1;
        self.go(BreakerState::Open, cause, now);
    }

    fn close(&mut self, now: i64) {
        self.window.clear();
        self.row = 0;
        self.go(self.calm(), BreakerCause::Probed, now);
    }

    fn at_stage(&mut self, stage: usize, now: i64) {
        (self.stage, self.stage_since, self.stage_calls) = (stage, now, 0);
    }

    fn next(&mut self, stage: usize, now: i64) {
        self.well = 0;
        self.at_stage(stage, now);
        self.round += 1;
    }

    fn go(&mut self, to: BreakerState, cause: BreakerCause, now: i64) {
        self.moves.push(BreakerMove { from: self.state, to, cause });
        self.state = to;
        self.cause = Some(cause);
        self.since = now;
        self.generation += 1;
        self.round += 1;
    }
}

/// No stage is beyond the last one.
fn share_of(stage: usize) -> f64 {
    SHARES.get(stage).copied().unwrap_or(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls within seconds")]
fn exceeds(some: u64, share: f64, calls: u64) -> bool {
    some as f64 >= share * calls as f64
}
