//! Flags that name a tenant, decided for a context that somebody merely claims: so that no other tenant's name leaves.

use super::reach::{conditions_name_tenant, rules_name_tenant};
use super::{Decided, Residual};
use crate::compile::{Audience, Options, compile_residual};
use crate::document::{Condition, Kill};
use crate::evaluate::{evaluate_rules, segment_holds};
use crate::ids::FlagKey;
use crate::kills::{KillSet, Loaded};
use crate::prepare::prepare;
use crate::program::word;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The flags whose rules or kills still name a tenant, through segments and attributes of tenants too.
pub fn names_tenant(residual: &Residual) -> BTreeSet<FlagKey> {
    let document = &residual.document;
    let mut flags: BTreeSet<FlagKey> =
        document.flags.iter().filter(|flag| rules_name_tenant(document, flag)).map(|flag| flag.key.clone()).collect();
    let kills = document.kills.iter().filter(|kill| kill_names_tenant(residual, kill));
    flags.extend(kills.map(|kill| kill.flag.clone()));
    flags
}

/// Decides, for a claimed context, the rules of every flag that names a tenant, and takes tenants out of the kills' scopes.
///
/// Such a flag becomes its variant, marked as decided; prerequisites and what is left of its kills stay, so that a kill still reaches
/// it and what depends on it at once.
#[must_use]
pub fn decide_for(mut residual: Residual, context: &Map<String, Value>) -> Residual {
    let loaded = Loaded::new(compile_residual(&residual, &Options { audience: Audience::All }), KillSet::default());
    let mut prepared = prepare(&loaded, context);
    let named: Vec<bool> =
        residual.document.flags.iter().map(|flag| rules_name_tenant(&residual.document, flag)).collect();
    let kills = std::mem::take(&mut residual.document.kills);
    let tenant = context.get("tenant").and_then(Value::as_str);
    let left: Vec<Kill> = kills
        .into_iter()
        .filter_map(|mut kill| {
            let scope = &mut kill.scope;
            if let Some(tenants) = scope.tenant.take()
                && !tenants.iter().any(|each| Some(each.as_str()) == tenant)
            {
                return None;
            }
            let segments = scope.segment.take().unwrap_or_default();
            let (named, plain): (Vec<_>, Vec<_>) = segments
                .iter()
                .cloned()
                .partition(|key| conditions_name_tenant(&residual.document, &[Condition::Segment(vec![key.clone()])]));
            let holds = named.iter().any(|key| segment_holds(&loaded, &mut prepared, key.as_str()));
            if !holds && !segments.is_empty() {
                if plain.is_empty() {
                    return None;
                }
                scope.segment = Some(plain);
            }
            Some(kill)
        })
        .collect();
    residual.document.kills = left;
    for (number, _) in named.iter().enumerate().filter(|(_, named)| **named) {
        let decision = evaluate_rules(&loaded, &mut prepared, word(number));
        let Some(flag) = residual.document.flags.get_mut(number) else {
            continue;
        };
        if let Some((variant, _)) = flag.variants.get(usize::from(decision.variant)) {
            flag.default = variant.clone();
        }
        flag.rules.clear();
        let mark = residual.marks.entry(flag.key.clone()).or_default();
        mark.rule_indexes.clear();
        mark.had_rules = true;
        mark.decided = Some(Decided { reason: decision.reason, rule: decision.rule() });
    }
    residual
}

fn kill_names_tenant(residual: &Residual, kill: &Kill) -> bool {
    let segments = kill.scope.segment.clone().map(|segments| [Condition::Segment(segments)]);
    kill.scope.tenant.is_some()
        || segments.is_some_and(|condition| conditions_name_tenant(&residual.document, &condition))
}
