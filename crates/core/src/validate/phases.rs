use super::Checker;
use crate::diagnostic::Diagnostic;
use crate::document::{Flag, FlagKind, OnStale, Outcome, Reversibility};
use crate::ids::VariantKey;
use crate::phase::Phase;
use crate::read::At;

/// What a data change may and may not say of itself.
pub(super) fn check(checker: &mut Checker<'_>, flag: &Flag, at: At<'_>) {
    check_fix(checker, flag, at);
    let Some(phase) = flag.phase else {
        if !flag.unaffected.is_empty() {
            let message = "`unaffected` says something of a data change, and the flag has no `phase`";
            checker.error(
                "phase-missing",
                at.key("unaffected"),
                message,
                "give the `phase`, or leave `unaffected` out",
            );
        }
        return;
    };
    if flag.kind != FlagKind::Migration {
        let message = "only flags of the kind `migration` have a `phase`";
        checker.error("phase-kind", at.key("phase"), message, "write `\"kind\": \"migration\"`, or leave `phase` out");
    }
    check_variants(checker, flag, at.key("variants"));
    check_served(checker, flag, phase, at);
    if !flag.requires.is_empty() {
        let message = "a data change has no prerequisites: where one fails, clients could be more than a phase apart";
        let help = format!("let the other flag require `{}` instead, by the phases that it needs", flag.key);
        checker.error("phase-apart", at.key("requires"), message, help);
    }
    if flag.on_stale == OnStale::Degraded {
        let message = "a client out of reach would go a phase back by itself, while the others go on";
        let help = "leave `on_stale` out: clients out of reach stay where they are, and no step is taken without them";
        checker.error("phase-apart", at.key("on_stale"), message, help);
    }
}

fn check_fix(checker: &mut Checker<'_>, flag: &Flag, at: At<'_>) {
    if flag.phase == Some(Phase::Contract) && flag.reversibility != Reversibility::ForwardFixOnly {
        let message = "past `contract` there is no way back, and the flag claims to be `rollback-safe`";
        let help = "write `\"reversibility\": \"forward-fix-only\"`, and in `forward_fix` what to do instead";
        checker.error("phase-one-way", at.key("reversibility"), message, help);
    }
    let is_silent = flag.forward_fix.is_none() && !checker.broken.touches(&at.key("forward_fix").pointer());
    if flag.reversibility == Reversibility::ForwardFixOnly && is_silent {
        let message = "turning the flag back is not enough, and nobody says what is";
        let help = "say in `forward_fix` what to do instead; whoever kills the flag will read it";
        checker.report(Diagnostic::warning("no-forward-fix", at.key("reversibility").pointer(), message).help(help));
    }
}

/// Exactly the phases, so that code, console and chart speak of the same.
fn check_variants(checker: &mut Checker<'_>, flag: &Flag, at: At<'_>) {
    let is_there = |phase: Phase| flag.variants.iter().any(|(key, _)| key.as_str() == phase.name());
    let missing: Vec<String> =
        Phase::ALL.into_iter().filter(|phase| !is_there(*phase)).map(|phase| format!("`{}`", phase.name())).collect();
    let help = "leave `variants` out: with a `phase` they are the phases, each with its name as its value";
    if !missing.is_empty() && !checker.broken.touches(&at.pointer()) {
        let message = format!("the variants of a data change are its phases; missing: {}", missing.join(", "));
        checker.error("phase-variants", at, message, help);
    }
    for (key, value) in &flag.variants {
        if Phase::named(key.as_str()).is_none() {
            let message = format!("`{key}` is no phase, and the variants of a data change are its phases");
            checker.error("phase-variants", at.key(key.as_str()), message, help);
        } else if value.as_str() != Some(key.as_str()) {
            let message = format!("the value of the phase `{key}` is its name");
            checker.error("phase-variants", at.key(key.as_str()), message, help);
        }
    }
}

/// A phase and the one before it go together, others do not.
fn check_served(checker: &mut Checker<'_>, flag: &Flag, phase: Phase, at: At<'_>) {
    served(checker, phase, &flag.default, at.key("default"));
    served(checker, phase, &flag.degraded.variant, at.key("degraded").key("variant"));
    for (index, rule) in flag.rules.iter().enumerate() {
        let at = at.key("rules");
        let at = at.index(index);
        match &rule.then {
            Outcome::Serve(variant) => served(checker, phase, variant, at.key("serve")),
            Outcome::Split(split) => {
                let at = at.key("split");
                let at = at.key("slices");
                for (index, slice) in split.slices.iter().enumerate() {
                    served(checker, phase, &slice.variant, at.index(index).index(0));
                }
            }
        }
    }
}

fn served(checker: &mut Checker<'_>, phase: Phase, variant: &VariantKey, at: At<'_>) {
    let Some(found) = Phase::named(variant.as_str()) else { return };
    let below = phase.a_step_down();
    if found == phase || found == below {
        return;
    }
    let message = format!("`{variant}` does not go together with the phase `{}`", phase.name());
    let help = if below == phase {
        format!("in `{0}` everyone is at `{0}`", phase.name())
    } else {
        format!("serve `{}` or `{}`: clients are never more than a phase apart", below.name(), phase.name())
    };
    checker.error("phase-apart", at, message, help);
}
