use crate::hooks::clock;
use crate::words::drill::parts;
use crate::words::number::counted;
use crate::words::text::common;
use crate::words::text::drills as text;
use crate::words::time::{day, duration, parse, stopwatch};
use downhaul_control::api::DrillView;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct BarsProps {
    /// Newest first.
    pub drills: Vec<DrillView>,
}

/// Drills that fit beside each other.
const SHOWN: usize = 24;
const WIDTH: f64 = 960.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 190.0;

/// What the way back took at each drill, part by part, against the objective; the newest at the right.
#[function_component]
pub fn Bars(props: &BarsProps) -> Html {
    let (now, offset) = (clock::now(), clock::offset());
    let mut drills: Vec<&DrillView> = props.drills.iter().take(SHOWN).collect();
    drills.reverse();
    let objective = drills.last().map_or(300, |drill| drill.objective_seconds);
    let most = drills.iter().filter_map(|drill| drill.phases.total_ms).max().unwrap_or_default();
    let scale = Scale::new(most as f64, f64::from(objective) * 1000.0);
    let pitch = ((WIDTH - LEFT - RIGHT) / drills.len().max(6) as f64).min(96.0);
    let x = |at: usize| LEFT + pitch * (at as f64 + 0.5);
    let wide = (pitch * 0.6).min(36.0);
    let words = drills.iter().map(|drill| {
        let total = drill.phases.total_ms.map_or_else(|| text::NO_TIME.to_owned(), |total| duration(total as f64));
        format!("{} {}, {total}", drill.subject.key(), drill.outcome)
    });
    let words =
        text::the_newest_last(&counted(drills.len(), text::DRILL, text::DRILLS), &words.collect::<Vec<_>>().join("; "));
    let every = drills.len().div_ceil(6).max(1);
    html! {
        <section class="card">
            <header><h2>{ text::TIME_TO_COME_BACK }</h2><p>{ counted(drills.len(), text::DRILL, text::DRILLS) }</p>
                <span class="legend end">{ for ["decide", "disable", "redeploy", "verify"].map(|part| html! { <span><i class={text::sw_p_part(&part)}></i>{ part }</span> }) }</span></header>
            <div class="pad plotwrap" tabindex="0"><svg class="plot bars" viewBox={format!("0 0 {WIDTH} 232")} role="img" aria-label={words}>
                { for scale.ticks().into_iter().map(|ms| html! {
                    <><line class="grid" x1={LEFT.to_string()} x2={(WIDTH - RIGHT).to_string()} y1={scale.y(ms).to_string()} y2={scale.y(ms).to_string()} />
                        <text x={(LEFT - 8.0).to_string()} y={(scale.y(ms) + 4.0).to_string()} text-anchor="end">{ stopwatch(ms).0 }</text></>
                }) }
                { for drills.iter().enumerate().map(|(at, drill)| bar(drill, x(at), wide, &scale)) }
                { for drills.iter().enumerate().filter(|(at, _)| at % every == 0).map(|(at, drill)| html! {
                    <text x={x(at).to_string()} y="224" text-anchor="middle">{ parse(&drill.began).map(|began| day(began, now, offset)) }</text>
                }) }
                <line class="objective-line" x1={LEFT.to_string()} x2={(WIDTH - RIGHT).to_string()} y1={scale.y(scale.objective).to_string()} y2={scale.y(scale.objective).to_string()} />
                <text class="strong" x={(LEFT + 4.0).to_string()} y={(scale.y(scale.objective) - 6.0).to_string()}>{ common::objective_time(&stopwatch(scale.objective).0) }</text>
            </svg></div>
        </section>
    }
}

fn bar(drill: &DrillView, x: f64, wide: f64, scale: &Scale) -> Html {
    let left = (x - wide / 2.0).to_string();
    if drill.outcome == "failed" {
        return html! {
            <><rect class="bar-failed" x={left} y={(BOTTOM - 40.0).to_string()} width={wide.to_string()} height="40" />
                <text class="warn" x={x.to_string()} y={(BOTTOM - 46.0).to_string()} text-anchor="middle">{ text::FAILED }</text></>
        };
    }
    let mut top = BOTTOM;
    let mut rects = Vec::new();
    for (part, ms) in parts(drill) {
        // A part of a few milliseconds is still there, and above those before it.
        let height = (BOTTOM - scale.y(ms as f64)).max(1.0);
        top -= height;
        rects.push(html! { <rect class={format!("bar-{part}")} x={left.clone()} y={top.to_string()} width={wide.to_string()} height={height.to_string()} /> });
    }
    let over = drill.within_objective == Some(false);
    html! {
        <>{ for rects }
            if let Some(total) = drill.phases.total_ms { <text class={if over { "warn" } else { "" }} x={x.to_string()} y={(top - 6.0).to_string()} text-anchor="middle">{ duration(total as f64) }</text> }
            if drill.independent == Some(true) { <use href="#i-shieldcheck" class="independent" x={(x - 7.0).to_string()} y="194" width="12" height="12" /> }</>
    }
}

/// Linear from nothing to a little above the largest of what is drawn.
struct Scale {
    most: f64,
    objective: f64,
}

impl Scale {
    fn new(most: f64, objective: f64) -> Self {
        Scale { most: most.max(objective) * 1.1, objective }
    }

    fn y(&self, ms: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * (ms / self.most).clamp(0.0, 1.0)
    }

    /// A handful of whole steps.
    fn ticks(&self) -> Vec<f64> {
        let steps = [1.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 14_400.0, 86_400.0];
        let step = steps.into_iter().map(|seconds| seconds * 1000.0).find(|step| self.most / step <= 6.0);
        let step = step.unwrap_or(86_400_000.0);
        (0..=6).map(|at| f64::from(at) * step).take_while(|ms| *ms <= self.most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_holds_bars_and_objective() {
        let scale = Scale::new(362_000.0, 300_000.0);
        assert_eq!(scale.ticks(), [0.0, 120_000.0, 240_000.0, 360_000.0]);
        assert!(scale.y(362_000.0) > TOP && scale.y(0.0) == BOTTOM);
        assert_eq!(Scale::new(0.0, 5_000.0).ticks(), [0.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0]);
        assert!(Scale::new(1e12, 1.0).ticks().len() <= 7, "never more than fit");
    }
}
