use super::file;
use crate::exit::{Exit, Failure};
use crate::render::{Format, Output};
use downhaul_control::chart::Witness;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How others know the witness: an address without `https://`, such as `witness.example.com/charts`
    #[arg(value_name = "NAME")]
    name: String,
    /// The file for its secret half; it must not be there
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|why| {
        Failure::could_not_run("no-random-bytes", format!("the operating system gives no random bytes: {why}"))
    })?;
    let Some(witness) = Witness::new(&seed, &args.name) else {
        return Err(Failure::refused("bad-name", format!("`{}` cannot name a witness", args.name))
            .help("write an address without spaces and `+`, such as `witness.example.com/charts`"));
    };
    file::create_secret(&args.out, &format!("{}\n", witness.to_secret()))?;
    if output.format == Format::Json {
        output.json(&json!({ "file": args.out, "name": args.name, "key": witness.key().to_string() }))?;
    } else {
        output.line(witness.key().to_string())?;
        output.note(format!(
            "its secret half is in `{}`; the line above goes to those who check, for `--witness`",
            args.out.display()
        ));
    }
    Ok(Exit::Done)
}
