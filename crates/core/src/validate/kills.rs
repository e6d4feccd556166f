use super::flags::{Variants, unknown_flag};
use super::{Checker, conditions, dates};
use crate::diagnostic::Diagnostic;
use crate::document::Kill;
use crate::ids::FlagKey;
use crate::read::At;
use std::collections::BTreeMap;

pub(super) fn check_kills(checker: &mut Checker<'_>) {
    let document = checker.document;
    let at = At::ROOT.key("kills");
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, kill) in document.kills.iter().enumerate() {
        let at = at.index(index);
        check_kill(checker, kill, at);
        let at = at.key("id");
        match first.get(kill.id.as_str()) {
            None => {
                first.insert(&kill.id, index);
            }
            Some(first) => {
                let first = format!("/kills/{first}/id");
                let message = format!("kill `{}` stands here already, at `{first}`", kill.id);
                let diagnostic = Diagnostic::error("duplicate-kill", at.pointer(), message)
                    .help("give one of the two another id: a restore names the kill by it");
                checker.report(diagnostic.related_to(first));
            }
        }
    }
}

fn check_kill(checker: &mut Checker<'_>, kill: &Kill, at: At<'_>) {
    if let Err(why) = kill.id.parse::<FlagKey>() {
        let message = format!("`{}` cannot name a kill: {why}", crate::read::shortened(&kill.id));
        checker.error("bad-name", at.key("id"), message, "letters, digits and `. _ / @ : -`, at most 128");
    }
    for (key, text) in [("reason", &kill.reason), ("by", &kill.by)] {
        if text.trim().is_empty() {
            checker.error("empty-text", at.key(key), "the text is empty", "say it, for those who find the kill later");
        }
    }
    dates::check_time(checker, &kill.at, at.key("at"));
    check_scope(checker, kill, at);
}

fn check_scope(checker: &mut Checker<'_>, kill: &Kill, at: At<'_>) {
    let scope = at.key("scope");
    if let Some(tenants) = &kill.scope.tenant {
        conditions::check_tenants(checker, tenants, scope.key("tenant"));
    }
    if let Some(regions) = &kill.scope.region {
        conditions::check_regions(checker, regions, scope.key("region"));
    }
    if let Some(segments) = &kill.scope.segment {
        conditions::check_segments(checker, segments, scope.key("segment"));
    }
    if let Some(variants) = &kill.scope.variant {
        let help = "name at least one, or leave `variant` out to kill all of them";
        checker.not_empty(variants.is_empty(), scope.key("variant"), "the list of variants", help);
    }
    let Some(number) = checker.known.flags.get(kill.flag.as_str()).copied() else {
        return unknown_flag(checker, kill.flag.as_str(), at.key("flag"));
    };
    let Some(variants) = Variants::of(checker, number) else { return };
    for (index, variant) in kill.scope.variant.iter().flatten().enumerate() {
        variants.check(checker, variant, scope.key("variant").index(index));
    }
}
