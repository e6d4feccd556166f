use super::ShownProps;
use crate::words::number::count;
use crate::words::text::fleet as text;
use crate::words::time::ago;
use downhaul_control::api::{InstanceView, Trust};
use yew::prelude::*;

/// Clients that are behind or silent, by name: those last heard of longest ago first.
#[function_component]
pub fn Behind(props: &ShownProps) -> Html {
    let fleet = &props.fleet;
    let late = fleet.live.saturating_sub(fleet.current) + fleet.unknown;
    html! {
        <section class="card">
            <header><h2>{ text::BEHIND_AND_SILENT }</h2><p>{ text::THOSE_LAST_HEARD_OF_LONGEST_AGO }</p></header>
            if fleet.behind.is_empty() { <p class="pad muted">{ text::EVERY_LIVE_CLIENT_HAS_THE_NEWEST }</p> } else {
                <div class="tablewrap"><table class="table compact">
                    <thead><tr><th>{ text::CLIENT }</th><th>{ text::STATE }</th><th>{ text::REVISION }</th><th>{ text::RUNS }</th><th>{ text::LAST_HEARD }</th></tr></thead>
                    <tbody>{ for fleet.behind.iter().map(row) }</tbody>
                </table></div>
            }
            if late > fleet.behind.len() { <footer class="small faint">{ text::behind_of_late(&count(fleet.behind.len() as u64), &count(late as u64)) }</footer> }
        </section>
    }
}

fn row(client: &InstanceView) -> Html {
    let kind = format!("{:?}", client.kind).to_lowercase();
    let trust = match client.trust {
        Trust::Trusted => kind,
        Trust::Claimed => text::which_only_claims_it(&kind),
    };
    let (class, state) = if client.unknown { ("warn", "silent") } else { ("line", "behind") };
    html! {
        <tr key={client.instance.clone()} data-test="fleet-behind">
            <td><code>{ &client.instance }</code><small class="muted blk">{ format!("{trust}, {}", client.region.as_deref().unwrap_or(text::REGION_NOT_TOLD)) }</small></td>
            <td data-l={text::STATE}><span class={classes!("chip", class)}>{ state }</span>{ for client.problems.iter().map(|code| html! { <>{ " " }<span class="chip warn">{ code }</span></> }) }</td>
            <td data-l={text::REVISION}>{ count(client.position.revision) }</td>
            <td data-l={text::RUNS}>{ client.release.clone().unwrap_or_else(|| text::NO_RELEASE_TOLD.to_owned()) }<small class="faint blk">{ &client.sdk }</small></td>
            <td data-l={text::LAST_HEARD} class="nowrap">{ ago(client.last_seen_ms as f64) }</td>
        </tr>
    }
}
