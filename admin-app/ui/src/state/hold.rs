use std::rc::Rc;
use yew::Reducible;

/// How long a kill is held, in milliseconds; `--hold` in tokens.css is the same.
pub const HOLD_MS: f64 = 1200.0;

/// The button that kills. It fires once, after a hold or after two separate presses, and never again.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Hold {
    #[default]
    Ready,
    /// Held since that time, in milliseconds of a monotonic clock.
    Holding {
        since: f64,
    },
    /// Two presses: the first was made, the effect is read out, the second fires.
    Armed,
    Fired,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// Pointer or Space goes down.
    Press { now: f64 },
    /// Time passes while held.
    Tick { now: f64 },
    /// Let go, left the button, lost focus, or Escape.
    Cancel,
    /// A press without a hold, by a screen reader or a switch device.
    Click,
    /// The server refused: it may be tried again.
    Reset,
}

/// When a hold that began at `since` is over. Whoever ticks then compares with this very number: what is left of it after
/// `since` is taken away again may be a rounding short of [`HOLD_MS`].
pub fn due(since: f64) -> f64 {
    since + HOLD_MS
}

impl Reducible for Hold {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let next = match (*self, action) {
            (Hold::Fired, Action::Reset) => Hold::Ready,
            (Hold::Fired, _) => Hold::Fired,
            (Hold::Ready | Hold::Armed, Action::Press { now }) => Hold::Holding { since: now },
            (Hold::Holding { since }, Action::Tick { now }) if now >= due(since) => Hold::Fired,
            (Hold::Ready, Action::Click) => Hold::Armed,
            (Hold::Armed, Action::Click) => Hold::Fired,
            (_, Action::Cancel | Action::Reset) => Hold::Ready,
            // A key that repeats presses again, and a clock that ticks late changes nothing.
            (same, Action::Press { .. } | Action::Tick { .. } | Action::Click) => same,
        };
        if next == *self { self } else { next.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(actions: &[Action]) -> Hold {
        *actions.iter().fold(Rc::new(Hold::Ready), |hold, action| hold.reduce(*action))
    }

    #[test]
    fn a_hold_of_1200_ms_fires() {
        assert_eq!(run(&[Action::Press { now: 50.0 }, Action::Tick { now: 1249.0 }]), Hold::Holding { since: 50.0 });
        assert_eq!(run(&[Action::Press { now: 50.0 }, Action::Tick { now: 1250.0 }]), Hold::Fired);
    }

    #[test]
    fn a_tick_at_its_end_fires_whenever_it_began() {
        for tenth in 0..200_000 {
            let since = f64::from(tenth) * 0.1;
            assert_eq!(run(&[Action::Press { now: since }, Action::Tick { now: due(since) }]), Hold::Fired, "{since}");
        }
    }

    #[test]
    fn letting_go_cancels_and_starts_from_nothing() {
        let cancelled = [Action::Press { now: 0.0 }, Action::Tick { now: 1199.0 }, Action::Cancel];
        assert_eq!(run(&cancelled), Hold::Ready);
        let again = [&cancelled[..], &[Action::Press { now: 1200.0 }, Action::Tick { now: 1300.0 }]].concat();
        assert_eq!(run(&again), Hold::Holding { since: 1200.0 });
    }

    #[test]
    fn a_late_tick_after_letting_go_does_not_fire() {
        assert_eq!(run(&[Action::Press { now: 0.0 }, Action::Cancel, Action::Tick { now: 9000.0 }]), Hold::Ready);
    }

    #[test]
    fn key_repeat_does_not_restart_the_hold() {
        let actions = [Action::Press { now: 0.0 }, Action::Press { now: 900.0 }, Action::Tick { now: 1200.0 }];
        assert_eq!(run(&actions), Hold::Fired);
    }

    #[test]
    fn two_presses_fire_one_does_not() {
        assert_eq!(run(&[Action::Click]), Hold::Armed);
        assert_eq!(run(&[Action::Click, Action::Click]), Hold::Fired);
        assert_eq!(run(&[Action::Click, Action::Cancel, Action::Click]), Hold::Armed);
    }

    #[test]
    fn what_has_fired_stays_fired_until_the_server_refuses() {
        let fired = [Action::Click, Action::Click];
        for action in [Action::Press { now: 0.0 }, Action::Tick { now: 5000.0 }, Action::Cancel, Action::Click] {
            assert_eq!(run(&[&fired[..], &[action]].concat()), Hold::Fired);
        }
        assert_eq!(run(&[&fired[..], &[Action::Reset]].concat()), Hold::Ready);
    }
}
