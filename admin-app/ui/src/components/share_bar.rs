use super::{Placed, Swatches};
use crate::words::number::share;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ShareBarProps {
    /// Variants and their hundred-thousandths, in the order of the buckets.
    pub shares: Vec<(String, u32)>,
    pub swatches: Swatches,
}

/// Who gets what, as lengths with names in them.
#[function_component]
pub fn ShareBar(props: &ShareBarProps) -> Html {
    let width = |width: u32| Some(f64::from(width) / 1000.0);
    html! {
        <div class="splitbar" role="img" aria-label={words(&props.shares)}>
            { for props.shares.iter().filter(|(_, width)| *width > 0).map(|(key, wide)| html! {
                <Placed class={classes!("sl", props.swatches.class(key))} width={width(*wide)} title={format!("{key} {}", share(*wide))}>
                    <i class={classes!("sw", props.swatches.class(key))}></i>{ format!("{key} {}", share(*wide)) }
                </Placed>
            }) }
        </div>
    }
}

/// The same as a thin strip; the numbers stand beside it as text. A picture, whose lengths need no script: lists have many.
pub fn share_strip(shares: &[(String, u32)], swatches: &Swatches) -> Html {
    let mut from = 0.0;
    let parts = shares.iter().filter(|(_, width)| *width > 0).map(|(key, wide)| {
        let (x, width) = (from, f64::from(*wide) / 1000.0);
        from += width;
        // A narrow line between two.
        let line = if x > 0.0 { 0.6 } else { 0.0 };
        html! { <rect class={swatches.class(key)} x={(x + line).to_string()} width={(width - line).max(0.1).to_string()} height="8" /> }
    });
    let parts: Html = parts.collect();
    html! { <svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={words(shares)}>{ parts }</svg> }
}

fn words(shares: &[(String, u32)]) -> String {
    shares.iter().map(|(key, width)| format!("{key} {}", share(*width))).collect::<Vec<_>>().join(", ")
}
