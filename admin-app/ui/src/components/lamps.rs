use crate::words::text::components as text;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct LampsProps {
    pub dark: usize,
    /// Not dark yet: live ones and silent ones.
    pub lit: usize,
    /// Clients that one dark lamp stands for, so that a fleet fits on a screen. Lit ones are drawn one by one.
    pub per_lamp: usize,
}

const ROWS: usize = 8;
/// So many fit into one row.
const ROW: usize = 12;
const PITCH: usize = 9;
/// Lit lamps beyond this say nothing more.
const MOST_LIT: usize = 240;

/// A region's clients as lamps that go dark.
#[function_component]
pub fn Lamps(props: &LampsProps) -> Html {
    let dark = props.dark.div_ceil(props.per_lamp.max(1));
    let lit = props.lit.min(MOST_LIT);
    let rows = ROWS.min((dark + lit).div_ceil(ROW).max(1));
    let place = |at: usize| (at / rows * PITCH + PITCH / 2, at % rows * PITCH + PITCH / 2);
    let path: String = (0..dark)
        .map(|at| {
            let (x, y) = place(at);
            format!("M{x}.5 {y}.5h0")
        })
        .collect();
    let columns = (dark + lit).div_ceil(rows).max(1);
    let (width, height) = (columns * PITCH, rows * PITCH);
    html! {
        <svg width={width.to_string()} height={height.to_string()} viewBox={format!("0 0 {width} {height}")} role="img"
            aria-label={text::of_clients_dark(&props.dark, &(props.dark + props.lit))}>
            <path class="lamps" d={path} />
            { for (dark..dark + lit).map(|at| {
                let (x, y) = place(at);
                html! { <circle class="lamp lit" cx={format!("{x}.5")} cy={format!("{y}.5")} r="3.2" /> }
            }) }
        </svg>
    }
}
