//! A plan in words: conditions, buckets, shares, what is counted.

use super::figures::{moved_words, percent, weight};
use crate::render::{counted, grouped, one_line, to_json};
use downhaul_blast::exact::{Bucket, Region};
use downhaul_blast::plan::{Finding, FlagPlan, Kept, Limit, Moved, Plan, Status, Transition, Verdict};
use downhaul_blast::replay::{Given, Group, Groups, RuleMove, Why, Within};
use downhaul_core::explain::whole_condition_words;
use serde_json::Value;

/// The first line: how much changes, and the largest of it.
pub(super) fn summary(plan: &Plan) -> String {
    let totals = &plan.totals;
    if plan.flags.is_empty() {
        let flags = counted(totals.flags, "flag");
        return format!("{} is given anything else by any of {flags}", nobody(plan));
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
    let largest = largest_first(plan).first().filter(|(_, flag)| flag.share().most > 0.0).copied();
    if let Some(people) = &plan.population {
        line.push_str(&match people.moved_rows {
            0 => "; nobody of the population is moved".to_owned(),
            _ => {
                let (share, moved, of) = (percent(people.share()), weight(people.moved), weight(people.weight));
                format!("; {share} of the population is moved ({moved} of {of})")
            }
        });
    }
    if let Some((key, flag)) = largest.filter(|_| plan.population.is_none() || plan.flags.len() > 1) {
        line.push_str(&format!("; largest move: `{key}`, {}", moved_words(flag)));
    }
    if plan.verdict == Verdict::OverBudget { format!("over budget: {line}") } else { line }
}

/// Of whom it is known that they keep what they have, if all of them do.
fn nobody(plan: &Plan) -> &'static str {
    if plan.exact.is_some() { "nobody" } else { "nobody of the population" }
}

/// Who was asked; `name` as it is to be written.
pub(super) fn population_words(people: &Moved, name: &str) -> String {
    let rows = |rows: u64| counted(usize::try_from(rows).unwrap_or(usize::MAX), "row");
    let drawn = match people.sampled {
        Some(sampled) => format!(", drawn from {}", rows(sampled.rows)),
        None => String::new(),
    };
    let origin = match &people.origin {
        // The day is enough for people.
        Some(origin) => {
            let day = origin.taken_at.split('T').next().unwrap_or_default();
            format!("; taken {day} from {}", one_line(&origin.source))
        }
        None => String::new(),
    };
    format!("over {name}: {} of weight {}{drawn}{origin}", rows(people.rows), weight(people.weight))
}

/// The flags, those first that move most.
pub(super) fn largest_first(plan: &Plan) -> Vec<(&String, &FlagPlan)> {
    let sized = |(key, flag): (_, &FlagPlan)| {
        let share = flag.share();
        ([flag.moved_share().unwrap_or_default(), share.most, share.least], key, rank(flag.status))
    };
    let mut sized: Vec<([f64; 3], &String, u8)> = plan.flags.iter().map(sized).collect();
    sized.sort_by(|(a, _, a_rank), (b, _, b_rank)| {
        let larger = b.iter().zip(a).map(|(b, a)| b.total_cmp(a)).find(|order| order.is_ne());
        larger.unwrap_or_else(|| a_rank.cmp(b_rank))
    });
    sized.into_iter().filter_map(|(_, key, _)| plan.flags.get_key_value(key)).collect()
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

/// From what to what.
pub(super) fn transition_words(transition: &Transition) -> String {
    match &transition.values {
        Some((old, new)) => format!("`{}`: value {} -> {}", transition.from, value(old), value(new)),
        None => format!("`{}` -> `{}`", transition.from, transition.to),
    }
}

/// A value, short enough for a line.
fn value(value: &Value) -> String {
    const LONGEST: usize = 40;
    let text = one_line(&value.to_string());
    if text.chars().count() <= LONGEST {
        return text;
    }
    let cut: String = text.chars().take(LONGEST).collect();
    format!("{cut}…")
}

/// Those who move, in groups: `by tenant: globex 600 of 4880, …`.
pub(super) fn groups_words(attribute: &str, groups: &Groups, shown: usize) -> String {
    let mut words: Vec<String> = groups.groups.iter().take(shown).map(group_words).collect();
    let more = groups.touched.saturating_sub(words.len());
    if more > 0 {
        words.push(format!("and {} more", grouped(more)));
    }
    format!("by {}: {}", one_line(attribute), words.join(", "))
}

/// The regions in and within which most weight moves, the heaviest first, each before those within it.
pub(super) fn within_heaviest_first(groups: &Groups) -> Vec<&Within> {
    let mut within: Vec<&Within> = groups.within.iter().collect();
    within.sort_by(|one, other| other.moved.total_cmp(&one.moved));
    within
}

/// Those who move, up the tree of regions: `by region and those within: `eu` 600 of 4880 (20 directly), …`.
pub(super) fn within_words(groups: &Groups, shown: usize) -> Option<String> {
    let one = |it: &&Within| {
        let directly = weight(it.directly.moved);
        format!("`{}` {} of {} ({directly} directly)", one_line(&it.region), weight(it.moved), weight(it.of))
    };
    let within = within_heaviest_first(groups);
    let mut words: Vec<String> = within.iter().take(shown).map(one).collect();
    let more = within.len().saturating_sub(words.len());
    if more > 0 {
        words.push(format!("and {} more", grouped(more)));
    }
    (!words.is_empty()).then(|| format!("by region and those within: {}", words.join(", ")))
}

fn group_words(group: &Group) -> String {
    format!("{} {} of {}", group_name(&group.value), weight(group.moved), weight(group.of))
}

/// What rows have for an attribute.
pub(super) fn group_name(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => format!("`{}`", one_line(text)),
        other => one_line(&other.to_string()),
    }
}

/// What decided before and what decides now.
pub(super) fn rule_words(moved: &RuleMove) -> String {
    format!("{} -> {}", why_words(&moved.from), why_words(&moved.to))
}

fn why_words(why: &Why) -> String {
    let name = |name: &Option<String>| name.as_ref().map(|name| format!(" `{}`", one_line(name))).unwrap_or_default();
    match (&why.kill, why.rule) {
        (Some(kill), _) => format!("kill `{}`", one_line(kill)),
        (None, Some(rule)) => format!("rule {}{}", u64::from(rule) + 1, name(&why.rule_name)),
        (None, None) => why.reason.to_string(),
    }
}

/// What a flag of one document only gives, or gave.
pub(super) fn given_words(given: &[Given]) -> String {
    let whole: f64 = given.iter().map(|given| given.weight).sum();
    let share = |weight: f64| percent(if whole > 0.0 { weight / whole } else { 0.0 });
    let words: Vec<String> = given.iter().map(|given| format!("`{}` {}", given.variant, share(given.weight))).collect();
    words.join(", ")
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
    let Some(bucket) = &region.bucket else {
        return match (region.exact, everyone) {
            (true, true) => "everyone".to_owned(),
            (true, false) => "all of them".to_owned(),
            (false, true) => "some or all".to_owned(),
            (false, false) => "some or all of them".to_owned(),
        };
    };
    let whole = if region.exact { "" } else { "at most " };
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
pub(super) fn witness(region: &Region) -> Result<String, String> {
    match (&region.witness, &region.undecided) {
        (Some(context), _) => {
            to_json(context).map(|json| one_line(&json)).map_err(|_| "the example cannot be written".to_owned())
        }
        (None, Some(why)) => Err(format!("undecided, perhaps nobody is like this: {}", one_line(why))),
        (None, None) => Err("no example was found: perhaps nobody is like this".to_owned()),
    }
}

/// What has to be said besides: definitions without effect, flags that could not be compared.
pub(super) fn remarks(plan: &Plan) -> Vec<String> {
    let mut remarks = Vec::new();
    if !plan.idle.is_empty() {
        remarks.push(format!("edited, and {} is given anything else by: {}", nobody(plan), named(&plan.idle)));
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
