use crate::backend::Failure;
use crate::components::{FailureCard, Icon, SentenceText};
use crate::words::change::{marked, short_hash};
use crate::words::message::capital;
use crate::words::number::{count, counted};
use crate::words::text::common;
use crate::words::text::releases as text;
use crate::words::time::stopwatch;
use downhaul_control::api::ReleaseReport;
use downhaul_core::diagnostic::Severity;
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ArtifactsProps {
    pub release: Value,
}

/// What was put out, and exactly what a rollback puts back.
#[function_component]
pub fn Artifacts(props: &ArtifactsProps) -> Html {
    let one = |name: &str, artifact: Option<&Value>, none: &str| {
        html! {
            <div class="stat"><span class="k">{ name }</span>
                if let Some(artifact) = artifact {
                    <span class="wrapany">{ text(artifact, "/reference") }</span><code class="faint" title={text(artifact, "/digest")}>{ digest(&text(artifact, "/digest")) }</code>
                } else { <span class="warn-ink">{ none }</span> }
            </div>
        }
    };
    html! {
        <section class="card"><header><h2>{ text::ARTIFACTS }</h2><p>{ text::THE_DIGEST_DECIDES_A_NAME_MAY }</p></header>
            <div class="stats">
                { one(text::PUT_OUT, props.release.get("artifact"), text::NOT_GIVEN) }
                { one(text::PUT_BACK_BY_A_ROLLBACK, props.release.get("previous").filter(|previous| !previous.is_null()), text::NONE_THERE_IS_NOTHING_TO_GO) }
            </div></section>
    }
}

fn digest(digest: &str) -> String {
    match digest.split_once(':') {
        Some((kind, hash)) => format!("{kind}:{}", short_hash(hash)),
        None => digest.to_owned(),
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct ChecklistProps {
    pub release: Value,
    /// What is missing, once it was checked.
    pub report: Option<Result<Rc<ReleaseReport>, Failure>>,
    pub step_count: usize,
}

/// The plan on one screen: what is missing first, then what it stands on.
#[function_component]
pub fn Checklist(props: &ChecklistProps) -> Html {
    let findings = props.report.iter().flatten().flat_map(|report| report.findings.iter());
    html! {
        <section class="card">
            <header><h2>{ text::ROLLBACK_PLAN }</h2><span class="end">
                { match &props.report {
                    Some(Ok(report)) => super::findings::chip(report),
                    Some(Err(_)) => html! { <span class="chip warn"><Icon name="alert" />{ text::COULD_NOT_BE_CHECKED }</span> },
                    None => html! { <i class="skel w-60" aria-label={text::BEING_CHECKED}></i> },
                } }
            </span></header>
            if let Some(Err(failure)) = &props.report { <div class="pad tight"><FailureCard is_line=true failure={failure.clone()} what={text::WHAT_IS_MISSING} /></div> }
            <ul class="checklist">
                { for findings.map(|finding| {
                    let words = match finding.code.as_str() {
                        // Its own help is for whoever runs the command, and told it not to look.
                        "artifact-unchecked" => text::THE_SERVER_DOES_NOT_LOOK.to_owned(),
                        _ => format!("{}. {}", capital(&finding.message), capital(&finding.help)),
                    };
                    let (class, word) = if finding.severity == Severity::Error { ("miss", text::AMID_MISSING) } else { ("look", text::LOOK_AT_IT) };
                    html! {
                        <li class={class} data-test="release-finding" data-code={finding.code.clone()}><Icon name={if class == "miss" { "alert" } else { "info" }} />
                            <span><b>{ capital(&finding.item) }</b><em>{ word }</em></span>
                            <p><SentenceText sentence={marked(&words)} /></p></li>
                    }
                }) }
                { for facts(&props.release, props.step_count).into_iter().map(|(name, value)| html! {
                    <li class="fact"><Icon name="ball" /><span>{ name }<em>{ value }</em></span></li>
                }) }
            </ul>
            <footer><div class="cmd grow"><code>{ format!("downhaul release check {}.yaml", text(&props.release, "/key")) }</code></div>
                <p class="small faint">{ text::IT_ALSO_LOOKS_WHETHER_THE_ARTIFACTS }</p></footer>
        </section>
    }
}

fn facts(release: &Value, step_count: usize) -> Vec<(&'static str, String)> {
    let or = |text: String, none: &str| if text.is_empty() { none.to_owned() } else { text };
    let names = |pointer: &str, words: fn(&Value) -> String| {
        or(list(release, pointer).iter().map(words).collect::<Vec<_>>().join(", "), text::AMID_NONE)
    };
    let (target, contact) = (text(release, "/escalation/target"), text(release, "/escalation/contact"));
    let called = if contact.is_empty() { target } else { text::contact_by_target(&contact, &target) };
    let is_written = release.get("runbook").is_some_and(|runbook| !runbook.is_null());
    let mut facts = vec![
        (common::OWNER, or(text(release, "/owner"), common::NOBODY)),
        (text::CALLED_FOR_HELP, or(called, common::NOBODY)),
        (
            text::CONFIG_REVISION,
            release.get("config_revision").and_then(Value::as_u64).map_or_else(|| text::NOT_GIVEN.to_owned(), count),
        ),
        (text::DATA, data(&text(release, "/data_change")).to_owned()),
        (common::FLAGS_HEAD, names("/flags", |flag| flag.as_str().unwrap_or_default().to_owned())),
        (text::CACHES, names("/caches", cache)),
        (text::JOBS, names("/jobs", |job| text(job, "/name"))),
        (text::REVERSIBILITY, or(text(release, "/reversibility"), "rollback-safe")),
        (text::OBJECTIVE, stopwatch(objective(release) * 1000.0).0),
        (
            text::RUNBOOK,
            format!(
                "{}, {}",
                counted(step_count, text::STEP, text::STEPS),
                if is_written { text::AS_WRITTEN } else { text::AS_IT_FOLLOWS_FROM_THE_REST }
            ),
        ),
    ];
    for metric in list(release, "/recovery") {
        let seconds = metric.get("for_seconds").and_then(Value::as_u64).unwrap_or(60);
        let (name, condition, query) = (text(metric, "/name"), text(metric, "/condition"), text(metric, "/query"));
        facts.push((
            text::PROVES_RECOVERY,
            text::name_condition_for_seconds_s_query(&name, &condition, &count(seconds), &query),
        ));
    }
    facts
}

fn objective(release: &Value) -> f64 {
    release.get("objective_seconds").and_then(Value::as_f64).unwrap_or(300.0)
}

fn cache(cache: &Value) -> String {
    match cache.get("lag_seconds").and_then(Value::as_u64) {
        Some(lag) => text::up_to_s(&text(cache, "/name"), &count(lag)),
        None => text::nobody_knows_for_how_long(&text(cache, "/name")),
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn data(change: &str) -> &str {
    match change {
        "" => text::NOT_GIVEN,
        "none" => text::READS_ONLY_OR_WRITES_AS_BEFORE,
        "additive" => text::ADDS_DATA_THAT_THE_OLD_CODE,
        "dual-write" => text::WRITES_THE_OLD_AND_THE_NEW,
        "new-only" => text::WRITES_WHAT_ONLY_THE_NEW_CODE,
        "irreversible" => text::CANNOT_BE_TAKEN_BACK,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(release: &Value, expected: &[&str]) {
        let told: Vec<String> = facts(release, 2)
            .into_iter()
            .map(|(name, value)| format!("{name}: {value}").replace('\u{202F}', " "))
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_not_told_is_said_to_be() {
        let bare = [
            "Owner: nobody",
            "Called for help: nobody",
            "Config revision: not given",
            "Data: not given",
            "Flags: none",
            "Caches: none",
            "Jobs: none",
            "Reversibility: rollback-safe",
            "Objective: 5:00",
            "Runbook: 2 steps, as it follows from the rest",
        ];
        check(&json!({ "key": "a" }), &bare);
        let whole = json!({
            "owner": "payments", "escalation": { "target": "pager", "contact": "on duty" }, "config_revision": 1831,
            "data_change": "additive", "flags": ["a", "b"], "caches": [{ "name": "cdn", "lag_seconds": 60 }, { "name": "app" }],
            "jobs": [{ "name": "invoices" }], "reversibility": "forward-fix-only", "objective_seconds": 90, "runbook": { "steps": [] },
            "recovery": [{ "name": "errors", "query": "rate(errors[1m])", "condition": "< 0.01" }],
        });
        let told = [
            "Owner: payments",
            "Called for help: on duty, by pager",
            "Config revision: 1 831",
            "Data: adds data that the old code ignores",
            "Flags: a, b",
            "Caches: cdn (up to 60 s), app (nobody knows for how long)",
            "Jobs: invoices",
            "Reversibility: forward-fix-only",
            "Objective: 1:30",
            "Runbook: 2 steps, as written",
            "Proves recovery: errors < 0.01 for 60 s: rate(errors[1m])",
        ];
        check(&whole, &told);
    }
}
