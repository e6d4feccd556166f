mod artifact;
mod ask;
mod check;
mod list;
mod plan;
mod put;
pub(crate) mod show;

use crate::exit::{Exit, Failure};
use crate::input::sources::{self, Text};
use crate::render::Output;
use downhaul_control::release::{Release, read};
use downhaul_core::read::Format;
use std::path::Path;

/// Write, check, put and show releases: what was put out, and the way back
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    Plan(plan::Args),
    Check(check::Args),
    Put(put::Args),
    List(list::Args),
    Show(show::Args),
    Retire(put::RetireArgs),
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::Plan(args) => plan::run(args, output),
        Part::Check(args) => check::run(args, output),
        Part::Put(args) => put::run(args, output),
        Part::List(args) => list::run(args, output),
        Part::Show(args) => show::run(args, output),
        Part::Retire(args) => put::retire(args, output),
    }
}

/// A release from a file; its warnings are said beside.
fn read_release(path: &Path, output: &Output) -> Result<Release, Failure> {
    let text = sources::read_file(path)?;
    let words = utf8(&text)?;
    match read::release(words, Format::of_name(&text.name)) {
        Ok((release, warnings)) => {
            output.warnings(&warnings, &[text]);
            Ok(release)
        }
        Err(mut problems) => {
            for problem in &mut problems {
                problem.place.file = Some(text.name.clone());
            }
            let message = format!("`{}` is not a release", text.name);
            Err(Failure::invalid("invalid-release", message).diagnostics(problems, vec![text]))
        }
    }
}

pub(crate) fn utf8(text: &Text) -> Result<&str, Failure> {
    std::str::from_utf8(&text.bytes).map_err(|error| {
        let message = format!("`{}` is not UTF-8 from byte {} on", text.name, error.valid_up_to());
        Failure::invalid("not-utf-8", message).help("save the file as UTF-8")
    })
}
