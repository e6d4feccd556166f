//! Where code refers to flags.

mod keys;
mod owners;
mod scan;

use crate::exit::{Exit, Failure};
use crate::input::document;
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, counted, one_line};
use clap::ArgAction;
use downhaul_core::document::FlagSet;
use keys::Keys;
use owners::Owners;
use scan::{Found, Reference, Scope, Skipped};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Larger files are skipped, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;
/// Skipped files that are named one by one.
const NAMED_FILES: usize = 10;

/// Find where code refers to flags, to flags that are gone, and which flags no code refers to
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A key counts where it stands as a whole: between quotes, or between delimiters if it is not an ordinary word.
What .gitignore or .downhaulignore name, hidden and binary files are not looked at.
Ends with exit status 2 if code refers to flags that do not exist or are retired.")]
pub(crate) struct Args {
    /// Folder or file of the code
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// File or folder of a flag set (repeatable); the control plane's unless given
    #[arg(long = "flags", value_name = "PATH", action = ArgAction::Append)]
    flags: Vec<PathBuf>,
    /// Only this flag (repeatable)
    #[arg(long = "flag", value_name = "KEY")]
    only: Vec<String>,
    /// A function of your own that takes a key and a default, like `flags.boolean` (repeatable)
    #[arg(long = "call", value_name = "NAME")]
    calls: Vec<String>,
    /// Look at hidden files too
    #[arg(long)]
    hidden: bool,
    /// Skip larger files
    #[arg(long, value_name = "BYTES", default_value_t = LARGEST)]
    largest: u64,
    #[command(flatten)]
    server: ServerArgs,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    flags: Vec<FlagReferences>,
    /// What calls ask for and no flag set has.
    unknown: Vec<DeadReferences>,
    /// Retired keys that code still has.
    retired: Vec<DeadReferences>,
    files: usize,
    skipped: Vec<Skipped>,
}

#[derive(Debug, Serialize)]
struct FlagReferences {
    flag: String,
    owner: String,
    references: Vec<OwnedReference>,
}

#[derive(Debug, Serialize)]
struct DeadReferences {
    key: String,
    /// `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<String>,
    references: Vec<OwnedReference>,
}

#[derive(Debug, Serialize)]
struct OwnedReference {
    #[serde(flatten)]
    reference: Reference,
    /// By CODEOWNERS.
    owners: Vec<String>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let set = flag_set(args)?;
    for key in &args.only {
        if !set.retired.contains_key(key.as_str()) {
            document::flag(&set, key)?;
        }
    }
    let report = report(args, &set)?;
    match output.format {
        Format::Json => output.json(&report)?,
        Format::Plain => plain(&report).iter().try_for_each(|line| output.line(line))?,
        Format::Human => human(&report).iter().try_for_each(|line| output.line(line))?,
    }
    notes(&report, output);
    let is_dead = !report.unknown.is_empty() || !report.retired.is_empty();
    Ok(if is_dead { Exit::Findings } else { Exit::Done })
}

/// Where code of a folder refers to one flag.
#[derive(Debug)]
pub(super) struct Places {
    /// `src/page.ts:4:3`
    pub(super) found: Vec<String>,
    /// Files that could not be looked at, and why.
    pub(super) skipped: Vec<String>,
}

/// Looks for one key with the usual options.
pub(super) fn places(root: &Path, key: &str) -> Result<Places, Failure> {
    let keys = Keys::new([key], &[]).map_err(|why| Failure::refused("too-many-keys", why.to_string()))?;
    let scope = Scope { root, hidden: false, largest: LARGEST, without: BTreeSet::new() };
    let Found { references, skipped, .. } = scan::scan(&scope, &keys)?;
    let of_flag = references.into_iter().filter(|reference| reference.key == key);
    Ok(Places {
        found: of_flag.map(|Reference { file, line, column, .. }| format!("{file}:{line}:{column}")).collect(),
        skipped: skipped.into_iter().map(|Skipped { file, why }| format!("{file}: {why}")).collect(),
    })
}

fn flag_set(args: &Args) -> Result<FlagSet, Failure> {
    if args.flags.is_empty() {
        let control = ControlPlane::connect(&args.server)?;
        return block_on(control.document(None));
    }
    Ok(document::load(&args.flags)?.valid.document().clone())
}

fn report(args: &Args, set: &FlagSet) -> Result<Report, Failure> {
    let known = set.flags.iter().map(|flag| flag.key.as_str()).chain(set.retired.keys().map(|key| key.as_str()));
    let keys = Keys::new(known, &args.calls).map_err(|why| {
        Failure::refused("too-many-keys", format!("the keys are too many to be looked for at once: {why}"))
            .help("name some of them with `--flag`")
    })?;
    let scope = Scope { root: &args.path, hidden: args.hidden, largest: args.largest, without: own_files(&args.flags) };
    let Found { references, skipped, files } = scan::scan(&scope, &keys)?;
    let owners = Owners::of(&args.path);
    let mut of_file: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut by_key: BTreeMap<String, Vec<OwnedReference>> = BTreeMap::new();
    for reference in references {
        let owners =
            of_file.entry(reference.file.clone()).or_insert_with(|| owners.file(Path::new(&reference.file))).clone();
        by_key.entry(reference.key.clone()).or_default().push(OwnedReference { reference, owners });
    }
    let is_asked = |key: &str| args.only.is_empty() || args.only.iter().any(|only| only == key);
    let flags = set.flags.iter().filter(|flag| is_asked(flag.key.as_str())).map(|flag| FlagReferences {
        flag: flag.key.to_string(),
        owner: flag.owner.clone(),
        references: by_key.remove(flag.key.as_str()).unwrap_or_default(),
    });
    let flags = flags.collect();
    let (mut unknown, mut retired) = (Vec::new(), Vec::new());
    for (key, references) in by_key.into_iter().filter(|(key, _)| is_asked(key) && set.flag(key).is_none()) {
        let date = set.retired.get(key.as_str()).cloned();
        let list = if date.is_some() { &mut retired } else { &mut unknown };
        list.push(DeadReferences { key, retired: date, references });
    }
    Ok(Report { flags, unknown, retired, files, skipped })
}

/// The files of the flag set, in which every key stands.
fn own_files(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let files = paths
        .iter()
        .filter(|path| path.as_os_str() != "-")
        .flat_map(|path| ignore::WalkBuilder::new(path).standard_filters(false).build().filter_map(Result::ok));
    files.filter_map(|entry| entry.path().canonicalize().ok()).filter(|path| path.is_file()).collect()
}

fn place(owned: &OwnedReference) -> String {
    let Reference { file, line, column, .. } = &owned.reference;
    format!("{file}:{line}:{column}")
}

fn how(owned: &OwnedReference) -> &'static str {
    match owned.reference.how {
        keys::How::Call => "call",
        keys::How::Quoted => "quoted",
        keys::How::Bare => "bare",
    }
}

fn plain(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let mut put = |kind: &str, key: &str, more: &str, references: &[OwnedReference]| {
        for owned in references {
            let cells = [kind, key, more, &place(owned), how(owned), &owned.owners.join(" "), &owned.reference.text];
            lines.push(cells.map(one_line).join("\t"));
        }
        if references.is_empty() {
            lines.push(["unreferenced", key, more].map(one_line).join("\t"));
        }
    };
    report.flags.iter().for_each(|flag| put("reference", &flag.flag, &flag.owner, &flag.references));
    report.unknown.iter().for_each(|dead| put("unknown", &dead.key, "", &dead.references));
    let date = |dead: &DeadReferences| dead.retired.clone().unwrap_or_default();
    report.retired.iter().for_each(|dead| put("retired", &dead.key, &date(dead), &dead.references));
    lines
}

fn human(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let mut put = |title: String, references: &[OwnedReference]| {
        lines.push(title);
        for owned in references {
            let owners =
                if owned.owners.is_empty() { String::new() } else { format!("  ({})", owned.owners.join(", ")) };
            lines.push(format!("  {}  {}{owners}", place(owned), one_line(&owned.reference.text)));
        }
    };
    for flag in report.flags.iter().filter(|flag| !flag.references.is_empty()) {
        let count = counted(flag.references.len(), "reference");
        put(format!("{} of {}: {count}", flag.flag, flag.owner), &flag.references);
    }
    for dead in &report.unknown {
        put(format!("{}: no flag set has it", dead.key), &dead.references);
    }
    for dead in &report.retired {
        let date = dead.retired.as_deref().unwrap_or_default();
        put(format!("{}: retired on {date}, and still in code", dead.key), &dead.references);
    }
    for flag in report.flags.iter().filter(|flag| flag.references.is_empty()) {
        put(format!("{} of {}: no code refers to it", flag.flag, flag.owner), &[]);
    }
    lines
}

fn notes(report: &Report, output: &Output) {
    for skipped in report.skipped.iter().take(NAMED_FILES) {
        output.note(format!("skipped {}: {}", skipped.file, skipped.why));
    }
    if let Some(rest) = report.skipped.len().checked_sub(NAMED_FILES).filter(|rest| *rest > 0) {
        output.note(format!("skipped {}", counted(rest, "further file")));
    }
    let without = report.flags.iter().filter(|flag| flag.references.is_empty()).count();
    output.note(format!(
        "{} in {}: {} without a reference, {} unknown, {} retired and still in code",
        counted(report.flags.len(), "flag"),
        counted(report.files, "file"),
        without,
        report.unknown.len(),
        report.retired.len()
    ));
}
