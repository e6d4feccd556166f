use super::{Placed, Swatches};
use crate::words::number::share;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ShareBarProps {
    /// Variants and their hundred-thousandths, in the order of the buckets.
    pub shares: Vec<(String, u32)>,
    pub swatches: Swatches,
    /// The bar of a rule, with names in it, instead of the thin one of a list.
    #[prop_or_default]
    pub large: bool,
}

/// Who gets what, as lengths; the numbers stand beside it as text.
#[function_component]
pub fn ShareBar(props: &ShareBarProps) -> Html {
    let text =
        props.shares.iter().map(|(key, width)| format!("{key} {}", share(*width))).collect::<Vec<_>>().join(", ");
    let shown = props.shares.iter().filter(|(_, width)| *width > 0);
    let width = |width: u32| Some(f64::from(width) / 1000.0);
    if props.large {
        return html! {
            <div class="splitbar" role="img" aria-label={text}>
                { for shown.map(|(key, wide)| html! {
                    <Placed class={classes!("sl", props.swatches.class(key))} width={width(*wide)} title={format!("{key} {}", share(*wide))}>
                        <i class={classes!("sw", props.swatches.class(key))}></i>{ format!("{key} {}", share(*wide)) }
                    </Placed>
                }) }
            </div>
        };
    }
    html! {
        <div class="share" role="img" aria-label={text}>
            { for shown.map(|(key, wide)| html! { <Placed class={props.swatches.class(key)} width={width(*wide)} /> }) }
        </div>
    }
}
