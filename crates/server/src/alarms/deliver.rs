use super::title;
use crate::state::AppState;
use crate::targets::{Letter, Sent, mail, send};
use downhaul_control::alarms::{Kept, Tell};
use serde_json::{Value, json};

/// Tells a target once. The id is the same for every try.
pub(super) async fn deliver(state: AppState, environment: String, tell: Tell, alarm: Kept) -> (Tell, Sent) {
    let targets = &state.options().targets;
    let id = format!("alarm-{environment}-{}-{}", alarm.id, tell.what.as_str());
    let sent = if let Some(target) = targets.webhooks.get(&tell.target) {
        send(target, &id, &body(&environment, &tell, &alarm).to_string()).await
    } else if let Some(target) = targets.mail.get(&tell.target) {
        let link = targets.public_url.as_ref().map(|url| link(url.as_str(), &environment));
        let subject = format!("[downhaul {environment}] {}", title(&alarm, &tell));
        mail(target, &Letter { id: &id, subject: &subject, text: &text(&environment, &tell, &alarm, link.as_deref()) })
            .await
    } else {
        Sent::Refused { why: "the targets file no longer names it".to_owned() }
    };
    (tell, sent)
}

fn link(url: &str, environment: &str) -> String {
    format!("{}/e/{environment}/alarms", url.trim_end_matches('/'))
}

fn body(environment: &str, tell: &Tell, alarm: &Kept) -> Value {
    let cause = &alarm.cause;
    let data = json!({
        "environment": environment, "alarm": alarm.id, "state": tell.what.as_str(), "about": cause.about,
        "flag": cause.flag, "owner": cause.owner, "guard": cause.guard, "message": cause.message, "also": cause.also,
        "revision": cause.revision, "at": cause.since, "look": cause.look, "back": cause.act, "runbooks": cause.runbooks,
        "acknowledge": format!("downhaul alarms acknowledge {}", alarm.id),
        "recovered": alarm.recovered, "shown_by": alarm.shown_by,
    });
    let at = alarm.recovered.as_deref().unwrap_or(&alarm.raised);
    json!({ "type": "downhaul.alarm", "timestamp": at, "data": data })
}

/// Plain text: it is read on a telephone at night.
fn text(environment: &str, tell: &Tell, alarm: &Kept, link: Option<&str>) -> String {
    let cause = &alarm.cause;
    let mut lines = vec![
        title(alarm, tell),
        String::new(),
        format!("Environment: {environment}"),
        format!("Since: {}", cause.since),
    ];
    lines.extend(cause.owner.iter().map(|owner| format!("Owner: {owner}")));
    lines.extend(cause.also.iter().map(|also| format!("Also: {also}")));
    match (&alarm.recovered, &alarm.shown_by) {
        (Some(at), Some(shown)) => lines.push(format!("Over at {at}: {shown}")),
        _ => {
            lines.push(String::new());
            lines.push(format!("Look: {}", cause.look));
            lines.extend(cause.act.iter().map(|act| format!("Act: {act}")));
            lines.extend(cause.runbooks.iter().map(|release| format!("Runbook: downhaul rollback {release}")));
            lines.push(format!("Acknowledge: downhaul alarms acknowledge {}", alarm.id));
        }
    }
    lines.extend(link.iter().map(|link| format!("\n{link}")));
    lines.join("\n") + "\n"
}
