//! A plan in words: conditions, buckets, shares, what is counted.

use crate::render::{counted, grouped, one_line, to_json};
use downhaul_blast::exact::{Bucket, Region};
use downhaul_blast::plan::{Finding, FlagPlan, Kept, Limit, Plan, Share, Status, Transition, Verdict};
use downhaul_core::explain::whole_condition_words;

/// The first line: how much changes, and the largest of it.
pub(super) fn summary(plan: &Plan) -> String {
    let totals = &plan.totals;
    if plan.flags.is_empty() {
        return format!("nobody is given anything else by any of {}", counted(totals.flags, "flag"));
    }
    let kinds = [
        (totals.changed, "changes", "change"),
        (totals.added, "is new", "are new"),
        (totals.removed, "is removed", "are removed"),
        (totals.reason_only, "changes reasons only", "change reasons only"),
        (totals.unknown, "could not be compared", "could not be compared"),
    ];
    let all = counted(totals.flags, "flag");
    let verb = |count: usize, one: &'static str, many: &'static str| if count == 1 { one } else { many };
    let mut line = if totals.changed == plan.flags.len() {
        format!("{} of {all} {}", grouped(totals.changed), verb(totals.changed, "changes", "change"))
    } else {
        let kinds = kinds.iter().filter(|(count, _, _)| *count > 0);
        let kinds: Vec<String> =
            kinds.map(|(count, one, many)| format!("{} {}", grouped(*count), verb(*count, one, many))).collect();
        let differing = plan.flags.len();
        format!("{} of {all} {}: {}", grouped(differing), verb(differing, "differs", "differ"), kinds.join(", "))
    };
    if let Some((key, flag)) = largest_first(plan).first().filter(|(_, flag)| flag.share().most > 0.0) {
        line.push_str(&format!("; largest move: `{key}`, {}", share_words(flag.share())));
    }
    if plan.verdict == Verdict::OverBudget { format!("over budget: {line}") } else { line }
}

/// The flags, those first that move most.
pub(super) fn largest_first(plan: &Plan) -> Vec<(&String, &FlagPlan)> {
    let mut flags: Vec<(&String, &FlagPlan)> = plan.flags.iter().collect();
    let size = |flag: &FlagPlan| {
        let share = flag.share();
        (share.most, share.least)
    };
    flags.sort_by(|(_, a), (_, b)| {
        let ((a_most, a_least), (b_most, b_least)) = (size(a), size(b));
        b_most.total_cmp(&a_most).then(b_least.total_cmp(&a_least)).then(rank(a.status).cmp(&rank(b.status)))
    });
    flags
}

/// Of flags that move alike, which come first.
fn rank(status: Status) -> u8 {
    match status {
        Status::Unknown => 0,
        Status::Changed => 1,
        Status::Removed => 2,
        Status::Added => 3,
        Status::ReasonOnly => 4,
    }
}

/// What is special about a flag.
pub(super) fn tags(flag: &FlagPlan) -> Vec<&'static str> {
    let mut tags = Vec::new();
    match flag.status {
        Status::Added => tags.push("new"),
        Status::Removed => tags.push("removed"),
        Status::ReasonOnly => tags.push("reasons only"),
        Status::Unknown => tags.push("could not be compared within the limit"),
        Status::Changed => {}
    }
    if flag.critical {
        tags.push("critical");
    }
    if !flag.edited {
        tags.push("by what it depends on");
    }
    tags
}

/// What becomes of a flag of which nothing else is to be said.
pub(super) fn status_words(status: Status) -> Option<&'static str> {
    match status {
        Status::Added => Some("who asks for it gets what it says, and no longer the caller's default"),
        Status::Removed => Some("who asks for it gets the caller's default"),
        Status::Unknown => Some("anyone may be given something else; raise --limit-nodes"),
        Status::Changed | Status::ReasonOnly => None,
    }
}

/// `25.000 %`, from 0 to 1.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.001 { "under 0.001 %".to_owned() } else { format!("{percent:.3} %") }
}

/// Of everyone.
pub(super) fn share_words(share: Share) -> String {
    let Share { least, most } = share;
    if share.is_certain() && most >= 1.0 {
        "everyone".to_owned()
    } else if share.is_certain() {
        format!("{} of everyone", percent(most))
    } else if most >= 1.0 && least <= 0.0 {
        "an unknown part of everyone".to_owned()
    } else if least <= 0.0 {
        format!("at most {} of everyone", percent(most))
    } else {
        format!("{} to {} of everyone", percent(least), percent(most))
    }
}

/// From what to what.
pub(super) fn transition_words(transition: &Transition) -> String {
    match &transition.values {
        Some((old, new)) => format!("`{}`: value {} -> {}", transition.from, value(old), value(new)),
        None => format!("`{}` -> `{}`", transition.from, transition.to),
    }
}

/// A value, short enough for a line.
fn value(value: &serde_json::Value) -> String {
    const LONGEST: usize = 40;
    let text = one_line(&value.to_string());
    if text.chars().count() <= LONGEST {
        return text;
    }
    let cut: String = text.chars().take(LONGEST).collect();
    format!("{cut}…")
}

/// What happens in a region, and to how many of those that it describes.
pub(super) fn region_words(flag: &str, region: &Region) -> String {
    let exact = &region.transition;
    let change = if exact.from == exact.to && exact.values.is_none() {
        format!("`{}` as before, {} -> {}", exact.from, exact.from_reason, exact.to_reason)
    } else {
        transition_words(&Transition {
            from: exact.from.clone(),
            to: exact.to.clone(),
            weight: None,
            values: exact.values.clone(),
        })
    };
    format!("{change} for {}", how_many(flag, region))
}

fn how_many(flag: &str, region: &Region) -> String {
    let everyone = conditions(region).is_empty();
    let whole = if region.exact { "" } else { "at most " };
    let Some(bucket) = &region.bucket else {
        return format!("{whole}{}", if everyone { "everyone" } else { "all of them" });
    };
    let of = if everyone { "everyone" } else { "them" };
    let mut buckets = vec![bucket_words(flag, bucket)];
    buckets.extend(region.and_buckets.iter().map(|bucket| bucket_words(flag, bucket)));
    format!("{whole}{} of {of}, {}", percent(region.share), buckets.join(" and "))
}

/// `buckets 25 000 to 50 000 by targetingKey`; the salt where it is not the flag's own.
fn bucket_words(flag: &str, bucket: &Bucket) -> String {
    let grouped = |bucket: u32| grouped(usize::try_from(bucket).unwrap_or(usize::MAX));
    let salt = if bucket.salt == flag { String::new() } else { format!(" with salt `{}`", one_line(&bucket.salt)) };
    format!("buckets {} to {} by {}{salt}", grouped(bucket.from), grouped(bucket.to), one_line(&bucket.by))
}

/// Who is in a region: each has to hold. Empty for everyone.
pub(super) fn conditions(region: &Region) -> Vec<String> {
    let mut words: Vec<String> =
        region.when.iter().map(|condition| one_line(&whole_condition_words(condition))).collect();
    words.extend(region.no_unit.iter().map(|by| format!("`{}` holds nothing to take a bucket by", one_line(by))));
    words.extend(region.unit.iter().map(|by| format!("`{}` holds something to take a bucket by", one_line(by))));
    words.extend(
        region.lists_aside.iter().map(|by| format!("with a list in `{}` taken for an empty one", one_line(by))),
    );
    words
}

/// A context that is in the region, or why there is none.
pub(super) fn witness(region: &Region) -> Result<String, &'static str> {
    match &region.witness {
        Some(context) => to_json(context).map(|json| one_line(&json)).map_err(|_| "the example cannot be written"),
        None => Err("no example was found: perhaps nobody is like this"),
    }
}

/// What has to be said besides: definitions without effect, flags that could not be compared.
pub(super) fn remarks(plan: &Plan) -> Vec<String> {
    let mut remarks = Vec::new();
    if !plan.idle.is_empty() {
        remarks.push(format!("edited, and nobody is given anything else by: {}", named(&plan.idle)));
    }
    if !plan.killed.is_empty() {
        let killed = named(&plan.killed);
        remarks.push(format!("edited while killed, and what they give once restored was not compared: {killed}"));
    }
    if let Some(exact) = plan.exact.filter(|exact| !exact.complete) {
        let unknown = counted(plan.totals.unknown, "flag");
        let nodes = grouped(exact.nodes);
        remarks.push(format!("{unknown} could not be compared within {nodes} nodes: raise --limit-nodes"));
    }
    remarks
}

fn named(keys: &[String]) -> String {
    const NAMED: usize = 10;
    let named: Vec<String> = keys.iter().take(NAMED).map(|key| format!("`{key}`")).collect();
    let more = keys.len() - named.len();
    let more = if more > 0 { format!(" and {} more", grouped(more)) } else { String::new() };
    format!("{}{more}", named.join(", "))
}

/// What is limited.
pub(super) fn limit_word(limit: Limit) -> &'static str {
    match limit {
        Limit::Share => "share",
        Limit::Tenants => "tenants",
        Limit::CriticalTenant => "critical-tenant",
        Limit::Region => "region",
    }
}

pub(super) fn kept_word(outcome: Kept) -> &'static str {
    match outcome {
        Kept::Within => "within",
        Kept::Over => "over",
        Kept::Unknown => "unknown",
    }
}

/// How the plan keeps to a limit, in a line.
pub(super) fn finding_words(finding: &Finding) -> String {
    let kept = match finding.outcome {
        Kept::Within => "within budget",
        Kept::Over => "over budget",
        Kept::Unknown => "budget not judged",
    };
    let example = match context_of(finding) {
        Some(context) => format!(", such as {context}"),
        None => String::new(),
    };
    format!("{kept}: {}{example}", one_line(&finding.why))
}

/// Someone who shows it.
pub(super) fn context_of(finding: &Finding) -> Option<String> {
    let context = finding.context.as_ref()?;
    to_json(context).ok().map(|json| one_line(&json))
}
