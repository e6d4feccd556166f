//! How wide clients spread what all of them would do at once, from how many there are. Dark comes first: a kill is told to
//! all in one moment, and only what they say of it, and how they come back, may take its time.

use std::time::Duration;

/// Up to so many clients everything is said within the shortest time.
const FEW: usize = 100;
const ACKNOWLEDGE: (Duration, Duration) = (Duration::from_millis(20), MOST_WAITED);
/// The longest that a client waits before it says what it has applied. No longer is believed.
pub(super) const MOST_WAITED: Duration = Duration::from_secs(2);
const RETURN: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
const LEAVE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Within this time clients say that they applied something: some 1 000 a second.
pub fn acknowledge_within(clients: usize) -> Duration {
    let (least, most) = ACKNOWLEDGE;
    (least + each(clients.saturating_sub(FEW), 1_000)).min(most)
}

/// Within this time a client whose stream was cut comes back for the first time: some 4 000 a second, should all have been.
pub fn return_within(clients: usize) -> Duration {
    let (least, most) = RETURN;
    each(clients, 250).clamp(least, most)
}

/// Within this time those come back whom a closing server sends away: some 400 a second.
pub fn leave_within(clients: usize) -> Duration {
    let (least, most) = LEAVE;
    each(clients, 2_500).clamp(least, most)
}

fn each(clients: usize, microseconds: u64) -> Duration {
    Duration::from_micros(microseconds.saturating_mul(u64::try_from(clients).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_would_do_at_once_is_spread_by_how_many_they_are() {
        let cases = [
            (0, 20, 250, 500),
            (100, 20, 250, 500),
            (101, 21, 250, 500),
            (1_000, 920, 250, 2_500),
            (2_000, 1_920, 500, 5_000),
            (10_000, 2_000, 2_500, 25_000),
            (100_000, 2_000, 5_000, 30_000),
            (usize::MAX, 2_000, 5_000, 30_000),
        ];
        for (clients, acknowledge, back, leave) in cases {
            let found = [acknowledge_within(clients), return_within(clients), leave_within(clients)];
            assert_eq!(found, [acknowledge, back, leave].map(Duration::from_millis), "{clients}");
        }
    }
}
