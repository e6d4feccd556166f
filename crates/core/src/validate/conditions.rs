use super::{Checker, dates};
use crate::diagnostic::Diagnostic;
use crate::document::{Condition, Scalar, Test};
use crate::ids::{RegionKey, SegmentKey, TenantId};
use crate::read::{At, DEPTH_LIMIT, shortened};
use crate::{ip, time, version};

pub(super) fn check_all(checker: &mut Checker<'_>, conditions: &[Condition], at: At<'_>) {
    check_within(checker, conditions, at, 0);
}

fn check_within(checker: &mut Checker<'_>, conditions: &[Condition], at: At<'_>, depth: usize) {
    for (index, condition) in conditions.iter().enumerate() {
        check(checker, condition, at.index(index), depth + 1);
    }
}

fn check(checker: &mut Checker<'_>, condition: &Condition, at: At<'_>, depth: usize) {
    // A text cannot nest so deep; a document that was put together by code can.
    if depth > DEPTH_LIMIT {
        let message = format!("conditions are nested more than {DEPTH_LIMIT} levels deep here");
        return checker.error("too-deep", at, message, "let a segment hold a part of them");
    }
    match condition {
        Condition::Tenant(tenants) => check_tenants(checker, tenants, at.key("tenant")),
        Condition::Region(regions) => check_regions(checker, regions, at.key("region")),
        Condition::Segment(segments) => check_segments(checker, segments, at.key("segment")),
        Condition::All(conditions) => check_within(checker, conditions, at.key("all"), depth),
        Condition::Any(conditions) => check_within(checker, conditions, at.key("any"), depth),
        Condition::Not(condition) => check(checker, condition, at.key("not"), depth + 1),
        Condition::Attribute { attribute, test } => {
            if attribute.trim().is_empty() {
                checker.error(
                    "empty-text",
                    at.key("attribute"),
                    "the text is empty",
                    "name the attribute that is tested",
                );
            }
            check_test(checker, test, at.key("values"));
        }
    }
}

const LIST_HELP: &str = "name at least one, or take the condition away";

pub(super) fn check_tenants(checker: &mut Checker<'_>, tenants: &[TenantId], at: At<'_>) {
    checker.not_empty(tenants.is_empty(), at, "the list of tenants", LIST_HELP);
    for (index, tenant) in tenants.iter().enumerate() {
        if let Some(near) = checker.known.tenant_near(tenant) {
            let message = format!("tenant `{tenant}` is not declared, but `{near}` is");
            let diagnostic = Diagnostic::warning("tenant-near-miss", at.index(index).pointer(), message)
                .help(format!("write `{near}` if it is meant, or declare `{}`", tenant));
            checker.report(diagnostic);
        }
    }
}

pub(super) fn check_regions(checker: &mut Checker<'_>, regions: &[RegionKey], at: At<'_>) {
    checker.not_empty(regions.is_empty(), at, "the list of regions", LIST_HELP);
    for (index, region) in regions.iter().enumerate() {
        if !checker.known.regions.contains(region.as_str()) && !checker.broken.touches("/regions") {
            let help = checker.known.region_help(region.as_str());
            let help = help.or_else(|| Some("declare it in `regions`".to_owned()));
            checker.unknown("unknown-region", at.index(index), format!("there is no region `{region}`"), help);
        }
    }
}

pub(super) fn check_segments(checker: &mut Checker<'_>, segments: &[SegmentKey], at: At<'_>) {
    checker.not_empty(segments.is_empty(), at, "the list of segments", LIST_HELP);
    for (index, segment) in segments.iter().enumerate() {
        if !checker.known.segments.contains_key(segment.as_str()) && !checker.broken.covers("/segments") {
            let help = checker.known.segment_help(segment.as_str());
            let help = help.or_else(|| Some("declare it in `segments`".to_owned()));
            checker.unknown("unknown-segment", at.index(index), format!("there is no segment `{segment}`"), help);
        }
    }
}

fn check_test(checker: &mut Checker<'_>, test: &Test, at: At<'_>) {
    match test {
        Test::In(values) | Test::NotIn(values) => {
            checker.not_empty(values.is_empty(), at, "`values`", LIST_HELP);
            for (index, value) in values.iter().enumerate() {
                if let Scalar::Number(number) = value {
                    check_number(checker, *number, at.index(index));
                }
            }
        }
        Test::Contains(values) | Test::StartsWith(values) | Test::EndsWith(values) => {
            checker.not_empty(values.is_empty(), at, "`values`", LIST_HELP);
            for (index, _) in values.iter().enumerate().filter(|(_, value)| value.is_empty()) {
                let help = "the empty text is in every text: use `exists` to ask whether there is one";
                checker.error("empty-text", at.index(index), "the text is empty", help);
            }
        }
        Test::Matches(patterns) => each(checker, patterns, at, "bad-pattern", |checker, pattern| {
            checker.patterns.check(pattern).err().map(|error| (error.message, error.help))
        }),
        Test::Semver(ranges) => each(checker, ranges, at, "bad-version-range", |_, range| {
            version::parse_range(range).err().map(|error| (error.message, error.help))
        }),
        Test::IpIn(blocks) => each(checker, blocks, at, "bad-block", |_, block| {
            ip::parse_block(block).err().map(|error| (error.message, error.help))
        }),
        Test::Exists => {}
        Test::Lt(number) | Test::Le(number) | Test::Gt(number) | Test::Ge(number) => {
            check_number(checker, *number, at.index(0));
        }
        Test::Between(low, high) => {
            check_number(checker, *low, at.index(0));
            check_number(checker, *high, at.index(1));
            if low >= high {
                let message = format!("`between` needs low < high, but `{low}` is not below `{high}`");
                checker.error("bad-bounds", at, message, "the low bound is inside, the high one outside");
            }
        }
        Test::Before(value) | Test::After(value) => check_time(checker, value, at.index(0)),
    }
}

/// Each text by itself; `problem` gives message and help.
fn each(
    checker: &mut Checker<'_>,
    texts: &[String],
    at: At<'_>,
    code: &str,
    problem: impl Fn(&mut Checker<'_>, &str) -> Option<(String, String)>,
) {
    checker.not_empty(texts.is_empty(), at, "`values`", LIST_HELP);
    for (index, text) in texts.iter().enumerate() {
        if let Some((message, help)) = problem(checker, text) {
            checker.error(code, at.index(index), shortened_line(&message), help);
        }
    }
}

/// Messages are one line and not too long, whatever the user's text was.
fn shortened_line(message: &str) -> String {
    let mut short: String = message.chars().take(300).collect();
    if short.len() < message.len() {
        short.push('…');
    }
    if short.chars().any(char::is_control) { short.escape_debug().to_string() } else { short }
}

fn check_number(checker: &mut Checker<'_>, number: f64, at: At<'_>) {
    if !number.is_finite() {
        checker.error("number-out-of-range", at, "the number is out of range", "numbers are finite");
    }
}

fn check_time(checker: &mut Checker<'_>, value: &Scalar, at: At<'_>) {
    match value {
        Scalar::Text(text) => dates::check_time(checker, text, at),
        Scalar::Number(number) if time::from_number(*number).is_some() => {}
        Scalar::Number(number) => {
            let message = format!("`{}` is not a time", shortened(&number.to_string()));
            checker.error("bad-time", at, message, "write whole epoch milliseconds, or a time as text");
        }
        Scalar::Boolean(_) => checker.error("bad-time", at, "a boolean is not a time", dates::TIME_HELP),
    }
}
