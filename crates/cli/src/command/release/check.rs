use super::artifact::{Login, Look, look};
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, counted};
use downhaul_control::api::{CheckReleaseRequest, ReleaseReport, ReleaseView};
use downhaul_control::release::{Artifact, Release, read};
use downhaul_core::diagnostic::Severity;
use owo_colors::OwoColorize;
use std::path::{Path, PathBuf};

/// Name every item of a release that is missing or stale
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 ready, 4 not ready, 1 could not run, 2 refused or wrong use, 3 invalid input.\n\
                  A registry that asks to sign in gets DOWNHAUL_REGISTRY_USER and DOWNHAUL_REGISTRY_PASSWORD."
)]
pub(crate) struct Args {
    /// Key of a release that was put, or a file (.json .yaml .yml)
    #[arg(value_name = "RELEASE|FILE")]
    release: String,
    /// Do not look whether the artifacts are there
    #[arg(long)]
    offline: bool,
    /// Do not fetch files by HTTP to compare their digests
    #[arg(long)]
    no_fetch: bool,
    /// User at the registry of the artifacts
    #[arg(long, value_name = "NAME", env = "DOWNHAUL_REGISTRY_USER", hide = true)]
    registry_user: Option<String>,
    /// Password at the registry of the artifacts
    #[arg(long, value_name = "TEXT", env = "DOWNHAUL_REGISTRY_PASSWORD", hide = true, hide_env_values = true)]
    registry_password: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let report = block_on(async {
        let release = named(args, &control, output).await?;
        let login = args.registry_user.clone().zip(args.registry_password.clone());
        let login = login.map(|(user, password)| Login { user, password });
        let (mut artifact, mut previous) = (None, None);
        if !args.offline {
            let look = async |artifact: &Artifact| {
                let Look { reach, unproved } = look(artifact, login.as_ref(), !args.no_fetch).await;
                if unproved {
                    output.note(format!("`{}` is there; its digest was not compared", artifact.reference));
                }
                reach
            };
            artifact = Some(look(&release.artifact).await);
            if let Some(before) = &release.previous {
                previous = Some(look(before).await);
            }
        }
        let release = serde_json::to_value(&release)
            .map_err(|error| Failure::could_not_run("cannot-write", format!("cannot write the release: {error}")))?;
        let request = CheckReleaseRequest { release, artifact, previous };
        control.post::<ReleaseReport>(&["releases", "check"], &request).await
    })?;
    if output.format == Format::Json {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    Ok(if report.ready { Exit::Done } else { Exit::NotGood })
}

/// A file where there is one of this name, else a release that was put.
async fn named(args: &Args, control: &ControlPlane, output: &Output) -> Result<Release, Failure> {
    let name = args.release.as_str();
    if name == "-" || Path::new(name).is_file() {
        return super::read_release(&PathBuf::from(name), output);
    }
    let view: ReleaseView = control.get(&["releases", name], &[]).await?;
    read::of_json(&view.release).map_err(|problem| {
        Failure::could_not_run("answer-malformed", format!("cannot read the release: {problem}"))
            .help("the control plane and this command line may be of different versions")
    })
}

fn show(report: &ReleaseReport, output: &Output) -> Result<(), Failure> {
    for finding in &report.findings {
        if output.format == Format::Plain {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            output.line([severity, &finding.code, &finding.item, &finding.message, &finding.help].join("\t"))?;
            continue;
        }
        let severity = match finding.severity {
            Severity::Error => "missing".red().bold().to_string(),
            Severity::Warning => "look at".yellow().to_string(),
        };
        output.line(format!("{severity}  {}: {}", finding.item.bold(), finding.message))?;
        output.line(format!("         {}", finding.help.dimmed()))?;
    }
    let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = report.findings.len() - errors;
    output.note(match errors {
        0 => format!("`{}` is ready; {}", report.release, counted(warnings, "warning")),
        _ => {
            format!("`{}` is not ready: {}, {}", report.release, counted(errors, "error"), counted(warnings, "warning"))
        }
    });
    Ok(())
}
