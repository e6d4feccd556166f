use super::{Swatches, Variant};
use crate::words::text::common;
use crate::words::{Kind, Piece, Sentence};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct SentenceProps {
    pub sentence: Sentence,
    #[prop_or_default]
    pub swatches: Swatches,
}

/// A sentence with its values as chips.
#[function_component]
pub fn SentenceText(props: &SentenceProps) -> Html {
    props.sentence.0.iter().map(|piece| html_of(piece, &props.swatches)).collect()
}

fn html_of(piece: &Piece, swatches: &Swatches) -> Html {
    match piece {
        Piece::Text(text) => html! { <>{ text }</> },
        Piece::Variant(key) => html! { <Variant name={key.clone()} swatches={swatches.clone()} /> },
        Piece::Value(Kind::Flag, key) => html! { <b class="mono">{ key }</b> },
        Piece::Value(kind, value) => {
            let class = match kind {
                Kind::Tenant => Some("tenant"),
                Kind::Region => Some("region"),
                Kind::Plain | Kind::Segment | Kind::Flag => None,
            };
            html! { <span class={classes!("val", class)}>{ value }</span> }
        }
        Piece::More(values) => html! {
            <details class="more">
                <summary>{ common::count_more(&values.len()) }</summary>
                { for values.iter().map(|value| html! { <><span class="val">{ value }</span>{ " " }</> }) }
            </details>
        },
    }
}
