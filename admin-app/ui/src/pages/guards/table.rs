use super::course::Course;
use crate::backend::api;
use crate::components::{FailureCard, Icon, Swatches, Variant};
use crate::hooks::{clock, use_asked, use_console};
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::guard::{self, AGAIN_MS, by_urgency, failed, has_spoken, moment, standing, watches};
use crate::words::number::count;
use crate::words::text::common;
use crate::words::text::guards as text;
use downhaul_control::api::GuardView;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct OfFlagProps {
    pub environment: AttrValue,
    pub flag: String,
}

/// The guards of one flag, on its page.
#[function_component]
pub fn OfFlag(props: &OfFlagProps) -> Html {
    let (asked, _) = use_asked(api::guards(&props.environment, Some(&props.flag)), AGAIN_MS);
    let all = Route::Guards { environment: props.environment.to_string() };
    let body = match &asked.slot {
        Slot::Failed(failure) => {
            return html! { <FailureCard failure={failure.clone()} what={text::WHAT_THE_GUARDS_SAY} /> };
        }
        Slot::Loading => {
            html! { <div class="pad stack" aria-busy="true"><i class="skel w-80"></i><i class="skel w-60"></i></div> }
        }
        Slot::Ready(page) => {
            html! { <Guarded environment={props.environment.clone()} guards={by_urgency(page)} names_flags=false cursor={None::<usize>} /> }
        }
    };
    html! {
        <section class="card" id="guards" data-test="flag-guards">
            <header><Icon name="shield" /><h2>{ text::GUARDS_HEAD }</h2><p>{ text::WHAT_WATCHES_ITS_VARIANTS_MINUTE_BY }</p>
                <Link<Route> to={all} classes="end small">{ text::ALL_GUARDS }</Link<Route>></header>
            { body }
        </section>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct GuardedProps {
    pub environment: AttrValue,
    pub guards: Vec<GuardView>,
    /// Whether each says of which flag it is.
    pub names_flags: bool,
    pub cursor: Option<usize>,
}

/// One row for each guard.
#[function_component]
pub fn Guarded(props: &GuardedProps) -> Html {
    html! {
        <div class="tablewrap"><table class="table compact guards">
            <thead><tr><th>{ text::GUARD }</th><th>{ common::HOW_IT_STANDS }</th><th>{ text::EVIDENCE_OF_HARM }</th><th>{ text::FAILED }</th>if props.names_flags { <th>{ text::DOES }</th> }</tr></thead>
            <tbody>{ for props.guards.iter().enumerate().map(|(at, each)| html! {
                <Row key={format!("{}/{}", each.flag, each.name)} environment={props.environment.clone()} guard={each.clone()} names_flag={props.names_flags} {at} is_focus={props.cursor == Some(at)} />
            }) }</tbody>
        </table></div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct RowProps {
    environment: AttrValue,
    guard: GuardView,
    names_flag: bool,
    at: usize,
    is_focus: bool,
}

#[function_component]
fn Row(props: &RowProps) -> Html {
    let console = use_console();
    let (now, offset) = (clock::now(), clock::offset());
    let guard = &props.guard;
    let judged = &guard.judged;
    let swatches = console
        .live
        .document
        .ready()
        .and_then(|document| document.flag(&guard.flag).map(Swatches::of))
        .unwrap_or_default();
    let (chip, class) = standing(guard);
    let environment = || props.environment.to_string();
    let does = html! {
        <>
            <span class="blk">{ guard::does(guard) }</span>
            if guard.role == "signal" { <small class="faint blk">{ text::A_SIGNAL_IT_ONLY_EVER_PAUSES }</small> }
            if let Some(acted) = &guard.acted {
                <small class="blk" data-test="guard-acted">{ text::it_acted_at(&moment(&acted.at, now, offset)) }
                    <Link<Route> to={Route::ChartEntry { environment: environment(), revision: acted.revision }}>{ common::revision_revision(&count(acted.revision)) }</Link<Route>></small>
            }
        </>
    };
    html! {
        <tr class={classes!(props.is_focus.then_some("is-focus"))} data-row={props.at.to_string()} data-test={format!("guard-{}-{}", guard.flag, guard.name)}
            data-standing={judged.standing.clone()} data-buckets={judged.buckets.to_string()} data-dry-run={guard.dry_run.to_string()}>
            <td>if props.names_flag { <Link<Route> to={Route::Flag { environment: environment(), key: guard.flag.clone() }} classes="key">{ &guard.flag }</Link<Route>>{ " " } }
                <span class={if props.names_flag { "mono muted" } else { "key" }}>{ &guard.name }</span>
                <small class="muted blk">{ watches(guard) }</small>
                // The page of a flag has less room.
                if !props.names_flag { { does.clone() } }</td>
            <td data-l={common::HOW_IT_STANDS}><span class="chips"><span class={classes!("chip", class)} data-test="guard-standing">{ chip }</span>if guard.dry_run { <span class="chip line">{ text::DRY_RUN }</span> }</span>
                <small class="muted blk">{ guard::how_it_stands(guard, now, offset) }</small></td>
            <td data-l={text::EVIDENCE_OF_HARM} class="wide"><b class={classes!(has_spoken(guard).then_some("danger-ink"))}>{ guard::evidence(&judged.evidence) }</b>
                <Course guard={guard.clone()} />
                <small class="faint blk" title={guard.since.clone()}>{ text::length_since_moment(&guard::length(guard, judged.buckets), &moment(&guard.from, now, offset)) }</small></td>
            <td data-l={text::FAILED} class="nowrap wide">
                <span class="blk"><Variant name={guard.variant.clone()} swatches={swatches.clone()} />{ " " }{ failed(judged.failed, judged.units) }</span>
                if let Some(against) = &guard.against {
                    <span class="blk muted"><Variant name={against.clone()} {swatches} />{ " " }{ failed(judged.control_failed, judged.control_units) }</span>
                }
            </td>
            if props.names_flag { <td data-l={text::DOES}>{ does }</td> }
        </tr>
    }
}
