use super::file;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::input::sources;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, counted};
use downhaul_blast::strict_json::object;
use downhaul_control::api::{VerifyReport, VerifyStatus};
use downhaul_control::chart::{ConsistencyProof, NoteKey, SignedHead, read_export_line};
use downhaul_control::verify::{Stored, Verification};
use downhaul_core::ids::EnvironmentKey;
use downhaul_core::seal::canonical_bytes;
use serde_json::Value;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// An export to verify here, without a control plane; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A head that was kept elsewhere: the chart has to extend it (repeatable)
    #[arg(long = "head", value_name = "FILE")]
    heads: Vec<PathBuf>,
    /// The key that has to have signed these heads, and the head in an export: as text or as a file
    #[arg(long, value_name = "KEY|FILE")]
    key: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let heads = args.heads.iter().map(|path| file::head(path)).collect::<Result<Vec<_>, _>>()?;
    let key = args.key.as_ref().map(|key| file::key(key)).transpose()?;
    if let Some(key) = &key {
        heads.iter().try_for_each(|head| file::check_signature(head, key))?;
    }
    let report = match &args.file {
        Some(path) => verify_file(&sources::read_file(path)?, &heads, key.as_ref(), output)?,
        None => verify_online(&args.server, &heads, key.as_ref())?,
    };
    render(&report, &heads, output)
}

fn render(report: &VerifyReport, heads: &[SignedHead], output: &Output) -> Result<Exit, Failure> {
    let is_verified = report.status == VerifyStatus::Verified;
    match output.format {
        Format::Json => output.json(&report)?,
        Format::Human | Format::Plain => {
            if is_verified {
                let changes = counted(usize::try_from(report.changes).unwrap_or(usize::MAX), "change");
                output.line(format!("verified: {changes}"))?;
                for head in heads {
                    output.line(format!("extends: the head of {} changes", head.head().size))?;
                }
            }
            output.line(format!("head: {}", report.head))?;
            output.line(format!("root: {}", report.root))?;
            output.line(format!("document digest: {}", report.document_digest))?;
        }
    }
    if is_verified {
        return Ok(Exit::Done);
    }
    match &report.fault {
        Some(fault) => Err(Failure::invalid(&fault.code, format!("revision {}: {}", fault.revision, fault.message))
            .help(fault.help.clone())),
        None => Err(Failure::invalid("chart-broken", "the chart does not verify")),
    }
}

/// The control plane replays its chart. That its newest head extends the heads that were kept is proved here.
fn verify_online(server: &ServerArgs, heads: &[SignedHead], key: Option<&NoteKey>) -> Result<VerifyReport, Failure> {
    let control = ControlPlane::connect(server)?;
    block_on(async {
        let Some(largest) = heads.iter().max_by_key(|head| head.head().size) else {
            return control.get(&["chart", "verify"], &[]).await;
        };
        let query = [("head", largest.as_str().to_owned())];
        let report: VerifyReport = control.get(&["chart", "verify"], &query).await?;
        if report.status == VerifyStatus::Broken {
            return Ok(report);
        }
        for head in heads {
            let old = head.head();
            let proof = control.text(&["chart", "consistency"], &[("old", old.size.to_string())]).await?;
            let refused = |why: String| {
                let message = format!("the chart does not extend the head of {} changes: {why}", old.size);
                Failure::invalid("head-differs", message).help(
                    "the chart was written anew: keep the head, and compare with a backup or an export from before",
                )
            };
            let proof: ConsistencyProof = proof.parse().map_err(|why| refused(format!("{why}")))?;
            if let Some(key) = key {
                file::check_signature(&proof.head, key)?;
            }
            if proof.old != old.size || proof.head.head().origin != old.origin {
                return Err(refused("the proof is of other heads".to_owned()));
            }
            proof.check(old.root).map_err(|why| refused(why.to_string()))?;
        }
        Ok(report)
    })
}

/// Replays an export. The first record says which environment it is of.
fn verify_file(
    text: &sources::Text,
    heads: &[SignedHead],
    key: Option<&NoteKey>,
    output: &Output,
) -> Result<VerifyReport, Failure> {
    let mut verification: Option<Verification> = None;
    let mut own: Option<SignedHead> = None;
    for (number, line) in (1..).zip(text.bytes.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let not_a_record = |why: &str| {
            let message = format!("line {number} of `{}` is not a record of the chart: {why}", text.name);
            Failure::invalid("not-a-record", message)
                .help("an export has one record a line, as `downhaul chart export` writes it")
        };
        if own.is_some() {
            return Err(not_a_record("it stands behind the head, which is the last line"));
        }
        if let Some(head) = read_head(line) {
            own = Some(head.map_err(|why| not_a_record(&why))?);
            continue;
        }
        let expected = verification.as_ref().map_or(1, |verification| verification.revision() + 1);
        let (environment, stored) = stored(line, expected).map_err(|why| not_a_record(&why))?;
        let verification = match &mut verification {
            Some(verification) => verification,
            None => {
                let environment = environment.ok_or_else(|| not_a_record("it names no environment"))?;
                let begun = verification.insert(Verification::new(environment, 0));
                heads.iter().for_each(|head| begun.expect(head.head()));
                begun
            }
        };
        verification.next(stored);
    }
    let Some(mut verification) = verification else {
        return Err(Failure::invalid("empty-chart", format!("`{}` holds no record", text.name))
            .help("write an export with `downhaul chart export --out FILE`"));
    };
    if let Some(own) = &own {
        if let Some(key) = key {
            file::check_signature(own, key)?;
        }
        verification.expect_end(own.head());
    }
    if own.is_none() || key.is_none() {
        let what =
            if own.is_none() { "it holds no signed head" } else { "the key that signs its head is not known here" };
        output.note(format!("note: {what}, so a chart written anew as a whole is found by `--head` alone"));
    }
    verification.end();
    Ok(verification.report())
}

fn read_head(line: &[u8]) -> Option<Result<SignedHead, String>> {
    if !line.starts_with(b"{\"head\":") {
        return None;
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(line) else { return Some(Err("it is cut off".to_owned())) };
    let head = members.get("head").and_then(Value::as_str).unwrap_or_default();
    Some(head.parse().map_err(|why| format!("{why}")))
}

/// A line of an export as a server stores it. The environment is looked for in the first line only, `expected` is 1 there.
fn stored(line: &[u8], expected: u64) -> Result<(Option<EnvironmentKey>, Stored), String> {
    let Some((hash, bytes)) = read_export_line(line) else { return stored_with_hash(line) };
    let hash = String::from_utf8_lossy(hash).into_owned();
    let environment = if expected == 1 { environment(bytes) } else { None };
    // Whether it says so itself is looked at with the rest of it; what else than its place says which one it should be?
    let revision = revision(bytes).unwrap_or(expected);
    Ok((environment, Stored { revision, bytes: bytes.to_vec(), hash }))
}

/// The record without its hash, in canonical form: as exports were written before the record stood apart.
fn stored_with_hash(line: &[u8]) -> Result<(Option<EnvironmentKey>, Stored), String> {
    let mut record = object(line).map_err(|malformed| malformed.message)?;
    let Some(Value::String(hash)) = record.remove("hash") else { return Err("it has no `hash`".to_owned()) };
    let revision = record.get("revision").and_then(Value::as_u64).ok_or("it has no `revision`")?;
    let environment = record.get("environment").and_then(Value::as_str).unwrap_or_default();
    let environment = environment.parse().map_err(|why| format!("its `environment` is not a name: {why}"))?;
    let bytes = canonical_bytes(&record).map_err(|error| error.to_string())?;
    Ok((Some(environment), Stored { revision, bytes, hash }))
}

fn environment(record: &[u8]) -> Option<EnvironmentKey> {
    let record: Value = serde_json::from_slice(record).ok()?;
    record.get("environment")?.as_str()?.parse().ok()
}

/// The revision that a record names: the last member of that name, as canonical records have it, without reading the rest.
fn revision(record: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"revision\":";
    let at = record.windows(NAME.len()).rposition(|window| window == NAME)?;
    let digits: Vec<u8> = record.get(at + NAME.len()..)?.iter().copied().take_while(u8::is_ascii_digit).collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}
