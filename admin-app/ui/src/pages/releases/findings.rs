use crate::backend::{Failure, api};
use crate::components::Icon;
use crate::hooks::use_console;
use crate::words::number::count;
use crate::words::text::releases as text;
use downhaul_control::api::{ReleaseReport, ReleaseView};
use downhaul_core::diagnostic::Severity;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// What a check found, once it is there. Asked for when the release is looked at and whenever it was put again; the
/// server queries metrics for it, so not at every change.
#[hook]
pub fn use_report(
    environment: AttrValue,
    release: String,
    revision: u64,
) -> Option<Result<Rc<ReleaseReport>, Failure>> {
    let console = use_console();
    let report = use_state(|| None::<Result<Rc<ReleaseReport>, Failure>>);
    {
        let report = report.clone();
        let again = console.live.again;
        use_effect_with((environment, release, revision, again), move |(environment, release, ..)| {
            if matches!(*report, Some(Err(_))) {
                report.set(None);
            }
            let (environment, release) = (environment.to_string(), release.clone());
            spawn_local(async move {
                let found = find(&console.backend, environment, &release).await;
                if let Err(failure) = &found {
                    console.failed(failure);
                }
                report.set(Some(found.map(Rc::new)));
            });
        });
    }
    (*report).clone()
}

async fn find(backend: &crate::backend::Handle, environment: String, release: &str) -> Result<ReleaseReport, Failure> {
    let view: ReleaseView = api::release(&environment, release).send(backend).await?;
    api::check_release(backend.clone(), environment, view.release).await
}

#[derive(Debug, Properties, PartialEq)]
pub struct ReadinessProps {
    pub environment: AttrValue,
    pub release: String,
    /// At which it was put.
    pub revision: u64,
}

/// In a list: ready, or how much is missing.
#[function_component]
pub fn Readiness(props: &ReadinessProps) -> Html {
    match use_report(props.environment.clone(), props.release.clone(), props.revision) {
        None => html! { <i class="skel w-60" aria-label={text::BEING_CHECKED}></i> },
        Some(Err(failure)) => {
            html! { <span class="faint" title={failure.help()}>{ text::COULD_NOT_BE_CHECKED }</span> }
        }
        Some(Ok(report)) => chip(&report),
    }
}

pub fn chip(report: &ReleaseReport) -> Html {
    let missing = report.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let hints = report.findings.len() - missing;
    let state = if report.ready { "ready" } else { "missing" };
    html! {
        <span class="row wrap" data-test="readiness" data-state={state} data-missing={missing.to_string()}>
            if report.ready { <span class="chip ok"><Icon name="check" />{ text::READY }</span> }
            else { <span class="chip warn"><Icon name="alert" />{ text::count_missing(&count(missing as u64)) }</span> }
            if hints > 0 { <small class="faint">{ text::count_to_look_at(&count(hints as u64)) }</small> }
        </span>
    }
}
