use crate::words::kill::latency;
use crate::words::number::count;
use crate::words::text::kill as text;
use crate::words::time::duration;
use downhaul_control::api::Progress;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct CurveProps {
    pub progress: Progress,
}

const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 154.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 124.0;
const TOP: f64 = 12.0;

/// Clients dark over time, on a logarithmic scale: the first, p50, p99 and the slowest are measured, lines join them.
#[function_component]
pub fn Curve(props: &CurveProps) -> Html {
    let progress = &props.progress;
    let all = progress.dark_total as f64;
    let points: Vec<(&str, f64, f64)> = [
        ("first", progress.first_ms, 1.0),
        ("p50", progress.p50_ms, (all / 2.0).max(1.0)),
        ("p99", progress.p99_ms, (all * 0.99).max(1.0)),
        ("slowest", progress.slowest_ms, all),
    ]
    .into_iter()
    .filter_map(|(name, ms, clients)| ms.map(|ms| (name, ms.max(0.1), clients)))
    .collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Html::default() };
    if progress.dark_total < 2 {
        return Html::default();
    }
    let scale = Scale::around(first.1, last.1, all);
    let line: String =
        points.iter().map(|(_, ms, clients)| format!("{:.1},{:.1} ", scale.x(*ms), scale.y(*clients))).collect();
    let area = format!("{:.1},{BOTTOM} {line}{:.1},{BOTTOM}", scale.x(first.1), scale.x(last.1));
    let words = text::clients_dark_p50_p99_slowest(
        &count(progress.dark_total as u64),
        &latency(progress.p50_ms),
        &latency(progress.p99_ms),
        &latency(progress.slowest_ms),
    );
    html! {
        <svg class="plot curve" viewBox={format!("0 0 {WIDTH} {HEIGHT}")} role="img" aria-label={words}>
            { for [0.0, (all / 2.0).floor(), all].into_iter().map(|clients| html! {
                <>
                    <line class="grid" x1={LEFT.to_string()} x2={WIDTH.to_string()} y1={scale.y(clients).to_string()} y2={scale.y(clients).to_string()} />
                    <text x={(LEFT - 8.0).to_string()} y={(scale.y(clients) + 4.0).to_string()} text-anchor="end">{ count(clients as u64) }</text>
                </>
            }) }
            { for scale.decades().into_iter().map(|ms| html! {
                <>
                    <line class="grid" x1={scale.x(ms).to_string()} x2={scale.x(ms).to_string()} y1={TOP.to_string()} y2={BOTTOM.to_string()} />
                    <text x={scale.x(ms).to_string()} y={(BOTTOM + 6.0).to_string()} dy="1em" text-anchor="middle">{ tick(ms) }</text>
                </>
            }) }
            <polygon class="area" points={area} />
            <polyline class="line" points={line} />
            { for points.iter().map(|(_, ms, clients)| html! {
                <circle class="mark" cx={scale.x(*ms).to_string()} cy={scale.y(*clients).to_string()} r="3.5" />
            }) }
        </svg>
    }
}

fn tick(ms: f64) -> String {
    if ms < 1000.0 {
        format!("{ms}\u{202F}ms")
    } else if ms < 60_000.0 {
        format!("{}\u{202F}s", ms / 1000.0)
    } else {
        duration(ms)
    }
}

/// Powers of ten around what was measured.
struct Scale {
    from: i32,
    to: i32,
    most: f64,
}

impl Scale {
    fn around(first: f64, last: f64, most: f64) -> Self {
        let from = first.log10().floor() as i32;
        Scale { from, to: (last.log10().ceil() as i32).max(from + 1), most: most.max(1.0) }
    }

    fn x(&self, ms: f64) -> f64 {
        let part = (ms.log10() - f64::from(self.from)) / f64::from(self.to - self.from);
        LEFT + (WIDTH - LEFT - 24.0) * part.clamp(0.0, 1.0)
    }

    fn y(&self, clients: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * (clients / self.most).clamp(0.0, 1.0)
    }

    fn decades(&self) -> Vec<f64> {
        (self.from..=self.to).map(|power| 10_f64.powi(power)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_holds_what_was_measured() {
        let scale = Scale::around(3.4, 620.0, 100.0);
        assert_eq!(scale.decades(), [1.0, 10.0, 100.0, 1000.0]);
        assert!(scale.x(3.4) > LEFT && scale.x(620.0) < WIDTH && scale.x(3.4) < scale.x(4.0));
        assert_eq!((scale.y(0.0), scale.y(100.0), scale.y(1000.0)), (BOTTOM, TOP, TOP));
        assert_eq!(Scale::around(1.0, 1.0, 0.0).decades(), [1.0, 10.0], "one moment still has a width");
    }
}
