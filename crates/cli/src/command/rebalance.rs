use crate::exit::{Exit, Failure};
use crate::input::document;
use crate::render::{Format, Output, to_json};
use downhaul_core::document::{Flag, Outcome, Rule, Slice, Split};
use downhaul_core::ids::VariantKey;
use downhaul_core::rebalance::rebalance;
use serde_json::json;
use std::path::PathBuf;
use std::str::FromStr;

/// Buckets of a whole split.
const WHOLE: u32 = 100_000;

/// Print the slices that give a split new weights and move as few people as possible
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: downhaul rebalance flags.json --flag checkout-v2 --to on=50% --to off=50%")]
pub(crate) struct Args {
    /// Files or folders of a flag set (.json .yaml .yml); `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The flag whose split it is
    #[arg(long, value_name = "KEY")]
    flag: String,
    /// Index (from 0) or name of the rule; may be left out where one rule splits
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// A variant's new weight, such as `on=25%`, or in hundred-thousandths `on=25000` (repeatable)
    #[arg(long = "to", required = true, value_name = "VARIANT=WEIGHT")]
    weights: Vec<Weight>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Weight {
    variant: String,
    width: u32,
}

impl FromStr for Weight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "write it as `variant=25%`, at most three digits after the point, or as `variant=25000`".to_owned();
        let (variant, weight) = text.rsplit_once('=').ok_or_else(wrong)?;
        let width = match weight.strip_suffix('%') {
            Some(percent) => thousandths(percent.trim()),
            None => weight.parse().ok(),
        };
        let width = width.filter(|width| *width <= WHOLE).ok_or_else(wrong)?;
        Ok(Weight { variant: variant.to_owned(), width })
    }
}

/// `12.5` as 12 500, without going through a float.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || fraction.len() > 3 {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    let fraction: u32 = format!("{fraction:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(fraction)
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let loaded = document::load(&args.paths)?;
    let flag = document::flag(loaded.valid.document(), &args.flag)?;
    let split = find_split(flag, args.rule.as_deref())?;
    let slices = rebalance(&split.slices, &target(flag, &args.weights)?);
    let moved = moved_buckets(&split.slices, &slices);
    match output.format {
        Format::Json => output.json(&json!({ "flag": flag.key, "slices": slices, "moved": moved }))?,
        Format::Human | Format::Plain => {
            output.line(to_json(&slices)?)?;
            let (whole, part) = (moved / 1000, moved % 1000);
            output.note(format!("{whole}.{part:03} % of bucketing units change their variant"));
        }
    }
    Ok(Exit::Done)
}

fn target(flag: &Flag, weights: &[Weight]) -> Result<Vec<(VariantKey, u32)>, Failure> {
    let mut target = Vec::new();
    let mut total = 0;
    for weight in weights {
        let Some((key, _)) = flag.variants.iter().find(|(key, _)| key.as_str() == weight.variant) else {
            let known: Vec<&str> = flag.variants.iter().map(|(key, _)| key.as_str()).collect();
            return Err(Failure::refused(
                "unknown-variant",
                format!("`{}` has no variant `{}`", flag.key, weight.variant),
            )
            .help(format!("its variants are {}", known.join(", "))));
        };
        total += weight.width;
        target.push((key.clone(), weight.width));
    }
    if total > WHOLE {
        return Err(Failure::refused("too-wide", "the weights sum to more than 100 %").help("lower one of them"));
    }
    Ok(target)
}

fn find_split<'a>(flag: &'a Flag, wanted: Option<&str>) -> Result<&'a Split, Failure> {
    let splits: Vec<(usize, &Rule, &Split)> = flag
        .rules
        .iter()
        .enumerate()
        .filter_map(|(index, rule)| match &rule.then {
            Outcome::Split(split) => Some((index, rule, split)),
            Outcome::Serve(_) => None,
        })
        .collect();
    let is_wanted = |(index, rule, _): &&(usize, &Rule, &Split)| match wanted {
        Some(wanted) => rule.name.as_deref() == Some(wanted) || index.to_string() == wanted,
        None => true,
    };
    let found: Vec<&Split> = splits.iter().filter(is_wanted).map(|(_, _, split)| *split).collect();
    match found.as_slice() {
        [split] => Ok(split),
        [] if splits.is_empty() => Err(Failure::refused("no-split", format!("no rule of `{}` splits", flag.key))),
        _ => {
            let names: Vec<String> = splits
                .iter()
                .map(|(index, rule, _)| match &rule.name {
                    Some(name) => format!("{index} (`{name}`)"),
                    None => index.to_string(),
                })
                .collect();
            Err(Failure::refused("which-split", format!("which rule of `{}` is meant is not clear", flag.key))
                .help(format!("name one with `--rule`: {}", names.join(", "))))
        }
    }
}

/// Buckets, of 100 000, whose variant differs.
fn moved_buckets(before: &[Slice], after: &[Slice]) -> usize {
    let variants = |slices: &[Slice]| -> Vec<Option<VariantKey>> {
        let covered =
            slices.iter().flat_map(|slice| std::iter::repeat_n(Some(slice.variant.clone()), slice.width as usize));
        covered.chain(std::iter::repeat(None)).take(WHOLE as usize).collect()
    };
    variants(before).iter().zip(variants(after)).filter(|(before, after)| **before != *after).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights() {
        for (text, width) in [
            ("on=25%", 25_000),
            ("on=12.5%", 12_500),
            ("on=0.001%", 1),
            ("on=25000", 25_000),
            ("on=0", 0),
            ("on=100%", 100_000),
        ] {
            assert_eq!(text.parse(), Ok(Weight { variant: "on".to_owned(), width }), "{text}");
        }
        for text in
            ["on", "on=", "on=%", "on=101%", "on=100001", "on=-1%", "on=1.2345%", "on=1e3", "on=.5%", "on=9999999999%"]
        {
            assert!(text.parse::<Weight>().is_err(), "{text}");
        }
    }
}
