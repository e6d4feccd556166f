use super::curve::Curve;
use crate::components::{Icon, Lamps, Placed};
use crate::hooks::{clock, use_now, use_throttled};
use crate::words::kill;
use crate::words::number::{count, counted, ratio};
use crate::words::text::common;
use crate::words::text::kill as text;
use crate::words::time::{age, stopwatch};
use downhaul_control::api::Progress;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct WatchProps {
    pub progress: Progress,
    /// When this state of it arrived, on the monotonic clock.
    pub received: f64,
    /// Epoch milliseconds.
    pub killed_at: Option<f64>,
    pub in_force: bool,
}

/// A stopwatch says little after that.
const LONG_AGO: f64 = 3_600_000.0;

/// Stopwatch, clients dark of clients live, and how fast they were.
#[function_component]
pub fn Watch(props: &WatchProps) -> Html {
    let progress = &props.progress;
    let announced = use_throttled(kill::announcement(progress), 2_000.0);
    let percent = ratio(progress.dark, progress.live);
    html! {
        <div class="watch">
            <div>
                <Stopwatch elapsed_ms={progress.elapsed_ms} received={props.received} killed_at={props.killed_at}
                    stopped={(progress.complete || !props.in_force).then_some(progress.slowest_ms).flatten()} in_force={props.in_force} />
                <div class="pcts">
                    { for [("p50", progress.p50_ms), ("p99", progress.p99_ms), ("slowest", progress.slowest_ms)].into_iter().map(|(name, ms)| html! {
                        <div class="stat"><span class="k">{ name }</span>
                            <span class="v" data-test={name} data-ms={ms.map(|ms| format!("{ms:.3}"))}>{ kill::latency(ms) }</span></div>
                    }) }
                </div>
                <p class="small faint">{ text::FROM_THE_SERVERS_COMMIT_TO_ITS }</p>
            </div>
            <div>
                <div class="row between wrap">
                    <p class="dark" data-test="clients-dark" data-dark={progress.dark.to_string()} data-live={progress.live.to_string()} data-dark-total={progress.dark_total.to_string()}>{ kill::dark(progress) }</p>
                    if progress.complete && progress.dark_total > 0 { <span class="chip ok" data-test="kill-complete"><Icon name="check" />{ text::COMPLETE }</span> }
                    else if let Some(remaining) = kill::remaining(progress) { <span class="chip warn"><Icon name="clock" />{ remaining }</span> }
                </div>
                <p class="sr" aria-live="polite">{ announced }</p>
                <div class={classes!("darkbar", (progress.live == 0).then_some("none"))} role="img" aria-label={text::percent_percent_dark(&percent)}><Placed width={Some(percent)} /></div>
                <Curve progress={progress.clone()} />
                <p class="small muted">{ shares(progress) }</p>
            </div>
        </div>
    }
}

fn shares(progress: &Progress) -> String {
    let part = |name: &str, dark: usize, live: usize| {
        text::name_dark_of_clients(&name, &count(dark as u64), &counted(live, text::CLIENT, text::CLIENTS))
    };
    let mut parts = vec![
        part(text::EDGE_AND_SERVER, progress.trusted.dark, progress.trusted.live),
        part(text::BROWSERS_WHICH_ONLY_CLAIM_IT, progress.claimed.dark, progress.claimed.live),
    ];
    if progress.dark_total > progress.dark {
        parts.push(text::went_dark_and_have_left_since(&count((progress.dark_total - progress.dark) as u64)));
    }
    parts.join("; ")
}

#[derive(Debug, Properties, PartialEq)]
struct StopwatchProps {
    elapsed_ms: f64,
    received: f64,
    killed_at: Option<f64>,
    /// The time at which it stopped: the last client was dark.
    stopped: Option<f64>,
    in_force: bool,
}

#[function_component]
fn Stopwatch(props: &StopwatchProps) -> Html {
    let runs = props.stopped.is_none() && props.in_force;
    let now = use_now(if runs { 100 } else { 1_000 });
    let elapsed = props.elapsed_ms + (clock::monotonic() - props.received).max(0.0);
    let since = props.killed_at.map_or(elapsed, |at| (now - at).max(elapsed));
    if let Some(stopped) = props.stopped {
        let (number, unit) = split_unit(&kill::latency(Some(stopped)));
        return html! {
            <>
                <div class="clock" role="timer" data-test="stopwatch" data-state="stopped">{ number }<small>{ unit }</small></div>
                <p class="muted">{ text::until_the_last_client_was_dark(&age(since.max(1000.0))) }</p>
            </>
        };
    }
    let (whole, tenth) = stopwatch(elapsed);
    html! {
        <>
            if since > LONG_AGO {
                <div class="clock" role="timer" data-test="stopwatch">{ age(since) }</div>
            } else {
                <div class="clock" role="timer" data-test="stopwatch" data-state="running" aria-label={text::seconds_since_the_kill(&(elapsed / 1000.0))}>{ whole }<small>{ tenth }</small></div>
            }
            <p class="muted">{ text::SINCE_THE_KILL }</p>
        </>
    }
}

/// `84 ms` as `84` and ` ms`; `3:12` stays whole.
fn split_unit(text: &str) -> (String, String) {
    match text.split_once('\u{202F}') {
        Some((number, unit)) => (number.to_owned(), format!("\u{202F}{unit}")),
        None => (text.to_owned(), String::new()),
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct RegionsProps {
    pub progress: Progress,
}

/// Lamps by region: dark ones have applied the kill.
#[function_component]
pub fn Regions(props: &RegionsProps) -> Html {
    let progress = &props.progress;
    if progress.by_region.is_empty() {
        return Html::default();
    }
    let per_lamp = per_lamp(progress.dark);
    html! {
        <div class="bt pad stack" data-test="by-region">
            <div class="row between wrap"><h3>{ common::BY_REGION }</h3>
                <span class="legend"><span><i class="dot lampdot"></i>{ text::clients_dark(&counted(per_lamp, text::CLIENT, text::CLIENTS)) }</span>
                    <span><i class="dot warn"></i>{ text::ONE_CLIENT_STILL_LIT }</span></span>
            </div>
            <div class="world">
                { for progress.by_region.iter().map(|(name, region)| {
                    let lit = region.live.saturating_sub(region.dark) + region.unknown;
                    html! {
                        <div class="regioncell" key={name.clone()}>
                            <header><b>{ if name.is_empty() { text::REGION_NOT_TOLD } else { name.as_str() } }</b>
                                <span class={if lit > 0 { "warn-ink" } else { "faint" }}>{ kill::region(region) }</span></header>
                            <Lamps dark={region.dark} {lit} {per_lamp} />
                            <span class="small faint">{ text::dark_of_unknown(&count(region.dark as u64), &count((region.live + region.unknown) as u64)) }</span>
                        </div>
                    }
                }) }
            </div>
        </div>
    }
}

/// As many clients to a lamp as keeps a fleet on one screen.
fn per_lamp(dark: usize) -> usize {
    match dark {
        0..=400 => 1,
        401..=2_000 => 5,
        2_001..=20_000 => 20,
        _ => 100,
    }
}
