use crate::backend::api;
use crate::components::{Icon, Swatches, Variant};
use crate::hooks::{use_asked, use_console};
use crate::state::live::Slot;
use crate::words::number::count;
use crate::words::outcome::{Arm, arms, verdict};
use crate::words::radius::percent;
use crate::words::text::common;
use crate::words::text::kill as text;
use crate::words::time::{age, ago};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct HelpedProps {
    pub environment: AttrValue,
    pub flag: String,
    pub degraded: String,
}

/// Outcomes come with acknowledgements, every 15 s.
const EVERY_MS: u32 = 5_000;

/// Whether it helped: how often it works with the degraded variant, beside the others, as clients count it.
#[function_component]
pub fn Helped(props: &HelpedProps) -> Html {
    let console = use_console();
    let (asked, _) = use_asked(api::outcomes(&props.environment, &props.flag), EVERY_MS);
    let swatches = console
        .live
        .document
        .ready()
        .and_then(|document| document.flag(&props.flag).map(Swatches::of))
        .unwrap_or_default();
    let body = match &asked.slot {
        Slot::Loading => html! { <div class="pad"><i class="skel w-80"></i></div> },
        Slot::Failed(failure) => {
            html! { <p class="pad small muted">{ failure.title() }{ ". " }{ failure.help() }</p> }
        }
        Slot::Ready(page) => {
            let arms = arms(&page.outcomes);
            html! {
                <>
                    <p class="pad" role="status" data-test="helped" data-arms={arms.len().to_string()}>{ verdict(&arms, &props.degraded, page.least) }</p>
                    if !arms.is_empty() {
                        <div class="tablewrap"><table class="table compact">
                            <thead><tr><th>{ text::VARIANT }</th><th class="num">{ text::WORKED }</th><th class="num">{ text::FAILED }</th><th class="num">{ text::SHARE_THAT_FAILED }</th><th>{ text::LAST_ONE }</th></tr></thead>
                            <tbody>{ for arms.iter().map(|arm| row(arm, &swatches)) }</tbody>
                        </table></div>
                    }
                </>
            }
        }
    };
    let window = asked.slot.ready().map(|page| age(f64::from(page.seconds) * 1000.0));
    html! {
        <section class="card" aria-label={text::DID_IT_HELP}>
            <header><Icon name="chart" /><h2>{ text::DID_IT_HELP }</h2>if let Some(window) = window { <p>{ text::outcomes_of_the_last(&window) }</p> }</header>
            { body }
        </section>
    }
}

fn row(arm: &Arm, swatches: &Swatches) -> Html {
    html! {
        <tr key={arm.variant.clone()} data-test={format!("helped-{}", arm.variant)}>
            <td><Variant name={arm.variant.clone()} swatches={swatches.clone()} /></td>
            <td class="num" data-l={text::WORKED}>{ count(arm.ok) }</td>
            <td class="num" data-l={text::FAILED}>{ count(arm.failed) }</td>
            <td class="num" data-l={text::SHARE_THAT_FAILED}>{ percent(arm.share()) }</td>
            <td data-l={text::LAST_ONE}>{ ago(arm.last_seconds as f64 * 1000.0) }{ if arm.is_claimed { common::AS_PAGES_SAY } else { "" } }</td>
        </tr>
    }
}
