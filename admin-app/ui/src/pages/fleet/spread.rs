use super::ShownProps;
use crate::components::{Icon, Placed};
use crate::words::fleet::{Spread, by_region, by_release};
use crate::words::number::count;
use crate::words::text::common;
use crate::words::text::fleet as text;
use yew::prelude::*;

/// Rows before the rest is summed up.
const SHOWN: usize = 12;

/// Region by region, as lengths.
#[function_component]
pub fn Regions(props: &ShownProps) -> Html {
    let fleet = &props.fleet;
    let all = by_region(fleet);
    let rest = all.len().saturating_sub(SHOWN);
    html! {
        <section class="card">
            <header><h2>{ common::BY_REGION }</h2><span class="legend end"><span><i class="sw rv-0"></i>{ count(fleet.position.revision) }</span><span><i class="sw rv-1"></i>{ text::OLDER }</span><span><i class="sw rv-2"></i>{ text::AMID_SILENT }</span></span></header>
            <div class="pad">{ for all.iter().take(SHOWN).map(|(region, spread)| row(region, *spread)) }
                if rest > 0 { <p class="small faint">{ text::and_more_regions_with_fewer_clients(&count(rest as u64)) }</p> }
            </div>
            <footer class="small muted"><Icon name="shield" small=true /><span class="grow">{ text::A_KILL_DOES_NOT_WAIT_FOR }</span></footer>
        </section>
    }
}

fn row(region: &str, spread: Spread) -> Html {
    let all = spread.all();
    let width = |part: usize| Some(100.0 * part as f64 / all.max(1) as f64);
    let name = if region.is_empty() { common::NOT_TOLD } else { region };
    let words = text::current_older_silent_hidden(&spread.current, &spread.behind, &spread.silent, &spread.hidden);
    html! {
        <div class="revrow" key={region.to_owned()}><span class="trunc">{ name }</span>
            <div class="share" role="img" aria-label={words}>
                if spread.current > 0 { <Placed class="rv-0" width={width(spread.current)} /> }
                if spread.behind > 0 { <Placed class="rv-1" width={width(spread.behind)} /> }
                if spread.silent > 0 { <Placed class="rv-2" width={width(spread.silent)} /> }
            </div>
            <span class="num">{ text::current_of_all(&count(spread.current as u64), &count(all as u64)) }</span></div>
    }
}

/// What they run, against how far they are.
#[function_component]
pub fn Releases(props: &ShownProps) -> Html {
    let fleet = &props.fleet;
    let all = by_release(fleet);
    let cell = |number: usize, is_odd: bool| {
        let class = match number {
            0 => "zero",
            _ if is_odd => "odd",
            _ => "some",
        };
        html! { <td class={class}>{ count(number as u64) }</td> }
    };
    html! {
        <section class="card">
            <header><h2>{ text::BY_RELEASE_AND_REVISION }</h2></header>
            <div class="pad tablewrap"><table class="matrix">
                <thead><tr><th scope="col"><span class="sr">{ text::RELEASE }</span></th><th scope="col">{ count(fleet.position.revision) }</th><th scope="col">{ text::OLDER }</th><th scope="col">{ text::AMID_SILENT }</th></tr></thead>
                <tbody>{ for all.iter().take(SHOWN).map(|(release, spread)| html! {
                    <tr key={release.clone()}><th scope="row">{ release }</th>{ cell(spread.current, false) }{ cell(spread.behind, true) }{ cell(spread.silent, true) }</tr>
                }) }</tbody>
            </table></div>
        </section>
    }
}
