use crate::backend::api;
use crate::components::{CardSkeleton, FailureCard, Icon, Sign, Swatches, Variant};
use crate::hooks::{use_asked, use_console};
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::breaker::{AGAIN_MS, Breaker, breakers, untold};
use crate::words::number::{count, or_dash};
use crate::words::text::common;
use crate::words::text::fleet as text;
use crate::words::time::age;
use downhaul_control::api::BreakerPage;
use downhaul_core::document::FlagSet;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct BreakersProps {
    pub environment: AttrValue,
}

/// Which clients have turned flags off for themselves, as they told of it.
#[function_component]
pub fn Breakers(props: &BreakersProps) -> Html {
    let live = use_console().live;
    let (asked, _) = use_asked(api::breakers(&props.environment), AGAIN_MS);
    let (page, document) = match (&asked.slot, &live.document) {
        (Slot::Ready(page), Slot::Ready(document)) => (page, document),
        (Slot::Failed(failure), _) | (_, Slot::Failed(failure)) => {
            return html! { <FailureCard failure={failure.clone()} what={text::WHAT_THE_BREAKERS_DO} /> };
        }
        (Slot::Loading | Slot::Ready(_), _) => return html! { <CardSkeleton lines=3 /> },
    };
    let all = breakers(page);
    let open = all.iter().filter(|breaker| breaker.is_open()).count();
    let untold = untold(document, page);
    html! {
        <section class="card" data-test="breakers" data-open={open.to_string()}>
            <header><Sign name="degraded" /><h2>{ text::BREAKERS }</h2><p>{ text::CLIENTS_THAT_TURNED_TO_THE_DEGRADED }</p>
                if !all.is_empty() { <span class={classes!("end", "small", if open > 0 { "warn-ink" } else { "muted" })}>{ text::count_open(&count(open as u64)) }</span> }</header>
            if !all.is_empty() { { table(&props.environment, page, document, &all) } }
            if all.is_empty() && untold.is_empty() {
                <p class="pad muted" data-test="breakers-none">{ text::NO_FLAG_HERE_HAS_A_BREAKER }<code>{ text::BREAKER }</code>{ text::IN_A_FLAG_CLIENTS_TURN_IT }<code>{ text::CLIENT_GUARD }</code>{ text::IN_THE_CODE_SAYS_WHAT_THAT }</p>
            }
            if !untold.is_empty() { { silent(&props.environment, &untold) } }
            if !all.is_empty() { <footer class="small muted"><span class="grow">{ about(page) }</span></footer> }
        </section>
    }
}

fn about(page: &BreakerPage) -> String {
    let kept = text::AS_CLIENTS_TOLD_WITHIN_THE_LAST;
    // A server that was just started has not been told all of it.
    if page.listening_seconds >= u64::from(page.minutes) * 60 {
        return kept.to_owned();
    }
    text::this_server_has_listened_for_only(&kept, &age((page.listening_seconds.max(1) * 1000) as f64))
}

fn table(environment: &AttrValue, page: &BreakerPage, document: &FlagSet, all: &[Breaker]) -> Html {
    let calls = text::calls_minutes_min(&page.minutes);
    html! {
        <div class="tablewrap"><table class="table compact">
            <thead><tr><th>{ text::FLAG_VARIANT }</th><th>{ text::STATE }</th><th>{ text::WHERE }</th><th>{ text::OPEN_FOR }</th><th>{ calls.clone() }</th><th><span class="sr">{ common::ACTIONS }</span></th></tr></thead>
            <tbody>{ for all.iter().map(|breaker| row(environment, document, breaker, &calls)) }</tbody>
        </table></div>
    }
}

fn row(environment: &AttrValue, document: &FlagSet, breaker: &Breaker, calls: &str) -> Html {
    let swatches = document.flag(&breaker.flag).map(Swatches::of).unwrap_or_default();
    let key = || breaker.flag.clone();
    let open_for = breaker.open_for_ms.map(|ms| age((ms as f64).max(1000.0)));
    html! {
        <tr key={format!("{}/{}", breaker.flag, breaker.variant)} data-test={format!("breaker-{}-{}", breaker.flag, breaker.variant)} data-open={breaker.open.to_string()} data-half-open={breaker.half_open.to_string()} data-clients={breaker.instances.to_string()}>
            <td><Link<Route> to={Route::Flag { environment: environment.to_string(), key: key() }} classes="key">{ key() }</Link<Route>>{ " " }<Variant name={breaker.variant.clone()} {swatches} />
                if !breaker.causes.is_empty() { <small class="faint blk">{ breaker.causes.join(", ") }</small> }</td>
            <td data-l={text::STATE}><span class="chips">{ for breaker.states().into_iter().map(|(class, words)| html! { <span class={classes!("chip", class)}>{ words }</span> }) }
                if breaker.instances == 0 { <span class="faint">{ text::NOBODY_TELLS_NOW }</span> }</span></td>
            <td data-l={text::WHERE}>{ for breaker.places.iter().map(|place| html! { <span class="blk">{ place }</span> }) }</td>
            <td data-l={text::OPEN_FOR} class="nowrap">{ or_dash(open_for, String::from) }</td>
            <td data-l={calls.to_owned()}>{ text::to_the_fallback(&count(breaker.degraded)) }<small class="faint blk">{ text::failed_of_tried(&count(breaker.failed), &count(breaker.failed.saturating_add(breaker.ok))) }</small></td>
            <td class="num"><Link<Route> to={Route::Kill { environment: environment.to_string(), key: key() }} classes="btn s kill calm">
                <span aria-hidden="true">{ common::KILL }</span><span class="sr">{ text::kill_opens_the_kill_control(&breaker.flag) }</span></Link<Route>></td>
        </tr>
    }
}

/// Flags with a breaker of which no client tells: nothing is known of these, least of all that all is well.
fn silent(environment: &AttrValue, flags: &[String]) -> Html {
    html! {
        <p class="pad muted" data-test="breakers-untold"><Icon name="info" small=true />{ text::NO_CLIENT_TELLS_OF }
            { for flags.iter().enumerate().map(|(at, key)| html! { <>{ if at > 0 { ", " } else { "" } }<Link<Route> to={Route::Flag { environment: environment.to_string(), key: key.clone() }}>{ key }</Link<Route>></> }) }
            { if flags.len() == 1 { text::WHICH_HAS_A_BREAKER } else { text::WHICH_HAVE_BREAKERS } }{ text::A_CLIENT_DOES_WHERE_THE_APPLICATION }<code>{ text::DOWNHAUL_TELEMETRY }</code>{ "." }</p>
    }
}
