use super::Checker;
use super::flags::Variants;
use crate::document::{ClientKind, Flag, Guard, GuardAction, GuardRole, PrometheusCounters};
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
        let counts_clients = !guard.is_of_ratio() && guard.prometheus.is_none();
        if only_browsers && !guard.counts_browsers() && counts_clients {
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
    if let (Some(counters), false) = (&guard.prometheus, guard.is_of_ratio()) {
        for (key, is_there) in [
            ("metric", guard.metric.is_some()),
            ("per_exposure", guard.per_exposure.is_some()),
            ("slower_than_ms", guard.slower_than_ms.is_some()),
            ("slower_than", guard.slower_than.is_some()),
            ("browsers", guard.browsers.is_some()),
        ] {
            if is_there {
                let message = "what is counted is said by `prometheus`";
                refuse(key, message, "leave out this field, or `prometheus`");
            }
        }
        let has_other = counters.against_all.is_some() && counters.against_failed.is_some();
        let says_which = |text: &str| text.contains(PrometheusCounters::VARIANT);
        let is_said = has_other
            || guard.objective.is_some()
            || [&counters.all, &counters.failed].iter().all(|text| says_which(text));
        if !is_said {
            let message = "both variants would be counted by the same counters";
            let help = "write `$variant` where the counter has the variant, such as `{variant=\"$variant\"}`, or give `against_all` and `against_failed`, too";
            refuse("prometheus", message, help);
        }
    } else if guard.is_of_ratio() {
        if guard.action() != GuardAction::Pause {
            let message = "arms of the wrong size say that nothing can be compared, and not that the variant does harm";
            refuse("action", message, "leave `action` out: such a guard pauses the rollout");
        }
        for (key, is_there) in [
            ("against", guard.against.is_some()),
            ("objective", guard.objective.is_some()),
            ("relative", guard.relative.is_some()),
            ("absolute", guard.absolute.is_some()),
            ("per_exposure", guard.per_exposure.is_some()),
            ("slower_than_ms", guard.slower_than_ms.is_some()),
            ("slower_than", guard.slower_than.is_some()),
            ("prometheus", guard.prometheus.is_some()),
            ("browsers", guard.counts_browsers()),
            ("least_failed", guard.least_failed.is_some()),
            ("least_instances", guard.least_instances.is_some()),
        ] {
            if is_there {
                let message = "of `exposures` the sizes of all arms are held against the split, and nothing else";
                refuse(key, message, "leave out this field, or name another metric");
            }
        }
    } else if guard.metric() == Guard::OUTCOMES {
        let help = "name an outcome that telemetry tells in `metric`, such as `checkout.pay`";
        if guard.is_per_exposure() {
            refuse("per_exposure", "outcomes of a flag say themselves what failed", help);
        }
        for (key, is_there) in
            [("slower_than_ms", guard.slower_than_ms.is_some()), ("slower_than", guard.slower_than.is_some())]
        {
            if is_there {
                refuse(key, "outcomes of a flag do not say how long they took", help);
            }
        }
    } else if guard.slower_than.is_some() && (guard.slower_than_ms.is_some() || guard.is_per_exposure()) {
        let message =
            "what is slow is said by one of `slower_than` and `slower_than_ms`, of the outcomes that took their time";
        refuse("slower_than", message, "leave out the other field");
    } else if guard.slower_than.is_some() && guard.objective.is_some() {
        let message = "with an `objective` there is no other variant whose quantile it could be";
        refuse("slower_than", message, "say in `slower_than_ms` what is slow");
    } else if guard.is_per_exposure() && guard.slower_than_ms.is_some() {
        let message = "what is slow is counted of the outcomes that took their time, and not of exposures";
        refuse("slower_than_ms", message, "leave out this field, or `per_exposure`");
    }
}
