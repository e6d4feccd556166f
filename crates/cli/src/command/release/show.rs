use crate::command::kill::fix_words;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_control::api::{LastDrill, ReleaseView};
use downhaul_control::release::{Artifact, Release, read};
use downhaul_core::document::Reversibility;
use owo_colors::OwoColorize;

/// Show a release on one screen: artifact, flags, the metric that proves recovery, and the steps back
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Key of the release
    #[arg(value_name = "RELEASE")]
    release: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let view: ReleaseView = block_on(control.get(&["releases", &args.release], &[]))?;
    if output.format == Format::Json {
        output.json(&view)?;
    } else {
        show(&view, output)?;
    }
    Ok(Exit::Done)
}

/// The facts first, then what a rollback would do.
pub(crate) fn show(view: &ReleaseView, output: &Output) -> Result<(), Failure> {
    let release = read::of_json(&view.release).map_err(|problem| {
        Failure::could_not_run("answer-malformed", format!("cannot read the release: {problem}"))
            .help("the control plane and this command line may be of different versions")
    })?;
    for (name, value) in facts(&release, view) {
        output.line(match output.format {
            Format::Human => format!("{} {value}", format!("{name:<10}").dimmed()),
            Format::Plain | Format::Json => format!("{name}: {value}"),
        })?;
    }
    steps(view, output)
}

/// The kill order and the steps, as a rollback carries them out.
pub(crate) fn steps(view: &ReleaseView, output: &Output) -> Result<(), Failure> {
    if output.format == Format::Human {
        output.line("")?;
        output.line(format!("{}", "the way back".bold()))?;
    }
    for (number, step) in view.steps.iter().enumerate() {
        let expect = if step.expect.is_empty() { String::new() } else { format!("; expect: {}", step.expect) };
        output.line(format!("{:>3}. {} (at most {} s{expect})", number + 1, step.what, step.limit_seconds))?;
    }
    for each in &view.one_way {
        let fix = fix_words(&each.fix);
        output.line(format!("     `{}` is forward-fix-only: {}; forward fix: {fix}", each.flag, each.why))?;
    }
    for kill in &view.kill_order {
        let also =
            if kill.also.is_empty() { String::new() } else { format!("; degrades too: {}", kill.also.join(", ")) };
        output.line(format!("     without `{}`: {}{also}", kill.flag, kill.effect))?;
    }
    Ok(())
}

fn facts(release: &Release, view: &ReleaseView) -> Vec<(&'static str, String)> {
    let artifact = |artifact: &Artifact| format!("{} {}", artifact.reference, artifact.digest);
    let mut facts = vec![("release", release.key.to_string())];
    if !release.description.is_empty() {
        facts.push(("brings", release.description.clone()));
    }
    facts.push(("artifact", artifact(&release.artifact)));
    facts.push(("previous", release.previous.as_ref().map_or("none".to_owned(), artifact)));
    let flags: Vec<String> = view.kill_order.iter().map(|kill| kill.flag.clone()).collect();
    facts.push(("flags", if flags.is_empty() { "none".to_owned() } else { flags.join(", then ") }));
    if release.recovery.is_empty() {
        facts.push(("recovery", "nothing proves it".to_owned()));
    }
    for metric in &release.recovery {
        let words = format!("{}: {} {} for {} s", metric.name, metric.query, metric.condition, metric.for_seconds);
        facts.push(("recovery", words));
    }
    facts.push(("objective", format!("{} s", release.objective_seconds)));
    facts.push((
        "going back",
        match (release.reversibility, &release.forward_fix) {
            (Reversibility::RollbackSafe, _) => "is enough".to_owned(),
            (Reversibility::ForwardFixOnly, Some(fix)) => format!("is not enough; forward fix: {fix}"),
            (Reversibility::ForwardFixOnly, None) => "is not enough".to_owned(),
        },
    ));
    let owner = if release.owner.is_empty() { "nobody" } else { &release.owner };
    let contact = release.escalation.as_ref().map(|escalation| {
        let who = if escalation.contact.is_empty() { &escalation.target } else { &escalation.contact };
        format!("; escalates to {who}")
    });
    facts.push(("owner", format!("{owner}{}", contact.unwrap_or_default())));
    let words = |drill: &LastDrill| format!("{} by {} ({})", drill.at, drill.by, drill.run);
    facts.push(("last drill", view.summary.last_drill.as_ref().map_or("never".to_owned(), words)));
    match &view.summary.last_independent_drill {
        Some(drill) if view.summary.last_drill.as_ref() == Some(drill) => {}
        Some(drill) => facts.push(("by others", words(drill))),
        None if view.summary.last_drill.is_some() => facts.push(("by others", "never".to_owned())),
        None => {}
    }
    if let Some(run) = &view.summary.running {
        facts.push(("running", format!("{run}; follow it with `downhaul runs follow {run}`")));
    }
    facts
}
