use super::Checker;
use crate::document::{Flag, FleetMode};
use crate::read::At;

/// Seconds that a breaker stays open where the document does not say it.
const OPEN: u32 = 5;
const OPEN_AT_MOST: u32 = 300;

/// A breaker has somewhere to fall back to, and says nothing that contradicts itself.
pub(super) fn check(checker: &mut Checker<'_>, flag: &Flag, at: At<'_>) {
    let Some(breaker) = &flag.breaker else { return };
    let here = at.key("breaker");
    if flag.phase.is_some() {
        let message = "a client whose breaker opens would go a phase back by itself, while the others go on";
        let help = "leave `breaker` out: the phases of a data change are taken together, back as well";
        checker.error("phase-apart", here, message, help);
    }
    let is_sure = !checker.broken.touches(&at.key("variants").pointer())
        && !checker.broken.touches(&at.key("degraded").pointer());
    let has_other = flag.variants.iter().any(|(key, _)| *key != flag.degraded.variant);
    if is_sure && !has_other {
        let message = format!(
            "a breaker falls back to the degraded variant, and `{}` is the only one that there is",
            flag.degraded.variant
        );
        let help = "give what is guarded a variant of its own, or leave `breaker` out";
        checker.error("breaker-without-fallback", here, message, help);
    }
    if breaker.slow_share.is_some() && breaker.slow_ms.is_none() {
        let message = "`slow_share` says how many calls may be slow, and nothing says which ones are";
        checker.error(
            "breaker-contradiction",
            here.key("slow_share"),
            message,
            "say in `slow_ms` what is slow, or leave it out",
        );
    }
    if breaker.fleet() == FleetMode::Off {
        for (key, is_there) in [
            ("fleet_least", breaker.fleet_least.is_some()),
            ("fleet_share", breaker.fleet_share.is_some()),
            ("fleet_spread", breaker.fleet_spread.is_some()),
        ] {
            if is_there {
                let message = "it says when the control plane acts for everyone, and that it never does";
                let help = "write `fleet: kill` or `fleet: notice`, or leave it out";
                checker.error("breaker-contradiction", here.key(key), message, help);
            }
        }
    }
    let (open, most) = (breaker.open_seconds.unwrap_or(OPEN), breaker.open_at_most_seconds.unwrap_or(OPEN_AT_MOST));
    if most < open {
        let message = format!("it is open for at most {most} s, and for {open} s the first time already");
        let help = "raise `open_at_most_seconds`, or lower `open_seconds`";
        let key = if breaker.open_at_most_seconds.is_some() { "open_at_most_seconds" } else { "open_seconds" };
        checker.error("breaker-contradiction", here.key(key), message, help);
    }
    if let (Some(slow), Some(timeout)) = (breaker.slow_ms, breaker.timeout_ms)
        && timeout <= slow
    {
        let message = format!("no call is slower than {slow} ms, as each has failed after {timeout} ms");
        let help = "set `slow_ms` below `timeout_ms`, or leave it out";
        checker.error("breaker-contradiction", here.key("slow_ms"), message, help);
    }
}
