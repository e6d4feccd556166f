use crate::backend::api;
use crate::components::{CardSkeleton, FailureCard, Icon, Placed};
use crate::hooks::{clock, use_asked};
use crate::state::live::Slot;
use crate::words::kill::latency;
use crate::words::number::{count, counted, ratio};
use crate::words::text::fleet as text;
use crate::words::time::{age, duration, hour, parse};
use downhaul_control::api::{BeatView, HeartbeatView};
use gloo::events::EventListener;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct HeartbeatProps {
    pub environment: AttrValue,
}

/// How long a kill takes to reach everyone, known before one is needed.
#[function_component]
pub fn Heartbeat(props: &HeartbeatProps) -> Html {
    let (asked, _) = use_asked(api::heartbeat(&props.environment), 10_000);
    let Slot::Ready(view) = &asked.slot else {
        return match &asked.slot {
            Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_HEARTBEAT} /> },
            Slot::Loading | Slot::Ready(_) => html! { <CardSkeleton lines=5 /> },
        };
    };
    html! {
        <section class="card" data-test="heartbeat" data-beats={view.beats.len().to_string()}>
            <header><h2>{ text::TIME_TO_REACH_EVERYONE }</h2><p>{ about(view) }</p></header>
            if let Some(paused) = &view.paused { <div class="banner warn flat"><Icon name="pause" /><p><b>{ text::NO_BEAT_NOW }</b>{ paused }</p></div> }
            { body(view) }
        </section>
    }
}

fn about(view: &HeartbeatView) -> String {
    match (&view.flag, view.every_seconds) {
        (Some(flag), Some(seconds)) => text::is_killed_and_restored_every(&flag, &age(f64::from(seconds) * 1000.0)),
        _ => text::NO_FLAG_IS_KILLED_AND_RESTORED.to_owned(),
    }
}

fn body(view: &HeartbeatView) -> Html {
    if view.flag.is_none() {
        return html! { <p class="pad muted">{ text::NAME_A_FLAG_ON_WHICH_NOTHING }<code>{ text::HEARTBEAT }</code>{ text::THEN_IT_IS_KNOWN_BEFORE_A }</p> };
    }
    if view.beats.is_empty() {
        return html! { <p class="pad muted">{ text::IT_HAS_NOT_BEATEN_SINCE_THE }</p> };
    }
    let missing: usize = view.beats.iter().map(|beat| beat.missing).sum();
    html! {
        <>
            <div class="stats">
                <div class="stat"><span class="k">{ text::P50_OF_ALL_BEATS }</span><span class="v">{ latency(view.p50_ms) }</span></div>
                <div class="stat"><span class="k">{ text::P99_OF_ALL_BEATS }</span><span class="v">{ latency(view.p99_ms) }</span></div>
                <div class="stat"><span class="k">{ text::SLOWEST }</span><span class="v">{ latency(view.slowest_ms) }</span></div>
                <div class="stat"><span class="k">{ counted(view.beats.len(), text::BEAT, text::BEATS) }</span><span class="v">{ count(missing as u64) }<small>{ text::ACKNOWLEDGEMENTS_MISSING }</small></span></div>
            </div>
            <Plot beats={view.beats.clone()} />
            { within(view) }
        </>
    }
}

/// How many had it within how long, as lengths.
fn within(view: &HeartbeatView) -> Html {
    let all = view.distribution.last().map_or(0, |last| last.acknowledgements);
    let width = |part: usize| Some(100.0 * part as f64 / all.max(1) as f64);
    html! {
        <div class="pad" data-test="heartbeat-distribution">
            { for view.distribution.iter().map(|each| {
                let words = text::acknowledgements_of_all_within_duration(&count(each.acknowledgements as u64), &count(all as u64), &duration(each.ms));
                html! {
                    <div class="revrow" key={each.ms.to_string()}><span class="trunc">{ text::within_duration(&duration(each.ms)) }</span>
                        <div class="share" role="img" aria-label={words}><Placed class="rv-0" width={width(each.acknowledgements)} /></div>
                        <span class="num">{ format!("{:.1}\u{202F}%", ratio(each.acknowledgements, all)) }</span></div>
                }
            }) }
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct PlotProps {
    /// Newest first.
    beats: Vec<BeatView>,
}

/// Beside the picture, on a narrow screen.
const BESIDE: f64 = 58.0;
const NARROWEST: f64 = 320.0;
const WIDEST: f64 = 960.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 96.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 150.0;
/// From one line of text to the next.
const LINE: f64 = 16.0;

/// As wide as there is room, up to a limit: drawn larger or smaller, its words would be so too.
#[hook]
fn use_width() -> f64 {
    let width = use_state_eq(width);
    let setter = width.setter();
    use_effect_with((), move |()| {
        let window = web_sys::window();
        let listener = window.map(|window| EventListener::new(&window, "resize", move |_| setter.set(self::width())));
        move || drop(listener)
    });
    *width
}

fn width() -> f64 {
    let window = web_sys::window().and_then(|window| window.inner_width().ok()?.as_f64());
    window.map_or(WIDEST, |width| (width - BESIDE).clamp(NARROWEST, WIDEST))
}

/// p50 and p99 of each beat; the newest at the right.
#[function_component]
fn Plot(props: &PlotProps) -> Html {
    let (offset, width) = (clock::offset(), use_width());
    let beats: Vec<&BeatView> = props.beats.iter().rev().collect();
    let most = beats.iter().filter_map(|beat| beat.p99_ms).fold(1.0_f64, f64::max) * 1.15;
    let x = |at: usize| LEFT + (width - LEFT - RIGHT) * (at as f64 + 0.5) / beats.len() as f64;
    let y = |ms: f64| BOTTOM - (BOTTOM - TOP) * (ms / most).clamp(0.0, 1.0);
    let line = |of: fn(&BeatView) -> Option<f64>| -> String {
        beats
            .iter()
            .enumerate()
            .filter_map(|(at, beat)| of(beat).map(|ms| format!("{:.1},{:.1} ", x(at), y(ms))))
            .collect()
    };
    let last = |of: fn(&BeatView) -> Option<f64>| beats.iter().rev().find_map(|beat| of(beat));
    // Where both end close together, the slower one is written above the other.
    let (fast, slow) = (last(|beat| beat.p50_ms), last(|beat| beat.p99_ms));
    let below = fast.map_or(BOTTOM, |ms| y(ms) + 4.0);
    let above = slow.map_or(below, |ms| y(ms) + 4.0).min(below - LINE);
    let mark = |class: &'static str, ms: Option<f64>, at: f64| {
        ms.map(|ms| html! { <text class={class} x={(width - RIGHT + 8.0).to_string()} y={at.to_string()}>{ format!("{class} {}", duration(ms)) }</text> })
    };
    let words =
        text::the_newest_p50_p99(&counted(beats.len(), text::BEAT, text::BEATS), &latency(fast), &latency(slow));
    let ends = [beats.first(), beats.last()];
    html! {
        <div class="pad plotwrap" tabindex="0"><svg class="plot beats" viewBox={format!("0 0 {width} 176")} role="img" aria-label={words}>
            { for [0.0, most / 2.0, most / 1.15].into_iter().map(|ms| html! {
                <><line class="grid" x1={LEFT.to_string()} x2={(width - RIGHT).to_string()} y1={y(ms).to_string()} y2={y(ms).to_string()} />
                    <text x={(LEFT - 8.0).to_string()} y={(y(ms) + 4.0).to_string()} text-anchor="end">{ if ms == 0.0 { "0".to_owned() } else { duration(ms) } }</text></>
            }) }
            <polyline class="p99" points={line(|beat| beat.p99_ms)} />
            <polyline class="p50" points={line(|beat| beat.p50_ms)} />
            { for beats.iter().enumerate().filter(|(_, beat)| beat.missing > 0).map(|(at, beat)| html! { <circle class="missing" cx={x(at).to_string()} cy={y(beat.p99_ms.unwrap_or_default()).to_string()} r="4"><title>{ text::count_missing(&beat.missing) }</title></circle> }) }
            { mark("p99", slow, above).unwrap_or_default() }{ mark("p50", fast, below).unwrap_or_default() }
            { for ends.into_iter().flatten().enumerate().map(|(at, beat)| html! {
                <text x={(if at == 0 { LEFT } else { width - RIGHT }).to_string()} y="170" text-anchor={if at == 0 { "start" } else { "end" }}>{ parse(&beat.at).map(|at| hour(at, offset)) }</text>
            }) }
        </svg></div>
    }
}
