//! Questions that a pipeline asks, answered by the exit status.

use crate::exit::{Exit, Failure};
use crate::remote::ControlPlane;
use crate::render::{Format, Output};
use downhaul_control::api::{KillStatus, RollbackStatus};

pub(super) async fn rollback(release: &str, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    let status: RollbackStatus = control.check(&["releases", release, "rollback"]).await?;
    if output.format == Format::Json {
        output.json(&status)?;
        return Ok(exit(status.complete));
    }
    output.line(match (status.complete, &status.run) {
        (true, Some(run)) => format!("the rollback of {release} ({run}) is complete"),
        (false, Some(run)) => format!("the rollback of {release} ({run}) is not complete"),
        (_, None) => format!("{release} is not rolled back"),
    })?;
    for check in &status.checks {
        output.line(format!("{} {}: {}", if check.ok { "ok     " } else { "not yet" }, check.name, check.words))?;
    }
    Ok(exit(status.complete))
}

pub(super) async fn kill(kill: &str, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    let status: KillStatus = control.check(&["kills", kill, "confirmed"]).await?;
    if output.format == Format::Json {
        output.json(&status)?;
    } else {
        let confirmed = if status.confirmed { "is confirmed" } else { "is not confirmed" };
        output.line(format!("{kill} of `{}` {confirmed}: {}", status.flag, status.words))?;
    }
    Ok(exit(status.confirmed))
}

fn exit(is_good: bool) -> Exit {
    if is_good { Exit::Done } else { Exit::NotGood }
}
