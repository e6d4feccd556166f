use super::ask::ask;
use super::show;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_control::release::{Release, ReleaseState, validate};
use downhaul_control::{State, Touch, views};
use downhaul_core::diagnostic::Diagnostic;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Write a release by answering questions, or show the way back that follows from a file
#[derive(Debug, clap::Args)]
#[command(after_help = "Nothing is put: that is `downhaul release put`.")]
pub(crate) struct Args {
    /// File of a release (.json .yaml .yml); without one, questions are asked
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Where the answers are written; else to `KEY.release.json`
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let flag_set = block_on(control.document(None))?;
    let release = match &args.file {
        Some(file) => super::read_release(file, output)?,
        None => {
            let release = ask(&flag_set)?;
            let path = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.release.json", release.key)));
            write(&path, &release)?;
            output.note(format!(
                "written to {}; put it with `downhaul release put {}`",
                path.display(),
                path.display()
            ));
            release
        }
    };
    let mut state = State::empty(flag_set.environment.clone(), 0);
    state.flag_set = flag_set;
    let problems = validate::problems(&state, &release);
    if problems.iter().any(Diagnostic::is_error) {
        let message = format!("`{}` cannot be put in {}", release.key, control.environment());
        return Err(Failure::invalid("invalid-release", message).diagnostics(problems, Vec::new()));
    }
    let nobody = Touch { revision: 0, at: String::new(), actor: String::new(), reason: String::new() };
    let draft = ReleaseState { release, created: nobody.clone(), touched: nobody, retired: None };
    let view = views::release(&state, &draft, &BTreeMap::new());
    if output.format == Format::Json {
        output.json(&view)?;
    } else {
        show::show(&view, output)?;
    }
    Ok(Exit::Done)
}

/// Never over a file that is there.
fn write(path: &Path, release: &Release) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let message = format!("cannot write `{}`: {error}", path.display());
        Failure::could_not_run("cannot-write", message).help("name another file with `--out`")
    };
    let mut text = serde_json::to_string_pretty(release).map_err(|error| failed(error.into()))?;
    text.push('\n');
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
