use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_blast::plan::Kept;
use downhaul_control::api::{ChangeDetail, Edit};
use owo_colors::OwoColorize;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The change to show
    #[arg(value_name = "REVISION", value_parser = clap::value_parser!(u64).range(1..))]
    revision: u64,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let detail: ChangeDetail = block_on(control.get(&["chart", &args.revision.to_string()], &[]))?;
    if output.format == Format::Json {
        output.json(&detail)?;
        return Ok(Exit::Done);
    }
    let change = &detail.change;
    let actor = change.actor_name.as_deref().map(|name| format!("{name} ({})", change.actor));
    let line = |name: &str, text: &str| output.line(format!("{name:<9} {text}"));
    output.line(format!("revision {}: {}", change.revision, change.summary))?;
    line("at:", &change.at)?;
    line("actor:", &actor.unwrap_or_else(|| change.actor.clone()))?;
    line("reason:", &change.reason)?;
    for (name, text) in [
        ("incident:", &change.incident),
        ("from:", &change.impact.from),
        ("to:", &change.impact.to),
        ("effect:", &change.impact.effect),
    ] {
        if let Some(text) = text {
            line(name, text)?;
        }
    }
    if !change.impact.also.is_empty() {
        line("also:", &change.impact.also.join(", "))?;
    }
    for each in &change.impact.moves {
        line("moves:", &super::moved(each))?;
    }
    if change.impact.more_moves > 0 {
        line("moves:", &format!("{} more", change.impact.more_moves))?;
    }
    if !change.impact.unknown.is_empty() {
        line("moves:", &format!("not known of {}", change.impact.unknown.join(", ")))?;
    }
    if let Some(budget) = &change.impact.budget {
        for finding in &budget.findings {
            let outcome = match finding.outcome {
                Kept::Within => "within",
                Kept::Over => "over",
                Kept::Unknown => "not known",
            };
            line("budget:", &format!("{outcome}: {}", finding.why))?;
        }
        if budget.more_findings > 0 {
            line("budget:", &format!("{} more limits", budget.more_findings))?;
        }
        if let Some(people) = &budget.population {
            line("budget:", &format!("judged by the population `{}` of {}", people.name, people.taken_at))?;
        }
    }
    if let Some(landed) = &change.landed {
        let approvers = match landed.approvers.as_slice() {
            [] => "nobody had to approve it".to_owned(),
            approvers => format!("approved by {}", approvers.join(", ")),
        };
        line("proposal:", &format!("{} of {}, {approvers}", landed.proposal, landed.author))?;
    }
    line("digest:", &change.impact.digest)?;
    line("prev:", &change.prev)?;
    line("hash:", &change.hash)?;
    detail.edits.iter().try_for_each(|edit| show(edit, output))?;
    Ok(Exit::Done)
}

fn show(edit: &Edit, output: &Output) -> Result<(), Failure> {
    output.line("")?;
    let subject = if edit.key.is_empty() { edit.what.clone() } else { format!("{} `{}`", edit.what, edit.key) };
    output.line(if output.format == Format::Human { subject.bold().to_string() } else { subject })?;
    for word in &edit.words {
        output.line(format!("  {word}"))?;
    }
    let (before, after) = (lines(edit.before.as_ref()), lines(edit.after.as_ref()));
    for change in TextDiff::from_lines(&before, &after).iter_all_changes() {
        let text = change.value().trim_end_matches('\n');
        let is_human = output.format == Format::Human;
        output.line(match change.tag() {
            ChangeTag::Equal => format!("    {text}"),
            ChangeTag::Delete if is_human => format!("  - {text}").red().to_string(),
            ChangeTag::Delete => format!("  - {text}"),
            ChangeTag::Insert if is_human => format!("  + {text}").green().to_string(),
            ChangeTag::Insert => format!("  + {text}"),
        })?;
    }
    Ok(())
}

/// A definition, one member a line.
fn lines(definition: Option<&Value>) -> String {
    let text = definition.and_then(|definition| serde_json::to_string_pretty(definition).ok());
    text.map(|text| text + "\n").unwrap_or_default()
}
