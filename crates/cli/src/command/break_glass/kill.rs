//! A kill from the key file alone: no server is asked.

use super::key_file::{KeyFile, Names};
use crate::exit::{Exit, Failure};
use crate::input::sources::describe;
use crate::render::write_whole;
use crate::render::{Format, Output};
use downhaul_control::api::KillScope;
use downhaul_control::break_glass::{kill_id, open, seal};
use downhaul_control::{decide, describe::scope_words, time};
use downhaul_core::document::{ClientKind, Kill, Scope};
use jiff::Timestamp;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Kill a flag with the key file alone, and write what clients and the control plane take
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without a scope the flag is off for everyone. FILE goes where servers and edges look for it (`kill_file`), and the\nbrowser's file where pages do; the control plane takes up FILE. A file that has kills of this key gets one more."
)]
pub(super) struct Args {
    flag: String,
    /// The key, as `downhaul break-glass make` wrote it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// What edges, servers and the control plane take
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What browsers take: the same without reasons, and never with the name of a tenant
    #[arg(long, value_name = "FILE")]
    browser_out: Option<PathBuf>,
    /// Only for this tenant (repeatable)
    #[arg(long, value_name = "TENANT", help_heading = "Scope")]
    tenant: Vec<String>,
    /// Only within this region (repeatable)
    #[arg(long, value_name = "REGION", help_heading = "Scope")]
    region: Vec<String>,
    /// Only in this segment (repeatable)
    #[arg(long, value_name = "SEGMENT", help_heading = "Scope")]
    segment: Vec<String>,
    /// Only where this variant would be served (repeatable)
    #[arg(long, value_name = "VARIANT", help_heading = "Scope")]
    variant: Vec<String>,
    /// The incident that it belongs to
    #[arg(long, value_name = "ID")]
    incident: Option<String>,
    /// Take names that the key file does not have: what was made after it
    #[arg(long)]
    anyway: bool,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let key = KeyFile::read(&args.key)?;
    let now = Timestamp::now();
    if time::from_text(&key.expires).is_none_or(|expires| now > expires) {
        return Err(Failure::refused("key-expired", format!("the key `{}` has expired, on {}", key.id, key.expires))
            .help("no client believes it any more; take another key"));
    }
    if args.reason.trim().is_empty() {
        return Err(Failure::refused("missing-reason", "a kill takes a reason").help("say in a few words why"));
    }
    let kill = made(args, &key, now)?;
    let for_browsers = |flag: &str| {
        key.names.flags.get(flag).map_or(args.anyway, |known| known.clients.contains(&ClientKind::Browser))
    };
    if let Some(file) = &args.browser_out {
        if kill.scope.tenant.is_some() {
            return Err(Failure::refused("tenant-for-browsers", "names of tenants do not go to browsers")
                .help("leave out `--browser-out`, or the tenant: then the flag is off for everyone"));
        }
        if !for_browsers(&args.flag) {
            return Err(Failure::refused("not-for-browsers", format!("no browser receives `{}`", args.flag))
                .help(format!("leave out `--browser-out {}`", file.display())));
        }
    }
    let mut kills = earlier(&args.out, &key)?;
    kills.push(kill.clone());
    write(&args.out, &key, &[ClientKind::Edge, ClientKind::Server], &kills, now)?;
    if let Some(file) = &args.browser_out {
        kills.retain(|kill| kill.scope.tenant.is_none() && for_browsers(kill.flag.as_str()));
        write(file, &key, &[ClientKind::Browser], &kills, now)?;
    }
    said(args, &key, &kill, output)
}

/// The kill, its names compared with those of the key file.
fn made(args: &Args, key: &KeyFile, now: Timestamp) -> Result<Kill, Failure> {
    let Names { flags, regions, segments, .. } = &key.names;
    let check = |what: &str, name: &str, known: Vec<&str>| {
        if args.anyway || known.contains(&name) {
            return Ok(());
        }
        let refusal = decide::unknown(what, name, known);
        let of = format!("of revision {}, which the key file was written at", key.names.revision);
        let help = format!("{}; if it was made since then, add `--anyway`", refusal.help);
        Err(Failure::refused(refusal.code.as_str(), format!("{} {of}", refusal.message)).help(help))
    };
    check("flag", &args.flag, flags.keys().map(String::as_str).collect())?;
    for region in &args.region {
        check("region", region, regions.names().into_iter().map(|name| name.as_str()).collect())?;
    }
    for segment in &args.segment {
        check("segment", segment, segments.iter().map(String::as_str).collect())?;
    }
    for variant in &args.variant {
        let known = flags.get(&args.flag).map(|flag| flag.variants.iter().map(String::as_str).collect());
        check("variant", variant, known.unwrap_or_default())?;
    }
    let flag = args.flag.parse().map_err(|why| wrong("flag", &args.flag, why))?;
    let number = u64::try_from(now.as_millisecond()).unwrap_or_default();
    Ok(Kill {
        id: kill_id(&key.id, number),
        flag,
        scope: Scope {
            tenant: names("tenant", &args.tenant)?,
            region: names("region", &args.region)?,
            segment: names("segment", &args.segment)?,
            variant: names("variant", &args.variant)?,
        },
        reason: args.reason.trim().to_owned(),
        by: key.id.clone(),
        at: time::to_text(now),
        incident: args.incident.clone(),
    })
}

fn names<T: FromStr>(what: &str, names: &[String]) -> Result<Option<Vec<T>>, Failure>
where
    T::Err: std::fmt::Display,
{
    if names.is_empty() {
        return Ok(None);
    }
    let each = names.iter().map(|name| name.parse().map_err(|why| wrong(what, name, why)));
    each.collect::<Result<_, _>>().map(Some)
}

fn wrong(what: &str, name: &str, why: impl std::fmt::Display) -> Failure {
    Failure::refused("invalid", format!("`{name}` is not the name of a {what}: {why}"))
}

/// The kills that the file has already; they go on.
fn earlier(path: &Path, key: &KeyFile) -> Result<Vec<Kill>, Failure> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let message = format!("cannot read `{}`: {}", path.display(), describe(&error));
            return Err(Failure::could_not_run("cannot-read", message).help("name another file"));
        }
    };
    let own = key.signer().map(|signer| signer.public_key());
    let object = open(&bytes, |id| own.filter(|own| own.id() == id)).ok();
    let object = object.filter(|object| object.header.environment == key.environment);
    object.and_then(|object| object.header.told).ok_or_else(|| {
        Failure::could_not_run("file-exists", format!("`{}` is there, and holds no kills of this key", path.display()))
            .help("name another file; nothing of others is written over")
    })
}

fn write(path: &Path, key: &KeyFile, clients: &[ClientKind], kills: &[Kill], now: Timestamp) -> Result<(), Failure> {
    let signer = key.signer().ok_or_else(|| Failure::invalid("key-malformed", "the key has no secret half"))?;
    let sealed = seal(&signer, &key.environment, clients, kills, &key.names.regions, now);
    let bytes = sealed
        .map_err(|why| Failure::refused("too-many-kills", why.to_string()).help("begin another file"))?
        .unwrap_or_default();
    write_whole(path, &bytes)
}

/// The effect first, as `downhaul kill` says it.
fn said(args: &Args, key: &KeyFile, kill: &Kill, output: &Output) -> Result<Exit, Failure> {
    let part = |values: &[String]| (!values.is_empty()).then(|| values.to_vec());
    let scope = KillScope {
        tenant: part(&args.tenant),
        region: part(&args.region),
        segment: part(&args.segment),
        variant: part(&args.variant),
    };
    if output.format == Format::Json {
        let files = [Some(&args.out), args.browser_out.as_ref()];
        output.json(&json!({
            "id": kill.id, "flag": kill.flag, "scope": scope, "environment": key.environment, "key": key.id,
            "at": kill.at, "files": files.iter().flatten().collect::<Vec<_>>(),
        }))?;
        return Ok(Exit::Done);
    }
    if let Some(known) = key.names.flags.get(&args.flag) {
        output.line(&known.degraded)?;
    }
    let words = scope_words(&scope);
    output.line(format!("signed: `{}` killed for {words} in {} ({})", kill.flag, key.environment, kill.id))?;
    output.line(format!("for edges, servers and the control plane: {}", args.out.display()))?;
    match &args.browser_out {
        Some(file) => output.line(format!("for browsers: {}", file.display()))?,
        None => output.note("browsers hear of it from the control plane alone"),
    }
    output.note(format!(
        "nobody knows of it yet: put it where clients look, and as soon as the control plane answers\n\
         run `downhaul break-glass report {}`",
        args.out.display()
    ));
    Ok(Exit::Done)
}
