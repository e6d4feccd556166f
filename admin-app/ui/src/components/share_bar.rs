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

/// The same as a thin strip, as a background and in words; the numbers stand beside it as text. A background needs no element
/// for each share: lists have many.
pub fn strip(shares: &[(String, u32)], swatches: &Swatches) -> (String, String) {
    let mut from = 0.0;
    let mut stops = Vec::new();
    for (key, wide) in shares.iter().filter(|(_, width)| *width > 0) {
        let to = from + f64::from(*wide) / 1000.0;
        // A narrow line between two.
        let start = if from > 0.0 { from + 0.6 } else { 0.0 };
        if from > 0.0 {
            stops.push(format!("var(--surface) {from}% {start}%"));
        }
        stops.push(format!("var(--{}) {start}% {}%", swatches.class(key), to.max(start)));
        from = to;
    }
    (format!("linear-gradient(90deg, {})", stops.join(", ")), words(shares))
}

fn words(shares: &[(String, u32)]) -> String {
    shares.iter().map(|(key, width)| format!("{key} {}", share(*width))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_has_a_line_between_two_shares() {
        let swatches = Swatches::of_keys(&["on", "off"], "off");
        let shares = [("on".to_owned(), 25_000), ("none".to_owned(), 0), ("off".to_owned(), 75_000)];
        let (background, words) = strip(&shares, &swatches);
        assert_eq!(
            background,
            "linear-gradient(90deg, var(--v1) 0% 25%, var(--surface) 25% 25.6%, var(--v2) 25.6% 100%)"
        );
        assert_eq!(words, "on 25\u{202F}%, none 0\u{202F}%, off 75\u{202F}%");
        let (background, _) = strip(&[("off".to_owned(), 100_000)], &swatches);
        assert_eq!(background, "linear-gradient(90deg, var(--v2) 0% 100%)");
    }
}
