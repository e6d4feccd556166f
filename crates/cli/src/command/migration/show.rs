use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted, grouped, kind_word};
use downhaul_control::api::{
    CallCounts, MigrationFleet, MigrationPage, MigrationView, MigrationWay, PhaseCounts, Trust,
};
use owo_colors::OwoColorize;

/// Show where data changes stand, what clients have counted, and what is in the way of the next step
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One of them, in full; all without it
    flag: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let Some(flag) = &args.flag else { return all(&control, output) };
    let view: MigrationView = block_on(control.get(&["migrations", flag], &[]))?;
    if output.format == Format::Json {
        output.json(&view)?;
    } else {
        one(&view, output)?;
    }
    Ok(Exit::Done)
}

fn all(control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    let page: MigrationPage = block_on(control.get(&["migrations"], &[]))?;
    if output.format == Format::Json {
        output.json(&page)?;
        return Ok(Exit::Done);
    }
    if page.migrations.is_empty() {
        output.note(format!("no flag of {} has a phase", control.environment()));
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["FLAG", "PHASE", "SERVING", "SINCE", "DIFFER", "NEXT"]);
    for view in &page.migrations {
        let differ: u64 =
            view.counts.iter().filter(|counts| counts.phase == view.phase).map(|counts| counts.mismatches).sum();
        table.row([
            view.flag.clone(),
            view.phase.name().to_owned(),
            view.serving.clone(),
            view.since.clone(),
            differ.to_string(),
            view.forward.as_ref().map_or_else(|| "-".to_owned(), way_words),
        ]);
    }
    table.print(output)?;
    Ok(Exit::Done)
}

/// One data change on one screen.
pub(super) fn one(view: &MigrationView, output: &Output) -> Result<(), Failure> {
    let came = view.came_from.map(|from| format!(", from {}", from.name())).unwrap_or_default();
    let mut facts = vec![
        ("flag", view.flag.clone()),
        ("phase", format!("{}: {}", view.phase.name(), view.does)),
        ("serving", view.serving.clone()),
        ("since", format!("{} by {} (`{}`, revision {}{came})", view.since, view.by, view.reason, view.revision)),
    ];
    let said = &view.evidence;
    for (name, text) in [
        ("backfilled", &said.backfilled),
        ("refilled", &said.refilled),
        ("accepted", &said.accepted),
        ("snapshot", &said.snapshot),
    ] {
        facts.extend(text.clone().map(|text| (name, text)));
    }
    if view.old_lacks {
        facts.push(("old shape", "was left alone, and lacks what was written meanwhile".to_owned()));
    }
    facts.push(("kill", view.kill.clone()));
    if !view.kills.is_empty() {
        facts.push(("killed by", view.kills.join(", ")));
    }
    facts.extend(view.forward_fix.clone().map(|fix| ("fix", fix)));
    for (name, value) in facts {
        output.line(match output.format {
            Format::Human => format!("{} {value}", format!("{name:<10}").dimmed()),
            Format::Plain | Format::Json => format!("{name}: {value}"),
        })?;
    }
    counts(&view.counts, output)?;
    clients(&view.fleet, output)?;
    ways(view, output)
}

fn heading(text: &str, output: &Output) -> Result<(), Failure> {
    if output.format != Format::Human {
        return Ok(());
    }
    output.line("")?;
    output.line(format!("{}", text.bold()))
}

fn counts(counts: &[PhaseCounts], output: &Output) -> Result<(), Failure> {
    if counts.is_empty() {
        return Ok(());
    }
    heading("counted since this server began", output)?;
    let mut table =
        Table::new(&["PHASE", "BY", "COMPARED", "DIFFER", "REFUSED", "READ OLD", "READ NEW", "WRITE OLD", "WRITE NEW"]);
    for each in counts {
        let by = match each.trust {
            Trust::Trusted => "trusted",
            Trust::Claimed => "claimed",
        };
        table.row([
            each.phase.name().to_owned(),
            by.to_owned(),
            count(each.compared),
            count(each.mismatches),
            count(each.refused),
            calls(each.read_old),
            calls(each.read_new),
            calls(each.write_old),
            calls(each.write_new),
        ]);
    }
    table.print(output)
}

fn count(count: u64) -> String {
    grouped(usize::try_from(count).unwrap_or(usize::MAX))
}

/// `1204, 2 failed, 3 ms each`
fn calls(calls: CallCounts) -> String {
    if calls.calls == 0 {
        return "-".to_owned();
    }
    let failed = if calls.errors == 0 { String::new() } else { format!(", {} failed", count(calls.errors)) };
    format!("{}{failed}, {} ms each", count(calls.calls), calls.ms / calls.calls)
}

fn clients(fleet: &MigrationFleet, output: &Output) -> Result<(), Failure> {
    if fleet.releases.is_empty() {
        return Ok(());
    }
    heading("clients", output)?;
    let mut table = Table::new(&["RELEASE", "KIND", "CLIENTS", "BEHIND", "FALLBACK", "OLD SHAPE"]);
    for release in &fleet.releases {
        table.row([
            release.release.clone().unwrap_or_else(|| "-".to_owned()),
            kind_word(release.kind).to_owned(),
            release.instances.to_string(),
            release.behind.to_string(),
            release.fallback.map_or("-", |own| own.name()).to_owned(),
            release.needs_old.clone().unwrap_or_else(|| "does without".to_owned()),
        ]);
    }
    table.print(output)
}

fn ways(view: &MigrationView, output: &Output) -> Result<(), Failure> {
    heading("steps", output)?;
    for (name, way) in [("forward", &view.forward), ("back", &view.back)] {
        let Some(way) = way else {
            output.line(format!("{name}: there is none"))?;
            continue;
        };
        output.line(format!("{name}: {} ({}): {}", way.to.name(), way.does, in_the_way(way)))?;
        for obstacle in &way.obstacles {
            output.line(format!("  {} [{}]", obstacle.message, obstacle.code))?;
            output.line(format!("    {}", obstacle.help))?;
        }
    }
    Ok(())
}

fn way_words(way: &MigrationWay) -> String {
    format!("{}: {}", way.to.name(), in_the_way(way))
}

fn in_the_way(way: &MigrationWay) -> String {
    match way.obstacles.len() {
        0 => "nothing in the way".to_owned(),
        obstacles => format!("{} in the way", counted(obstacles, "obstacle")),
    }
}
