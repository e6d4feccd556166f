use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted};
use downhaul_control::api::{ChangeDetail, GuardPage, GuardReplay, GuardView};
use downhaul_control::guards::{GuardEvidence, GuardRecord};
use downhaul_core::document::Guard;

/// Show what the guards of flags say, replay them on the past, and decide again what they decided
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    List(ListArgs),
    Show(ShowArgs),
    Replay(ReplayArgs),
    Verify(VerifyArgs),
}

/// List guards and how each stands; ends with 4 if one found harm
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Of this flag alone
    #[arg(value_name = "FLAG")]
    flag: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Show a guard: what it watches, the counts and the evidence, and what it did
#[derive(Debug, clap::Args)]
struct ShowArgs {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    server: ServerArgs,
}

/// Judge what is kept of the past as a guard would have: whether it would have fired, when, and on what evidence
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Ends with exit status 4 if the guard would have fired.\nExample: downhaul guards replay checkout-v2 errors --from 2026-11-26T12:00:00Z"
)]
struct ReplayArgs {
    #[command(flatten)]
    named: Named,
    /// From this time on, RFC 3339; since when the guard watches unless given
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to this time; the newest closed bucket unless given
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Decide again, here and from the chart alone, what a guard decided at a revision
#[derive(Debug, clap::Args)]
#[command(after_help = "Ends with exit status 3 if the counts do not bear out what the guard did.")]
struct VerifyArgs {
    /// The revision at which the guard acted
    #[arg(value_name = "REVISION")]
    revision: u64,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Named {
    #[arg(value_name = "FLAG")]
    flag: String,
    /// The name of the guard
    #[arg(value_name = "GUARD")]
    guard: String,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::List(args) => list(args, output),
        Part::Show(args) => show(args, output),
        Part::Replay(args) => replay(args, output),
        Part::Verify(args) => verify(args, output),
    }
}

fn list(args: &ListArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let query: Vec<_> = args.flag.iter().map(|flag| ("flag", flag.clone())).collect();
    let page: GuardPage = block_on(control.get(&["guards"], &query))?;
    if output.format == Format::Json {
        output.json(&page)?;
    } else {
        let mut table = Table::new(&["FLAG", "GUARD", "WATCHES", "DOES", "STANDING", "EVIDENCE", "FAILED"]);
        for guard in &page.guards {
            table.row(row(guard));
        }
        if !page.guards.is_empty() {
            table.print(output)?;
        }
        output.note(format!("{} in {}", counted(page.guards.len(), "guard"), control.environment()));
    }
    let found = page.guards.iter().any(|guard| is_harm(&guard.judged.standing));
    Ok(if found { Exit::NotGood } else { Exit::Done })
}

fn row(guard: &GuardView) -> [String; 7] {
    let judged = &guard.judged;
    let against = guard.against.clone().unwrap_or_else(|| "an objective".to_owned());
    [
        guard.flag.clone(),
        guard.name.clone(),
        watches(guard, &against),
        if guard.dry_run { format!("{} (dry run)", guard.action) } else { guard.action.clone() },
        judged.standing.clone(),
        judged.evidence.clone(),
        if guard.metric == Guard::EXPOSURES {
            String::new()
        } else {
            format!("{}/{}, {}/{}", judged.failed, judged.units, judged.control_failed, judged.control_units)
        },
    ]
}

fn watches(guard: &GuardView, against: &str) -> String {
    if guard.metric == Guard::EXPOSURES {
        "sizes of the arms".to_owned()
    } else {
        format!("{} of {} against {against}", guard.metric, guard.variant)
    }
}

fn show(args: &ShowArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let Named { flag, guard } = &args.named;
    let page: GuardPage = block_on(control.get(&["guards"], &[("flag", flag.clone())]))?;
    let Some(found) = page.guards.iter().find(|each| each.name == *guard) else {
        let names: Vec<_> = page.guards.iter().map(|each| format!("`{}`", each.name)).collect();
        let failure = Failure::refused("unknown-guard", format!("the flag `{flag}` has no guard `{guard}`"));
        return Err(failure.help(match names.is_empty() {
            true => "it has none; docs/guide/guards.md shows how one is written".to_owned(),
            false => format!("it has {}", names.join(", ")),
        }));
    };
    if output.format == Format::Json {
        output.json(found)?;
        return Ok(standing(&found.judged.standing));
    }
    let judged = &found.judged;
    output.line(&judged.words)?;
    output.line(format!(
        "watches {} of `{}` since {}, {} of {} s, to {}",
        found.metric,
        found.variant,
        found.since,
        counted(judged.buckets, "bucket"),
        found.bucket_seconds,
        judged.until
    ))?;
    output.line(format!(
        "{}{}, at a level of {}: {}; {} told by {}",
        found.role,
        if found.dry_run { " on a dry run" } else { "" },
        found.level,
        found.action,
        if found.metric == Guard::EXPOSURES { "units were" } else { "failures were" },
        counted(judged.instances, "instance")
    ))?;
    if let Some(slow) = judged.slow_us {
        #[expect(clippy::cast_precision_loss, reason = "a time to read")]
        let ms = slow as f64 / 1000.0;
        output.line(format!("slow is what takes {ms:.1} ms or longer, by what the other variant took before"))?;
    }
    if !judged.arms.is_empty() {
        let mut table = Table::new(&["ARM", "SHOULD BE", "UNITS"]);
        for arm in &judged.arms {
            table.row([arm.variant.clone(), format!("{:.3} %", arm.share * 100.0), arm.units.to_string()]);
        }
        table.print(output)?;
    }
    if let Some(acted) = &found.acted {
        output.line(format!("{} at revision {}, {}: {}", acted.action, acted.revision, acted.at, acted.reason))?;
        output.note(format!("`downhaul guards verify {}` decides it again", acted.revision));
    }
    Ok(standing(&judged.standing))
}

fn replay(args: &ReplayArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let mut query = vec![("flag", args.named.flag.clone()), ("guard", args.named.guard.clone())];
    query.extend(args.from.iter().map(|from| ("from", from.clone())));
    query.extend(args.to.iter().map(|to| ("to", to.clone())));
    let replay: GuardReplay = block_on(control.get(&["guards", "replay"], &query))?;
    if output.format == Format::Json {
        output.json(&replay)?;
    } else {
        let judged = &replay.judged;
        let words = judged.words.replacen("fires at", "would have fired at", 1);
        output.line(words)?;
        output.note(format!(
            "{} of {} s from {} to {}",
            counted(judged.buckets, "bucket"),
            replay.bucket_seconds,
            replay.from,
            judged.until
        ));
    }
    Ok(if replay.fired { Exit::NotGood } else { Exit::Done })
}

fn verify(args: &VerifyArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let revision = args.revision.to_string();
    let detail: ChangeDetail = block_on(control.get(&["chart", &revision], &[]))?;
    let Some(evidence) = detail.change.record.get("evidence") else {
        let failure = Failure::refused("no-evidence", format!("revision {revision} was not made by a guard"));
        return Err(failure.help("`downhaul guards list` says what guards did, and at which revision"));
    };
    let invalid = |why: String| Failure::invalid("evidence-differs", why);
    let evidence: GuardEvidence = serde_json::from_value(evidence.clone()).map_err(|why| invalid(why.to_string()))?;
    evidence.check().map_err(invalid)?;
    if output.format == Format::Json {
        output.json(&evidence)?;
        return Ok(Exit::Done);
    }
    let (from, of) = match &evidence.record {
        GuardRecord::Counts(record) => (counted(record.seen.len(), "bucket"), "evidence of harm"),
        GuardRecord::Arms(arms) => (
            format!("the units of {}", counted(arms.instances.len(), "instance")),
            "evidence that the arms are not as the split says",
        ),
        GuardRecord::Quorum(quorum) => {
            (format!("what {} told", counted(usize::try_from(quorum.heard).unwrap_or(0), "instance")), "breakers open")
        }
    };
    output.line(format!(
        "guard `{}` of `{}` decides the same again from {from} since {}: {of} {}",
        evidence.guard, evidence.flag, evidence.from, evidence.odds
    ))?;
    Ok(Exit::Done)
}

fn standing(standing: &str) -> Exit {
    if is_harm(standing) { Exit::NotGood } else { Exit::Done }
}

fn is_harm(standing: &str) -> bool {
    matches!(standing, "harmful" | "crashing" | "sample-ratio-mismatch")
}
