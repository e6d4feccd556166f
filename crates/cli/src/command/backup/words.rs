//! What a backup holds, and what putting one back came to.

use crate::exit::Failure;
use crate::render::{Format, Output, Table, counted};
use downhaul_server::recovery::{Lost, Raised, Restored, RestoredEnvironment};
use downhaul_store::Backup;
use serde_json::{Value, json};
use std::path::Path;

pub(super) fn backup(backup: &Backup, done: &str, output: &Output) -> Result<(), Failure> {
    if output.format == Format::Json {
        return output.json(&to_json(backup));
    }
    let when = match &backup.about {
        Some(about) => format!("taken {}", about.taken_at),
        None => "the database of a data folder, not taken as a backup".to_owned(),
    };
    output.line(format!("{done} `{}`: {} bytes, {when}", backup.path.display(), backup.size))?;
    output.line(format!("epoch {}, schema {}", backup.epoch, backup.schema))?;
    let mut table = Table::new(&["ENVIRONMENT", "CHANGES", "KILLS AND RESTORES", "HEAD", "FLAG SET"]);
    for head in &backup.heads {
        table.row([
            head.environment.to_string(),
            head.head.revision.to_string(),
            head.head.kill_revision.to_string(),
            head.head.hash.clone(),
            head.head.document_digest.clone(),
        ]);
    }
    table.print(output)?;
    match backup.about.as_ref().map(|about| about.keys) {
        Some(false) => output.note("it holds no secrets: keep those too, with `downhaul backup secrets`"),
        _ => output.note("it holds the secrets: whoever reads it can sign in the name of this control plane"),
    }
    Ok(())
}

fn to_json(backup: &Backup) -> Value {
    let head = |head: &downhaul_store::BackupHead| {
        json!({
            "environment": head.environment, "revision": head.head.revision, "kill_revision": head.head.kill_revision,
            "head": head.head.hash, "root": head.report.root, "document_digest": head.head.document_digest,
        })
    };
    json!({
        "file": backup.path, "size": backup.size, "about": backup.about, "epoch": backup.epoch, "schema": backup.schema,
        "environments": backup.heads.iter().map(head).collect::<Vec<_>>(),
    })
}

pub(super) fn restored(restored: &Restored, data: &Path, output: &Output) -> Result<(), Failure> {
    if output.format == Format::Json {
        return output.json(restored);
    }
    let taken = restored.taken_at.as_deref().map(|at| format!(", taken {at},")).unwrap_or_default();
    output.line(format!("put the backup{taken} into `{}`: verified, and charted", data.display()))?;
    output.line(format!(
        "epoch {}, before {}: clients take it, whatever they had",
        restored.epoch, restored.epoch_before
    ))?;
    if let Some(folder) = &restored.replaced {
        output.line(format!("what was there is kept in `{}`", folder.display()))?;
    }
    if let Some(why) = &restored.unreadable {
        output.line(format!("what was there cannot be read ({why}): nothing is carried over"))?;
        output.line("look for kills and revocations that came after the backup, and repeat them")?;
    }
    restored.environments.iter().try_for_each(|environment| of_environment(environment, output))?;
    if !restored.lost_environments.is_empty() {
        output.line(format!("lost whole: {}", restored.lost_environments.join(", ")))?;
    }
    if restored.erased > 0 {
        output.line(format!("{} erased after the backup, and again now", counted(restored.erased, "name")))?;
    }
    if !restored.missing_secrets.is_empty() {
        output
            .line(format!("secrets that are made anew at the next start: {}", restored.missing_secrets.join(", ")))?;
        output.line(
            "clients that pin a public key have to be told the new one, and token secrets have to be read again; see docs/guide/signing-keys.md",
        )?;
    }
    if let Some(file) = &restored.admin_token {
        output.line(format!("a new admin token is in `{}`", file.display()))?;
    }
    output.note("start the server, and run `downhaul status` and `downhaul chart verify`");
    Ok(())
}

pub(super) fn raised(raised: &Raised, output: &Output) -> Result<(), Failure> {
    if output.format == Format::Json {
        return output.json(raised);
    }
    output
        .line(format!("epoch {}, before {}: clients take it, whatever they had", raised.epoch, raised.epoch_before))?;
    raised.environments.iter().try_for_each(|environment| of_environment(environment, output))?;
    output.line("look for kills and revocations that came after the backup, and repeat them")?;
    output.note("start the replicas, and run `downhaul status` and `downhaul chart verify`");
    Ok(())
}

fn of_environment(environment: &RestoredEnvironment, output: &Output) -> Result<(), Failure> {
    let RestoredEnvironment { environment: key, position, head, document_digest, .. } = environment;
    output.line(format!("{key}: revision {}, head {head}, flag set {document_digest}", position.revision))?;
    let list = |what: &str, entries: &[String]| {
        if entries.is_empty() {
            return Ok(());
        }
        output.line(format!("  {what}:"))?;
        entries.iter().try_for_each(|entry| output.line(format!("    {entry}")))
    };
    list("killed", &environment.kills)?;
    list("carried over from what was there", &environment.carried)?;
    list("NOT carried over", &environment.not_carried)?;
    list("killed again, though restored since", &environment.killed_again)?;
    list("runs that were under way, ended", &environment.ended_runs)?;
    match &environment.lost {
        None => Ok(()),
        Some(lost) => {
            output.line(format!("  {}", lost_words(lost)))?;
            lost.changes.iter().try_for_each(|change| output.line(format!("    {change}")))?;
            let more = (lost.to + 1 - lost.from).saturating_sub(lost.changes.len() as u64);
            if more > 0 { output.line(format!("    and {more} before these")) } else { Ok(()) }
        }
    }
}

fn lost_words(lost: &Lost) -> String {
    let Lost { from, to, continues, .. } = lost;
    if *continues {
        format!("lost: revisions {from} to {to}")
    } else {
        format!("lost: what was there is another chart than the backup's, with revisions {from} to {to}")
    }
}
