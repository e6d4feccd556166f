use super::fields::{At, Reader, shortened};
use super::tree::Node;
use crate::document::{Guard, GuardAction, GuardRole, PrometheusCounters, Quantile};
use crate::ids::VariantKey;

pub(crate) const ROLES: &[(&str, GuardRole)] = &[("guardrail", GuardRole::Guardrail), ("signal", GuardRole::Signal)];
pub(crate) const ACTIONS: &[(&str, GuardAction)] =
    &[("kill", GuardAction::Kill), ("step-back", GuardAction::StepBack), ("pause", GuardAction::Pause)];

pub(crate) const QUANTILES: &[(&str, Quantile)] =
    &[("p50", Quantile::P50), ("p90", Quantile::P90), ("p95", Quantile::P95), ("p99", Quantile::P99)];

pub(crate) const PROMETHEUS_FIELDS: &[&str] = &["all", "failed", "against_all", "against_failed"];
/// Longest selector, in bytes.
pub(crate) const SELECTOR: usize = 1000;

pub(crate) const FIELDS: &[&str] = &[
    "name",
    "metric",
    "per_exposure",
    "slower_than_ms",
    "slower_than",
    "prometheus",
    "browsers",
    "variant",
    "against",
    "objective",
    "relative",
    "absolute",
    "level",
    "role",
    "action",
    "dry_run",
    "least_failed",
    "least_instances",
];

/// Lowest and highest of each whole number.
pub(crate) const RANGES: &[(&str, u32, u32)] =
    &[("slower_than_ms", 1, 600_000), ("least_failed", 1, 100_000), ("least_instances", 1, 8)];

/// Lowest and highest of each other number.
pub(crate) const BOUNDS: &[(&str, f64, f64)] =
    &[("objective", 1e-9, 0.999_999), ("relative", 1.0, 10.0), ("absolute", 0.0, 0.5), ("level", 1e-9, 0.2)];

const NAME: usize = 64;
const WHAT: &str = "a guard";

pub(super) fn read_guards(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Vec<Guard> {
    let items = reader.list(node, at).iter().enumerate();
    items.map(|(index, item)| read_guard(reader, item, at.index(index))).collect()
}

pub(super) fn read_guard(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Guard {
    let mut guard = Guard::of(String::new(), VariantKey::stand_in());
    let Some(fields) = reader.fields(node, at, WHAT, FIELDS) else { return guard };
    if let Some(name) = reader
        .required(&fields, at, WHAT, "name", "give it a name, such as `\"name\": \"errors\"`")
        .and_then(|node| name(reader, node, at.key("name")))
    {
        guard.name = name;
    }
    guard.metric = fields.get("metric").and_then(|node| name(reader, node, at.key("metric")));
    if let Some(variant) = reader
        .required(&fields, at, WHAT, "variant", "name the variant that it watches")
        .and_then(|node| reader.name(node, at.key("variant"), "a variant"))
    {
        guard.variant = variant;
    }
    guard.against = fields.get("against").and_then(|node| reader.name(node, at.key("against"), "a variant"));
    guard.slower_than = fields.get("slower_than").and_then(|node| reader.word(node, at.key("slower_than"), QUANTILES));
    guard.prometheus = fields.get("prometheus").and_then(|node| prometheus(reader, node, at.key("prometheus")));
    guard.role = fields.get("role").and_then(|node| reader.word(node, at.key("role"), ROLES));
    guard.action = fields.get("action").and_then(|node| reader.word(node, at.key("action"), ACTIONS));
    for (key, place) in
        [("per_exposure", &mut guard.per_exposure), ("browsers", &mut guard.browsers), ("dry_run", &mut guard.dry_run)]
    {
        *place = fields.get(key).and_then(|node| reader.boolean(node, at.key(key)));
    }
    for (key, place) in [
        ("slower_than_ms", &mut guard.slower_than_ms),
        ("least_failed", &mut guard.least_failed),
        ("least_instances", &mut guard.least_instances),
    ] {
        *place = fields.get(key).and_then(|node| whole(reader, node, at.key(key), key));
    }
    for (key, place) in [
        ("objective", &mut guard.objective),
        ("relative", &mut guard.relative),
        ("absolute", &mut guard.absolute),
        ("level", &mut guard.level),
    ] {
        *place = fields.get(key).and_then(|node| number(reader, node, at.key(key), key));
    }
    guard
}

fn prometheus(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Option<PrometheusCounters> {
    const WHAT: &str = "a guard's `prometheus`";
    let fields = reader.fields(node, at, WHAT, PROMETHEUS_FIELDS)?;
    let help = "name a counter, such as `\"all\": \"http_requests_total{checkout=\\\"$variant\\\"}\"`";
    let all = reader.required(&fields, at, WHAT, "all", help);
    let all = all.and_then(|node| selector(reader, node, at.key("all")));
    let failed = reader.required(&fields, at, WHAT, "failed", help);
    let failed = failed.and_then(|node| selector(reader, node, at.key("failed")));
    let mut other = |key: &str| fields.get(key).and_then(|node| selector(reader, node, at.key(key)));
    let (against_all, against_failed) = (other("against_all"), other("against_failed"));
    Some(PrometheusCounters { all: all?, failed: failed?, against_all, against_failed })
}

/// A name, labels in braces, or both. Sums and rates of counters have forgotten which of them began anew.
fn selector(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Option<String> {
    let text = reader.text(node, at)?.trim();
    if is_selector(text) {
        return Some(text.to_owned());
    }
    let message = format!("`{}` is not a plain selector of counters", shortened(text));
    let help = format!(
        "write the counter itself, such as `errors_total{{variant=\"$variant\"}}`, without `sum`, `rate` or `increase`, in {SELECTOR} bytes; the server adds up what was counted itself"
    );
    reader.error("not-a-selector", node, at, message, Some(help));
    None
}

fn is_selector(text: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_:".contains(&byte);
    let name = text.bytes().take_while(|byte| is_of_name(*byte)).count();
    let begins = text.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    let rest = text.get(name..).unwrap_or_default().trim_start();
    if !begins || text.len() > SELECTOR || (rest.is_empty() && name == 0) {
        return false;
    }
    rest.is_empty() || is_braces(rest)
}

/// Whether a text is one pair of braces, to its end.
fn is_braces(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else { return false };
    let (mut quote, mut escaped) = (None, false);
    for char in inner.chars() {
        match (quote, char) {
            (Some(_), _) if escaped => escaped = false,
            (Some('"' | '\''), '\\') => escaped = true,
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(char),
            (None, '{' | '}' | '(' | ')' | '[' | ']') => return false,
            _ => {}
        }
    }
    quote.is_none()
}

/// As the names of outcomes are, which it may be.
fn name(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Option<String> {
    let text = reader.text(node, at)?;
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let begins = text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    if begins && text.len() <= NAME && text.bytes().all(is_part) {
        return Some(text.to_owned());
    }
    let message = format!("`{}` cannot be a name here", shortened(text));
    let help = "a letter, then letters, digits and `. _ -`, at most 64";
    reader.error("bad-name", node, at, message, Some(help.to_owned()));
    None
}

fn whole(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>, key: &str) -> Option<u32> {
    let (_, low, high) = RANGES.iter().find(|(name, ..)| *name == key)?;
    reader.within(node, at, *low, *high)
}

fn number(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>, key: &str) -> Option<f64> {
    let (_, low, high) = BOUNDS.iter().find(|(name, ..)| *name == key)?;
    let found = reader.number(node, at)?;
    let fits = (*low..=*high).contains(&found);
    if !fits {
        let (message, help) = match key {
            "objective" => (
                "expected a share above 0 and below 1".to_owned(),
                "the share that may fail: `0.01` is one in a hundred",
            ),
            "relative" => (
                "expected a factor from 1 to 10".to_owned(),
                "how many times as often it may fail: `1.1` is ten per cent more",
            ),
            "absolute" => (
                "expected a share from 0 to 0.5".to_owned(),
                "how much more often it may fail: `0.0005` is five more in 10 000",
            ),
            _ => (
                "expected a level from 0.000000001 to 0.2".to_owned(),
                "how likely a false alarm may be: `0.001` is one in a thousand guarded rollouts",
            ),
        };
        reader.error("number-out-of-range", node, at, message, Some(help.to_owned()));
    }
    fits.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::is_selector;

    #[test]
    fn selectors_are_plain() {
        for (text, is) in [
            ("errors_total", true),
            ("job:errors:total", true),
            (r#"errors_total{variant="$variant",code=~"5.."}"#, true),
            (r#"{__name__="errors_total"}"#, true),
            (r#"errors_total{path="/a(b)\"}[5m]"}"#, true),
            ("errors_total{v='}'}", true),
            ("errors_total{v=`\\`}", true),
            ("", false),
            ("5xx", false),
            ("sum(errors_total)", false),
            ("rate(errors_total[1m])", false),
            ("errors_total[1m]", false),
            ("a + b", false),
            ("a or b", false),
            (r#"a{b="c"} or d{e="f"}"#, false),
            (r#"a{b="c"} offset 5m"#, false),
            (r#"a{b="c}"#, false),
        ] {
            assert_eq!(is_selector(text), is, "{text}");
        }
    }
}
