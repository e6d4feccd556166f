//! Replays an export. Its lines are read and looked at by themselves on one thread, and put together on another.

use super::file;
use crate::exit::Failure;
use crate::input::sources;
use crate::render::Output;
use downhaul_blast::strict_json::object;
use downhaul_control::api::VerifyReport;
use downhaul_control::chart::{NoteKey, SignedHead, read_export_line};
use downhaul_control::verify::{Examined, Stored, Verification};
use downhaul_core::ids::EnvironmentKey;
use downhaul_core::seal::canonical_bytes;
use serde_json::Value;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

/// Lines that one thread hands to the other at a time.
const BATCH: usize = 256;
/// Batches that may wait: what is in memory is the text and these.
const WAITING: usize = 4;

pub(super) fn verify(
    text: &sources::Text,
    heads: &[SignedHead],
    key: Option<&NoteKey>,
    output: &Output,
) -> Result<VerifyReport, Failure> {
    let mut replay = Replay { text, heads, verification: None, own: None };
    thread::scope(|scope| {
        let (lines, from_reader) = sync_channel::<Vec<Line>>(WAITING);
        scope.spawn(move || read_lines(&text.bytes, &lines));
        from_reader.into_iter().flatten().try_for_each(|line| replay.take(line))
    })?;
    replay.end(key, output)
}

/// A line that is not empty, believed to be nothing yet.
struct Line {
    /// Counted from 1.
    number: usize,
    said: Result<Said, String>,
}

enum Said {
    Head(SignedHead),
    /// The environment is looked for in the first record only.
    Record(Option<EnvironmentKey>, Box<Examined>),
}

/// Reads until the end, or until nobody listens any more.
fn read_lines(bytes: &[u8], to: &SyncSender<Vec<Line>>) {
    let mut records = 0;
    let mut lines = (1..)
        .zip(bytes.split(|byte| *byte == b'\n'))
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(number, line)| {
            let said = match read_head(line) {
                Some(head) => head.map(Said::Head),
                None => {
                    records += 1;
                    stored(line, records)
                        .map(|(environment, stored)| Said::Record(environment, Box::new(Examined::of(stored))))
                }
            };
            Line { number, said }
        });
    loop {
        let batch: Vec<Line> = lines.by_ref().take(BATCH).collect();
        if batch.is_empty() || to.send(batch).is_err() {
            return;
        }
    }
}

struct Replay<'a> {
    text: &'a sources::Text,
    /// Witnessed elsewhere.
    heads: &'a [SignedHead],
    /// Absent until the first record says which environment the export is of.
    verification: Option<Verification>,
    /// The head that the export ends with.
    own: Option<SignedHead>,
}

impl Replay<'_> {
    fn take(&mut self, line: Line) -> Result<(), Failure> {
        let not_a_record = |why: &str| {
            let message = format!("line {} of `{}` is not a record of the chart: {why}", line.number, self.text.name);
            Failure::invalid("not-a-record", message)
                .help("an export has one record a line, as `downhaul chart export` writes it")
        };
        if self.own.is_some() {
            return Err(not_a_record("it stands behind the head, which is the last line"));
        }
        match line.said.map_err(|why| not_a_record(&why))? {
            Said::Head(head) => self.own = Some(head),
            Said::Record(environment, examined) => {
                let verification = match &mut self.verification {
                    Some(verification) => verification,
                    None => {
                        let environment = environment.ok_or_else(|| not_a_record("it names no environment"))?;
                        let begun = self.verification.insert(Verification::new(environment, 0));
                        self.heads.iter().for_each(|head| begun.expect(head.head()));
                        begun
                    }
                };
                verification.next_examined(*examined);
            }
        }
        Ok(())
    }

    fn end(self, key: Option<&NoteKey>, output: &Output) -> Result<VerifyReport, Failure> {
        let Replay { text, verification, own, .. } = self;
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
