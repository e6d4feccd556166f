use crate::words::text::components as text;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct CardSkeletonProps {
    #[prop_or(4)]
    pub lines: usize,
}

/// The shape of a card that is on its way.
#[function_component]
pub fn CardSkeleton(props: &CardSkeletonProps) -> Html {
    html! {
        <section class="card" aria-busy="true" aria-label={text::LOADING}>
            <div class="pad stack">
                <i class="skel w-40"></i>
                { for (1..props.lines).map(|line| html! {
                    <i class={classes!("skel", ["w-80", "w-60", "w-95"].get(line % 3).copied())}></i>
                }) }
            </div>
        </section>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct ReadySkeletonProps {
    /// Of its words, above the small one.
    pub lines: usize,
}

/// The shape of a part of the card beside the kill control.
#[function_component]
pub fn ReadySkeleton(props: &ReadySkeletonProps) -> Html {
    html! {
        <div class="ready" aria-busy="true"><i class="skel"></i>
            <span>{ for (0..props.lines).map(|line| html! { <i class={classes!("skel", if line == 0 { "w-95" } else { "w-60" })}></i> }) }</span>
            <small><i class="skel thin w-60"></i></small></div>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct RowsSkeletonProps {
    pub rows: usize,
    /// Classes of the cells.
    pub cells: Vec<&'static str>,
}

/// The shape of a table's rows.
#[function_component]
pub fn RowsSkeleton(props: &RowsSkeletonProps) -> Html {
    (0..props.rows)
        .map(|row| {
            html! {
                <tr key={row}>
                    { for props.cells.iter().map(|cell| html! {
                        <td class={*cell}>
                            <i class={classes!("skel", if row % 2 == 0 { "w-60" } else { "w-80" })}></i>
                            if *cell == "c-flag" { <i class="skel thin w-95"></i> }
                        </td>
                    }) }
                </tr>
            }
        })
        .collect()
}
