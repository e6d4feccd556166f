use crate::hooks::clock;
use crate::words::guard::{evidence, length, level, moment, needs};
use crate::words::text::guards as text;
use downhaul_control::api::{GuardPoint, GuardView};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct CourseProps {
    pub guard: GuardView,
}

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 62.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 44.0;

/// How the evidence of harm grew, bucket by bucket, beside the line at which the guard acts.
#[function_component]
pub fn Course(props: &CourseProps) -> Html {
    let guard = &props.guard;
    let points: &[GuardPoint] = guard.course.as_deref().unwrap_or_default();
    let Some(last) = points.last() else { return Html::default() };
    let needs = needs(guard.level);
    // Of what is far above the level no more is shown than that it is.
    let scale = Scale { buckets: last.buckets as f64, most: (last.harm * 1.1).clamp(needs * 1.15, needs * 2.0) };
    let line = scale.y(needs);
    let words = text::evidence_of_harm_over_it_acts(
        &length(guard, last.buckets),
        &evidence(&guard.judged.evidence),
        &level(guard.level),
    );
    let (now, offset) = (clock::now(), clock::offset());
    let steps = scale.steps(points);
    let end = format!("{:.1}", scale.x(last.buckets as f64));
    html! {
        <svg class="plot course" viewBox={format!("0 0 {WIDTH} {HEIGHT}")} role="img" aria-label={words} data-test="guard-course" data-points={points.len().to_string()}>
            <line class="grid" x1="0" x2={WIDTH.to_string()} y1={BOTTOM.to_string()} y2={BOTTOM.to_string()} />
            <polygon class="area" points={format!("0,{BOTTOM} {steps}{end},{BOTTOM}")} />
            <polyline class="line" points={steps} />
            <line class="level" x1="0" x2={WIDTH.to_string()} y1={format!("{line:.1}")} y2={format!("{line:.1}")} />
            <text x="2" y={format!("{:.1}", line - 4.0)}>{ level(guard.level) }</text>
            <text x="0" y={(HEIGHT - 4.0).to_string()}>{ moment(&guard.from, now, offset) }</text>
            <text x={WIDTH.to_string()} y={(HEIGHT - 4.0).to_string()} text-anchor="end">{ moment(&guard.judged.until, now, offset) }</text>
        </svg>
    }
}

/// Buckets from the left to the right, powers of ten from below.
struct Scale {
    buckets: f64,
    most: f64,
}

impl Scale {
    fn x(&self, buckets: f64) -> f64 {
        WIDTH * (buckets / self.buckets.max(1.0)).clamp(0.0, 1.0)
    }

    fn y(&self, power: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * (power / self.most.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
    }

    /// Evidence changes at the end of a bucket, and stays until the end of the next one.
    fn steps(&self, points: &[GuardPoint]) -> String {
        let mut text = format!("0.0,{BOTTOM:.1} ");
        let mut before = BOTTOM;
        for point in points {
            let (x, y) = (self.x(point.buckets as f64), self.y(point.harm));
            text.push_str(&format!("{x:.1},{before:.1} {x:.1},{y:.1} "));
            before = y;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_rises_in_steps_within_the_picture() {
        let point = |buckets, harm| GuardPoint { buckets, harm, against_harm: 0.0 };
        let scale = Scale { buckets: 4.0, most: 4.0 };
        let steps = scale.steps(&[point(1, 0.0), point(2, 2.0), point(4, 4.0)]);
        assert_eq!(steps, "0.0,44.0 60.0,44.0 60.0,44.0 120.0,44.0 120.0,29.0 240.0,29.0 240.0,14.0 ");
        assert_eq!((scale.y(-1.0), scale.y(99.0), scale.x(99.0)), (BOTTOM, TOP, WIDTH));
    }
}
