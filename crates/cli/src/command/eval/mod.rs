mod contexts;
mod lines;
mod pipeline;

use crate::exit::{Exit, Failure};
use crate::input::document;
use crate::input::now::Now;
use crate::input::overrides::{self, Override};
use crate::input::sources;
use crate::render::{Output, Progress, counted};
use downhaul_core::context::Prepared;
use downhaul_core::prepare::prepare_into;
use lines::Lines;
use pipeline::{Broken, Done};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Decide flags for many contexts: one line out for each line in, in order
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A malformed line gives an error in its place, the rest goes on, and the exit status is 3 at the end. \
                        Blank lines are passed over."
)]
pub(crate) struct Args {
    /// File or folder of a flag set (.json .yaml .yml); `-` is standard input (repeatable)
    #[arg(long, required = true, value_name = "PATH")]
    flags: Vec<PathBuf>,
    /// File of contexts, one JSON object a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    contexts: PathBuf,
    /// Decide only this flag (repeatable); all flags of the flag set unless given
    #[arg(long, value_name = "KEY")]
    flag: Vec<String>,
    /// Give contexts without an attribute `now` this time (RFC 3339 or epoch milliseconds); the clock's where left out
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "clock")]
    now: Option<Now>,
    /// Take a flag for degraded by the client: stale, breaker or crash-loop (repeatable)
    #[arg(long = "degraded", value_name = "FLAG=CAUSE")]
    overrides: Vec<Override>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    if args.contexts.as_os_str() == "-" && args.flags.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure::refused("stdin-twice", "flags and contexts cannot both come from standard input")
            .help("put one of them into a file"));
    }
    let document = document::load(&args.flags)?;
    output.warnings(&document.warnings, &document.texts);
    let loaded = document::compile(&document.valid);
    let overrides = overrides::codes(&loaded, &args.overrides)?;
    let lines = Lines::new(&loaded, &args.flag, overrides, output.format)?;
    let now = args.now.as_ref().map(|now| &now.0);

    let (input, size) = open(&args.contexts)?;
    let bar = Progress::BYTES.bar(size, output);
    let work = |block: &pipeline::Block| {
        let mut done = Done { read: block.bytes.len() as u64, ..Done::default() };
        let mut prepared = Prepared::default();
        contexts::each_line(block, now, |number, context| match context {
            Ok(context) => {
                prepare_into(&loaded, &context, &mut prepared);
                lines.decisions(number, &mut prepared, &mut done);
            }
            Err(malformed) => lines.malformed(number, &malformed, &mut done),
        });
        done
    };
    let mut stdout = std::io::stdout().lock();
    let mut stderr = std::io::stderr();
    let ended = pipeline::run(input, &mut stdout, &mut stderr, work, |bytes| bar.inc(bytes));
    bar.finish_and_clear();
    match ended {
        Ok(0) => Ok(Exit::Done),
        Ok(malformed) => {
            let lines = usize::try_from(malformed).unwrap_or(usize::MAX);
            let verb = if lines == 1 { "is" } else { "are" };
            output.note(format!("{} of the contexts {verb} malformed", counted(lines, "line")));
            Ok(Exit::Invalid)
        }
        Err(Broken::Reading(error)) => Err(sources::unreadable(&args.contexts, &error)),
        Err(Broken::Writing(error)) => Err(Failure::writing(&error)),
    }
}

/// The contexts and, where it is known, how many bytes there are.
fn open(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), Failure> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(std::io::stdin()), None));
    }
    let file = File::open(path).map_err(|error| sources::unreadable(path, &error))?;
    let metadata = file.metadata().map_err(|error| sources::unreadable(path, &error))?;
    if metadata.is_dir() {
        return Err(sources::unreadable(path, &std::io::ErrorKind::IsADirectory.into()));
    }
    let size = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), size))
}
