use crate::backend::{Failure, api};
use crate::components::Icon;
use crate::hooks::{clock, use_console, use_now};
use crate::words::change::short_hash;
use crate::words::number::{count, counted};
use crate::words::text::chart as text;
use crate::words::text::common;
use crate::words::time::ago;
use downhaul_control::api::{VerifyReport, VerifyStatus};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ProofProps {
    /// As the newest page of the chart gives it.
    pub head: String,
    pub revision: Option<u64>,
}

#[derive(Debug, Clone, PartialEq)]
enum Check {
    Not,
    Running,
    Done(VerifyReport, f64),
    Failed(Failure),
}

/// The chain: its head, and whether replaying it gives the same flag set.
#[function_component]
pub fn Proof(props: &ProofProps) -> Html {
    let console = use_console();
    let check = use_state(|| Check::Not);
    let now = use_now(if matches!(*check, Check::Done(..)) { 10_000 } else { 0 });
    let run = {
        let (console, check) = (console.clone(), check.clone());
        Callback::from(move |_: MouseEvent| {
            let (console, check) = (console.clone(), check.clone());
            check.set(Check::Running);
            spawn_local(async move {
                check.set(match api::verify(&console.backend, &console.live.environment).await {
                    Ok(report) => Check::Done(report, clock::now()),
                    Err(failure) => {
                        console.failed(&failure);
                        Check::Failed(failure)
                    }
                });
            });
        })
    };
    let button = |label: &str| {
        html! {
            <button class="btn s" data-test="chart-verify" disabled={*check == Check::Running} onclick={run.clone()}>
                if *check == Check::Running { <span class="spin" aria-hidden="true"></span> } else { <Icon name="shieldcheck" small=true /> }
                { label }
            </button>
        }
    };
    match &*check {
        Check::Not | Check::Running => html! {
            <div class="proofline plain"><Icon name="shield" />
                <span class="grow">{ text::THE_CHAIN_HAS_NOT_BEEN_VERIFIED }</span><Head head={props.head.clone()} />{ button(text::VERIFY_THE_CHAIN) }</div>
        },
        Check::Failed(failure) => html! {
            <div class="banner warn" role="alert"><Icon name="alert" /><p><b>{ text::THE_CHAIN_COULD_NOT_BE_VERIFIED }</b>{ failure.title() }{ ". " }{ failure.help() }</p>{ button(common::TRY_AGAIN) }</div>
        },
        Check::Done(report, at) => match (report.status, &report.fault) {
            (VerifyStatus::Verified, _) => html! {
                <div class="proofline" role="status" data-test="verify-result" data-status="verified"><Icon name="shieldcheck" />
                    <span class="grow"><b class="ok-ink">{ text::CHAIN_VERIFIED }</b>
                        { text::replayed_to_the_same_flag_set(&counted(usize::try_from(report.changes).unwrap_or(usize::MAX), text::CHANGE, text::CHANGES), &ago(now - at)) }</span>
                    <Head head={report.head.clone()} />{ button(text::VERIFY_AGAIN) }</div>
            },
            (VerifyStatus::Broken, fault) => html! {
                <div class="banner danger" role="alert" data-test="verify-result" data-status="broken"><Icon name="alert" />
                    <p>
                        if let Some(fault) = fault {
                            <b>{ text::the_chain_breaks_at_revision(&count(fault.revision)) }</b>{ format!("{}. {}. ", fault.message, fault.help) }
                        } else { <b>{ text::THE_CHAIN_IS_BROKEN }</b> }
                        { text::KILLS_STILL_WORK_KEEP_THE_DATA }
                    </p>{ button(text::VERIFY_AGAIN) }</div>
            },
        },
    }
}

#[derive(Debug, Properties, PartialEq)]
struct HeadProps {
    head: String,
}

#[function_component]
fn Head(props: &HeadProps) -> Html {
    let copied = use_state(|| false);
    if props.head.is_empty() {
        return Html::default();
    }
    let copy = {
        let (copied, head) = (copied.clone(), props.head.clone());
        Callback::from(move |_: MouseEvent| {
            let (copied, head) = (copied.clone(), head.clone());
            spawn_local(async move {
                let Some(window) = web_sys::window() else { return };
                copied.set(JsFuture::from(window.navigator().clipboard().write_text(&head)).await.is_ok());
            });
        })
    };
    html! {
        <span class="small muted row">{ text::HEAD }<code title={props.head.clone()} data-test="chart-head" data-head={props.head.clone()}>{ format!("sha256:{}", short_hash(&props.head)) }</code>
            <button class="iconbtn" aria-label={if *copied { text::HEAD_COPIED } else { text::COPY_HEAD }} onclick={copy}><Icon name={if *copied { "check" } else { "copy" }} small=true /></button></span>
    }
}
