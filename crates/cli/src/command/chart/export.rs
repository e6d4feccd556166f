use super::file;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Output, counted};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    match &args.out {
        None => {
            let mut stdout = std::io::stdout().lock();
            let mut lines = Lines::default();
            block_on(control.download(&["chart", "export"], |piece| {
                lines.take(piece);
                stdout.write_all(piece).map_err(|error| Failure::writing(&error))
            }))?;
            stdout.flush().map_err(|error| Failure::writing(&error))?;
            lines.check()?;
        }
        Some(path) => {
            let mut file = BufWriter::new(file::create(path)?);
            let mut lines = Lines::default();
            block_on(control.download(&["chart", "export"], |piece| {
                lines.take(piece);
                file.write_all(piece).map_err(|error| file::cannot_write(path, &error))
            }))?;
            let written = file.flush().and_then(|()| file.get_ref().sync_all());
            written.map_err(|error| file::cannot_write(path, &error))?;
            lines.check()?;
            output.note(format!("wrote {} to `{}`", counted(lines.count - 1, "change"), path.display()));
        }
    }
    Ok(Exit::Done)
}

/// Counts lines, and keeps the last one: a whole export ends with the head.
#[derive(Default)]
struct Lines {
    count: usize,
    last: Vec<u8>,
}

impl Lines {
    fn take(&mut self, piece: &[u8]) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.last.ends_with(b"\n") {
                self.last.clear();
            }
            self.last.extend_from_slice(part);
            self.count += usize::from(part.ends_with(b"\n"));
        }
    }

    fn check(&self) -> Result<(), Failure> {
        if self.last.starts_with(b"{\"head\":") && self.last.ends_with(b"\n") {
            return Ok(());
        }
        Err(Failure::could_not_run("export-cut-off", "the control plane ended the export before its last line")
            .help("look at the log of the server for the cause, and export again"))
    }
}
