use super::Checker;
use super::flags::Variants;
use crate::document::{ClientKind, Flag, Guard, GuardAction, GuardRole};
use crate::read::At;

/// Guards of one flag.
const MOST: usize = 16;

/// Each guard watches a variant that can be told from another one, and says nothing that contradicts itself.
pub(super) fn check(checker: &mut Checker<'_>, flag: &Flag, at: At<'_>, variants: &Variants<'_>) {
    let here = at.key("guards");
    if flag.guards.is_empty() {
        return;
    }
    if flag.phase.is_some() {
        let message = "a guard that acts would take some clients a phase back, while the others go on";
        let help = "leave `guards` out: the phases of a data change are taken together, back as well";
        checker.error("phase-apart", here, message, help);
    }
    if flag.guards.len() > MOST {
        let message = format!("the flag has {} guards, more than {MOST}", flag.guards.len());
        let help = "each guard may be wrong once; keep those that somebody would act on";
        checker.error("too-many-guards", here, message, help);
    }
    let only_browsers = flag.clients.iter().all(|kind| *kind == ClientKind::Browser)
        && !checker.broken.touches(&at.key("clients").pointer());
    for (index, guard) in flag.guards.iter().enumerate() {
        let here = here.index(index);
        variants.check(checker, &guard.variant, here.key("variant"));
        if let Some(against) = &guard.against {
            variants.check(checker, against, here.key("against"));
        }
        if !guard.name.is_empty() && flag.guards.iter().take(index).any(|other| other.name == guard.name) {
            let message = format!("the flag has a guard `{}` already", guard.name);
            checker.error("duplicate-guard", here.key("name"), message, "give one of the two another name");
        }
        check_sides(checker, flag, guard, here);
        check_fields(checker, guard, here);
        if only_browsers && !guard.counts_browsers() {
            let message = format!("only browsers are given `{}`, and what they claim does not count", flag.key);
            let help = "write `\"browsers\": true` to rest on what anybody with their key can claim, or let a server have the flag, too";
            checker.error("guard-counts-nobody", here, message, help);
        }
    }
}

/// Whom it watches, and whom it is held against.
fn check_sides(checker: &mut Checker<'_>, flag: &Flag, guard: &Guard, here: At<'_>) {
    let degraded = &flag.degraded.variant;
    if guard.objective.is_none() && guard.variant == *guard.against.as_ref().unwrap_or(degraded) {
        let message = format!("it watches `{}`, and is held against the same", guard.variant);
        let help = "name another variant in `against`, or give an `objective`, the share that may fail";
        checker.error("guard-contradiction", here.key("variant"), message, help);
    } else if guard.variant == *degraded && guard.action() == GuardAction::Kill {
        let message = format!("a kill gives the degraded variant, which `{degraded}` is itself");
        let help = "write `\"action\": \"pause\"`, or watch another variant";
        checker.error("guard-without-fallback", here.key("variant"), message, help);
    }
}

fn check_fields(checker: &mut Checker<'_>, guard: &Guard, here: At<'_>) {
    let mut refuse = |key: &str, message: &str, help: &str| {
        checker.error("guard-contradiction", here.key(key), message, help);
    };
    if guard.objective.is_some() {
        for (key, is_there) in [
            ("against", guard.against.is_some()),
            ("relative", guard.relative.is_some()),
            ("absolute", guard.absolute.is_some()),
        ] {
            if is_there {
                let message = "with an `objective` it is held against nobody";
                refuse(key, message, "leave out this field, or `objective`");
            }
        }
    }
    if guard.role() == GuardRole::Signal && guard.action() != GuardAction::Pause {
        let message = "a `signal` only ever pauses";
        refuse("action", message, "write `\"role\": \"guardrail\"` for one that acts, or leave `action` out");
    }
    if guard.metric() == Guard::OUTCOMES {
        let help = "name an outcome that telemetry tells in `metric`, such as `checkout.pay`";
        if guard.is_per_exposure() {
            refuse("per_exposure", "outcomes of a flag say themselves what failed", help);
        }
        if guard.slower_than_ms.is_some() {
            refuse("slower_than_ms", "outcomes of a flag do not say how long they took", help);
        }
    } else if guard.is_per_exposure() && guard.slower_than_ms.is_some() {
        let message = "what is slow is counted of the outcomes that took their time, and not of exposures";
        refuse("slower_than_ms", message, "leave out this field, or `per_exposure`");
    }
}
