use crate::decide::unknown;
use crate::state::State;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{ClientKind, Flag};
use downhaul_core::ids::{FlagKey, VariantKey};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// How far a metric may look back, in seconds: a heartbeat at least.
const SECONDS: RangeInclusive<u32> = 15..=900;

/// The share of outcomes that failed, from 0 to 1: `outcomes of checkout-v2=off over 60s with browsers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeMetric {
    pub flag: FlagKey,
    /// Of this variant alone.
    pub variant: Option<VariantKey>,
    /// How far it looks back.
    pub seconds: u32,
    /// Whether what browsers claim counts, too.
    pub browsers: bool,
}

/// The text begins as a metric of outcomes, and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no metric of outcomes")]
pub struct NotAnOutcomeMetric(String);

impl OutcomeMetric {
    /// The metric that a query names; `None` where it is a query of something else, such as PromQL, which has no such words.
    pub fn of_query(query: &str) -> Option<Result<OutcomeMetric, NotAnOutcomeMetric>> {
        let begins = query.split_whitespace().take(2).eq(["outcomes", "of"]);
        begins.then(|| query.parse())
    }

    /// `checkout-v2=off`
    pub fn named(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{}={variant}", self.flag),
            None => self.flag.to_string(),
        }
    }
}

/// What is wrong with a query, whatever the environment; of what is no metric of outcomes nothing is said.
pub(crate) fn malformed(pointer: &str, query: &str) -> Option<Diagnostic> {
    let Err(why) = OutcomeMetric::of_query(query)? else { return None };
    let (least, most) = (SECONDS.start(), SECONDS.end());
    let help = format!(
        "write `outcomes of FLAG over 60s`, or `FLAG=VARIANT` for one variant; from {least}s to {most}s; `with browsers` at its end where what they claim is to count"
    );
    Some(Diagnostic::error("malformed-metric", pointer, why.to_string()).help(help))
}

/// What is wrong with a query in an environment: it could never have data.
pub(crate) fn misplaced(state: &State, pointer: &str, query: &str) -> Option<Diagnostic> {
    let metric = OutcomeMetric::of_query(query)?.ok()?;
    let key = metric.flag.as_str();
    if let Some(date) = state.flag_set.retired.get(&metric.flag) {
        let message = format!("the flag `{key}` was retired on {date}");
        let help = "no client is given it any more: name another flag";
        return Some(Diagnostic::error("unknown-flag", pointer, message).help(help));
    }
    let Some(flag) = state.flag_set.flag(key) else {
        let refusal = unknown("flag", key, state.flag_set.flags.iter().map(|flag| flag.key.as_str()));
        return Some(Diagnostic::error("unknown-flag", pointer, refusal.message).help(refusal.help));
    };
    unknown_variant(pointer, &metric, flag).or_else(|| counts_nobody(pointer, &metric, flag))
}

fn unknown_variant(pointer: &str, metric: &OutcomeMetric, flag: &Flag) -> Option<Diagnostic> {
    let variant = metric.variant.as_ref().filter(|variant| flag.variant_index(variant).is_none())?;
    let known: Vec<String> = flag.variants.iter().map(|(variant, _)| format!("`{variant}`")).collect();
    let message = format!("`{}` has no variant `{variant}`", flag.key);
    Some(Diagnostic::error("unknown-variant", pointer, message).help(format!("it has {}", known.join(", "))))
}

fn counts_nobody(pointer: &str, metric: &OutcomeMetric, flag: &Flag) -> Option<Diagnostic> {
    if metric.browsers || flag.clients.iter().any(|kind| *kind != ClientKind::Browser) {
        return None;
    }
    let message = format!("only browsers are given `{}`, and what they claim does not count", flag.key);
    let help = "write `with browsers` at its end to rest on what anybody with their key can claim, or let a server have the flag, too";
    Some(Diagnostic::error("counts-nobody", pointer, message).help(help))
}

impl FromStr for OutcomeMetric {
    type Err = NotAnOutcomeMetric;

    fn from_str(text: &str) -> Result<OutcomeMetric, NotAnOutcomeMetric> {
        let refused = || NotAnOutcomeMetric(text.chars().filter(|c| !c.is_control()).take(200).collect());
        let words: Vec<&str> = text.split_whitespace().collect();
        let (named, seconds, browsers) = match words.as_slice() {
            ["outcomes", "of", named, "over", seconds] => (*named, *seconds, false),
            ["outcomes", "of", named, "over", seconds, "with", "browsers"] => (*named, *seconds, true),
            _ => return Err(refused()),
        };
        let (flag, variant) = match named.split_once('=') {
            Some((flag, variant)) => (flag, Some(variant.parse().map_err(|_| refused())?)),
            None => (named, None),
        };
        let digits = seconds.strip_suffix('s').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let seconds: u32 = digits.and_then(|digits| digits.parse().ok()).ok_or_else(refused)?;
        if !SECONDS.contains(&seconds) {
            return Err(refused());
        }
        Ok(OutcomeMetric { flag: flag.parse().map_err(|_| refused())?, variant, seconds, browsers })
    }
}

impl fmt::Display for OutcomeMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "outcomes of {} over {}s", self.named(), self.seconds)?;
        f.write_str(if self.browsers { " with browsers" } else { "" })
    }
}
