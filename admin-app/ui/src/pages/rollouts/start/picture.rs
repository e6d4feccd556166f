use crate::components::Placed;
use crate::state::rollout_draft::{self, Step};
use crate::words::number::share;
use crate::words::rollout;
use crate::words::text::start_rollout as text;
use downhaul_control::rollout::Rollout;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct PictureProps {
    pub rollout: Rollout,
}

/// A stage narrower than this, in per cent, has no room for what it gives.
const ROOM: f64 = 9.0;

/// The stages as steps over time, and the same in words.
#[function_component]
pub fn Picture(props: &PictureProps) -> Html {
    let steps = rollout_draft::course(&props.rollout);
    let words = rollout::course(&props.rollout);
    let has_cohorts = steps.iter().any(|step| step.cohort.is_some());
    let bar = |class: &'static str, step: &Step, percent: f64| {
        // A hair of ground between two steps, and one per cent is still seen.
        let (height, width) = (percent.max(1.5), (step.to - step.from - 0.4).max(0.2));
        html! { <rect {class} x={step.from.to_string()} width={width.to_string()} y={(100.0 - height).to_string()} height={height.to_string()} /> }
    };
    let mut passed = 0.0;
    let labels: Html = steps
        .iter()
        .zip(&props.rollout.stages)
        .map(|(step, stage)| {
            let begins = rollout::lasting(passed);
            passed += f64::from(stage.bake_seconds);
            let is_wide = step.to - step.from >= ROOM;
            html! {
                <Placed left={Some(step.from)} width={Some(step.to - step.from)}>
                    if is_wide { <b>{ share(stage.percent.buckets()) }</b><small class="faint">{ if begins.is_empty() { text::AT_THE_START.to_owned() } else { text::after_age(&begins) } }</small> }
                </Placed>
            }
        })
        .collect();
    html! {
        <figure class="course" data-test="course">
            <div role="img" aria-label={words.clone()}>
                <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
                    { for steps.iter().filter_map(|step| step.cohort.map(|percent| bar("cohort", step, percent))) }
                    { for steps.iter().filter(|step| step.everyone > 0.0).map(|step| bar("everyone", step, step.everyone)) }
                </svg>
                <div class="courselabels" aria-hidden="true">{ labels }</div>
            </div>
            <figcaption class="small muted"><span data-test="course-words">{ words }</span>if has_cohorts { { " " }{ text::PALE }{ "." } }</figcaption>
        </figure>
    }
}
