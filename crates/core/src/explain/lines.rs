//! The X-ray as lines of text.

use super::{ConditionTrace, RuleTrace, Step, Xray};
use std::fmt::{Display, Formatter, Result};

impl Display for Xray {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match (&self.variant, &self.value) {
            (Some(variant), Some(value)) => writeln!(f, "{} gives {variant} ({value}): {}", self.flag, self.reason)?,
            _ => writeln!(f, "{} is unknown: {}", self.flag, self.error_code.unwrap_or(self.reason))?,
        }
        if let Some(effect) = &self.effect {
            writeln!(f, "  which means: {effect}")?;
        }
        for step in &self.steps {
            match step {
                Step::Kill { id, scope, reason, held } => {
                    writeln!(f, "{} kill {id} ({scope}): {reason}", mark(Some(*held)))?;
                }
                Step::Override { cause } => writeln!(f, "{} held down by the client: {cause}", mark(Some(true)))?,
                Step::Prerequisite { flag, accepts, variant, reason, held } => {
                    let accepts = accepts.join(" or ");
                    writeln!(f, "{} requires {flag} to be {accepts}; it is {variant} ({reason})", mark(Some(*held)))?;
                }
                Step::Rule(rule) => write_rule(f, rule)?,
                Step::Default { variant } => writeln!(f, "{} default: {variant}", mark(Some(true)))?,
            }
        }
        Ok(())
    }
}

fn write_rule(f: &mut Formatter<'_>, rule: &RuleTrace) -> Result {
    let name = rule.name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
    let outcome = match (&rule.variant, rule.reached, &rule.split) {
        (Some(variant), _, _) => format!(" gives {variant}"),
        (None, false, _) => ": not reached".to_owned(),
        (None, true, Some(split)) if rule.held && split.unit.is_none() => {
            format!(": `{}` is no bucketing unit here, so the next rule is tried", split.by)
        }
        (None, true, Some(_)) if rule.held => ": no slice covers the bucket, so the next rule is tried".to_owned(),
        (None, true, _) => String::new(),
    };
    let held = rule.reached.then_some(rule.held && rule.variant.is_some());
    writeln!(f, "{} rule {}{name}{outcome}", mark(held), rule.index + 1)?;
    if rule.reached {
        for condition in &rule.conditions {
            write_condition(f, condition, 1)?;
        }
        if let Some(split) = rule.split.as_ref().filter(|_| rule.held) {
            if let (Some(unit), Some(bucket)) = (&split.unit, split.bucket) {
                writeln!(
                    f,
                    "    {} `{unit}` with salt `{}` falls into bucket {bucket} of 100000",
                    split.by, split.salt
                )?;
            }
            for (variant, from, to) in &split.slices {
                writeln!(f, "    {variant}: {from} to below {to}")?;
            }
        }
    }
    Ok(())
}

fn write_condition(f: &mut Formatter<'_>, condition: &ConditionTrace, depth: usize) -> Result {
    let why = condition.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    writeln!(f, "{:width$}{} {}{why}", "", mark(condition.held), condition.text, width = depth * 4)?;
    for inner in &condition.inner {
        write_condition(f, inner, depth + 1)?;
    }
    for segment in condition.segments.iter().filter(|segment| segment.held.is_some()) {
        let why = segment.why.unwrap_or_default();
        writeln!(f, "{:width$}{} {}: {why}", "", mark(segment.held), segment.segment, width = depth * 4 + 4)?;
        for inner in &segment.conditions {
            write_condition(f, inner, depth + 2)?;
        }
    }
    Ok(())
}

/// `+` held, `-` did not, `.` not looked at.
fn mark(held: Option<bool>) -> char {
    match held {
        Some(true) => '+',
        Some(false) => '-',
        None => '.',
    }
}
