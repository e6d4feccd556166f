use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, ago, kind_word, percent};
use downhaul_control::api::{IgnoredOutcomes, OutcomePage, OutcomeView, Trust};

/// Longest time that the server keeps outcomes, in seconds.
const LONGEST: u32 = 900;

/// Show how what flags decide of went, as clients tell: ok and failed, by flag and variant
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Applications count outcomes with `downhaul/outcomes`; a release's recovery metric or a rollout's gate asks for them as `outcomes of FLAG over 60s`.\nExample: downhaul outcomes checkout-v2 --last 2m"
)]
pub(crate) struct Args {
    /// Of this flag alone
    #[arg(value_name = "FLAG")]
    flag: Option<String>,
    /// How far to look back, such as 90s or 5m; at most 15m
    #[arg(long, value_name = "TIME", value_parser = seconds, default_value = "5m")]
    last: u32,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let mut query = vec![("seconds", args.last.to_string())];
    query.extend(args.flag.iter().map(|flag| ("flag", flag.clone())));
    let page: OutcomePage = block_on(control.get(&["outcomes"], &query))?;
    if output.format == Format::Json {
        output.json(&page)?;
        return Ok(Exit::Done);
    }
    if !page.outcomes.is_empty() {
        table(&page.outcomes).print(output)?;
    }
    notes(&page, args, control.environment()).into_iter().for_each(|note| output.note(note));
    Ok(Exit::Done)
}

fn table(outcomes: &[OutcomeView]) -> Table {
    let mut table = Table::new(&["FLAG", "VARIANT", "TOLD BY", "OK", "FAILED", "SHARE", "LAST"]);
    for view in outcomes {
        table.row([
            view.flag.clone(),
            view.variant.clone(),
            kind_word(view.kind).to_owned(),
            view.ok.to_string(),
            view.failed.to_string(),
            percent(whole(view.failed), whole(view.ok.saturating_add(view.failed))),
            ago(view.last_seconds.saturating_mul(1000)),
        ]);
    }
    table
}

/// How far what is shown can be relied on.
fn notes(page: &OutcomePage, args: &Args, environment: &str) -> Vec<String> {
    let last = time(page.seconds);
    let of = args.flag.as_ref().map(|flag| format!(" of `{flag}`")).unwrap_or_default();
    let mut notes = vec![match page.outcomes.is_empty() {
        true => format!(
            "no data: no client told of an outcome{of} within the last {last} in {environment}; applications count them with `downhaul/outcomes`"
        ),
        false => format!("outcomes{of} of the last {last} in {environment}"),
    }];
    if page.listening_seconds < u64::from(page.seconds) {
        notes.push(format!("the server began {} s ago, and counts do not outlive it", page.listening_seconds));
    }
    if page.outcomes.iter().any(|view| view.trust == Trust::Claimed) {
        notes.push(
            "what browsers tell, anybody with their key can claim: metrics count it only `with browsers`".to_owned(),
        );
    }
    let IgnoredOutcomes { unknown, repeated: _, late, limited } = page.ignored;
    let passed = [
        (unknown, "of unknown flags or variants"),
        (late, "older than 15 min"),
        (limited, "beyond what one instance or address may tell"),
    ];
    let passed: Vec<String> =
        passed.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !passed.is_empty() {
        notes.push(format!("passed over since the server began: {}", passed.join(", ")));
    }
    notes
}

fn whole(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// `90 s`, `5 min`
fn time(seconds: u32) -> String {
    if seconds.is_multiple_of(60) { format!("{} min", seconds / 60) } else { format!("{seconds} s") }
}

fn seconds(text: &str) -> Result<u32, String> {
    let (digits, unit) = match (text.strip_suffix('s'), text.strip_suffix('m')) {
        (Some(digits), _) => (digits, 1),
        (_, Some(digits)) => (digits, 60),
        _ => ("", 1),
    };
    let seconds = digits.parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
    match seconds {
        Some(seconds @ 1..=LONGEST) => Ok(seconds),
        Some(_) => Err("outcomes are kept for 15 minutes: ask for 1s to 15m".to_owned()),
        None => Err("write seconds as `90s`, minutes as `5m`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(["90s", "5m", "15m", "1s"].map(seconds), [Ok(90), Ok(300), Ok(900), Ok(1)]);
        for bad in ["", "s", "5", "0s", "16m", "901s", "-1s", "5h", "99999999999m"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert_eq!([time(90), time(300)], ["90 s", "5 min"]);
    }
}
