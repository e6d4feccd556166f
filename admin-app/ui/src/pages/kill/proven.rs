use crate::backend::api;
use crate::components::{Icon, ReadySkeleton};
use crate::hooks::{clock, use_asked};
use crate::state::live::Slot;
use crate::words::kill::latency;
use crate::words::text::kill as text;
use crate::words::time::{ago, parse};
use downhaul_control::api::{DueView, HeartbeatView};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ProvenProps {
    pub environment: AttrValue,
    pub flag: String,
}

/// How long a kill takes to reach everyone, and when somebody last pulled this one: known before it is needed. What cannot be
/// asked leaves nothing out that a kill needs.
#[function_component]
pub fn Proven(props: &ProvenProps) -> Html {
    let (heartbeat, _) = use_asked(api::heartbeat(&props.environment), 0);
    let (due, _) = use_asked(api::drills_due(&props.environment), 0);
    let heartbeat = match &heartbeat.slot {
        Slot::Ready(view) => beats(view),
        Slot::Failed(failure) => unknown(text::HOW_LONG_A_KILL_TAKES, &failure.title()),
        Slot::Loading => html! { <ReadySkeleton lines=2 /> },
    };
    let drills = match &due.slot {
        Slot::Ready(due) => {
            drilled(due.subjects.iter().find(|subject| subject.subject.flag.as_ref() == Some(&props.flag)))
        }
        Slot::Failed(failure) => unknown(text::WHEN_IT_WAS_LAST_DRILLED, &failure.title()),
        Slot::Loading => html! { <ReadySkeleton lines=1 /> },
    };
    html! { <>{ heartbeat }{ drills }</> }
}

fn beats(view: &HeartbeatView) -> Html {
    if view.beats.is_empty() {
        return html! {
            <div class="ready" data-test="proven-heartbeat" data-known="false"><Icon name="clock" class="soft" />
                <span>{ text::HOW_LONG_A_KILL_TAKES }{ text::IS_NOT_KNOWN }</span>
                <small>{ text::NO_HEARTBEAT_HAS_MEASURED_IT }</small></div>
        };
    }
    html! {
        <div class="ready" data-test="proven-heartbeat" data-known="true"><Icon name="check" class="good" />
            <span>{ text::half_hear_a_kill_within(&latency(view.p50_ms), &latency(view.p99_ms)) }</span>
            <small>{ text::BY_THE_LAST_HEARTBEATS }</small></div>
    }
}

fn drilled(subject: Option<&DueView>) -> Html {
    let last = subject.and_then(|subject| subject.last.as_ref());
    let when = last.and_then(|last| parse(&last.at)).map(|at| ago(clock::now() - at));
    let (known, icon, class) = if last.is_some() { ("true", "check", "good") } else { ("false", "alert", "soft") };
    html! {
        <div class="ready" data-test="proven-drill" data-known={known}><Icon name={icon} {class} />
            <span>{ match (last, when) {
                (Some(last), Some(when)) => text::drilled_when_by(&when, &last.by),
                _ => text::NEVER_DRILLED.to_owned(),
            } }</span>
            <small>{ subject.filter(|subject| subject.due).map_or(text::THE_WAY_BACK_AS_A_DRILL_GOES_IT, |_| text::A_DRILL_IS_DUE) }</small></div>
    }
}

fn unknown(what: &'static str, why: &str) -> Html {
    html! { <div class="ready"><Icon name="alert" class="soft" /><span>{ what }{ text::IS_NOT_KNOWN }</span><small>{ why }</small></div> }
}
