mod words;

use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted};
use downhaul_control::api::{ProposalPage, ProposalStatus, ProposalSummary, ProposalView};

/// Show what is proposed, who approved it, and what is in its way
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// List the proposals that are open
    List(ListArgs),
    /// Show a proposal: whom it would move now, the approvals and which of them count, and conflicts
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Those that landed, were rejected or withdrawn too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Id of the proposal, such as `p-7`
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::List(args) => list(args, output),
        Part::Show(args) => {
            let control = ControlPlane::connect(&args.server)?;
            let view: ProposalView = block_on(control.get(&["proposals", &args.proposal], &[]))?;
            match output.format {
                Format::Json => output.json(&view)?,
                Format::Human | Format::Plain => {
                    words::whole(&view, output.format).iter().try_for_each(|line| output.line(line))?;
                }
            }
            Ok(Exit::Done)
        }
    }
}

fn list(args: &ListArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let mut page: ProposalPage = block_on(control.get(&["proposals"], &[]))?;
    if !args.all {
        page.proposals.retain(|proposal| proposal.status == ProposalStatus::Open);
    }
    if output.format == Format::Json {
        output.json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["PROPOSAL", "STATUS", "WHAT", "APPROVALS", "BY", "MADE", "REASON"]);
    for proposal in &page.proposals {
        let ProposalSummary { id, status, summary, approvals, made_at, reason, .. } = proposal;
        let by = words::name(&proposal.author, proposal.author_name.as_ref());
        let row = [id, status.as_str(), summary, &approvals.to_string(), by, made_at, reason];
        table.row(row.map(str::to_owned));
    }
    if !page.proposals.is_empty() {
        table.print(output)?;
    }
    let what = if args.all { "proposal" } else { "open proposal" };
    output.note(format!("{} in {}", counted(page.proposals.len(), what), control.environment()));
    Ok(Exit::Done)
}

/// What came of saying something about a proposal, in a few lines.
pub(super) fn proposed(view: &ProposalView, verb: &str, environment: &str, output: &Output) -> Result<Exit, Failure> {
    match output.format {
        Format::Json => output.json(view)?,
        Format::Human | Format::Plain => {
            let ProposalSummary { id, summary, .. } = &view.proposal;
            let at = format!("in {environment} (revision {})", view.position.revision);
            output.line(format!("{verb} {id} {at}: {summary}"))?;
            if let Some(now) = &view.now {
                output.line(words::approvals(now))?;
                words::conflicts(now).iter().try_for_each(|line| output.line(line))?;
                output.note(words::next(&view.proposal, now));
            }
        }
    }
    Ok(Exit::Done)
}

/// The command line that was typed, with `more`; without the token.
pub(super) fn named(arguments: impl Iterator<Item = String>, more: &[&str]) -> String {
    let mut words = vec!["downhaul".to_owned()];
    let mut is_token = false;
    for argument in arguments {
        if std::mem::take(&mut is_token) || argument.starts_with("--token=") {
            continue;
        }
        is_token = argument == "--token";
        if !is_token {
            words.push(quoted(&argument));
        }
    }
    words.extend(more.iter().map(|word| (*word).to_owned()));
    words.join(" ")
}

/// As a shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_read_back_by_a_shell_and_shows_no_token() {
        for (typed, shown) in [
            (vec!["retire", "a", "--reason", "two words"], "downhaul retire a --reason 'two words' --propose"),
            (vec!["retire", "a", "--reason", "it's"], r"downhaul retire a --reason 'it'\''s' --propose"),
            (vec!["--token", "secret", "retire", "a", "--reason="], "downhaul retire a --reason= --propose"),
            (vec!["retire", "--token=secret", "a", "--reason", ""], "downhaul retire a --reason '' --propose"),
        ] {
            assert_eq!(named(typed.into_iter().map(str::to_owned), &["--propose"]), shown);
        }
    }
}
