use super::ShownProps;
use crate::words::number::count;
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
            <header><h2>{ "Behind and silent" }</h2><p>{ "Those last heard of longest ago first" }</p></header>
            if fleet.behind.is_empty() { <p class="pad muted">{ "Every live client has the newest revision." }</p> } else {
                <div class="tablewrap"><table class="table compact">
                    <thead><tr><th>{ "Client" }</th><th>{ "State" }</th><th>{ "Revision" }</th><th>{ "Runs" }</th><th>{ "Last heard" }</th></tr></thead>
                    <tbody>{ for fleet.behind.iter().map(row) }</tbody>
                </table></div>
            }
            if late > fleet.behind.len() { <footer class="small faint">{ format!("{} of {}", count(fleet.behind.len() as u64), count(late as u64)) }</footer> }
        </section>
    }
}

fn row(client: &InstanceView) -> Html {
    let kind = format!("{:?}", client.kind).to_lowercase();
    let trust = match client.trust {
        Trust::Trusted => kind,
        Trust::Claimed => format!("{kind}, which only claims it"),
    };
    let (class, state) = if client.unknown { ("warn", "silent") } else { ("line", "behind") };
    html! {
        <tr key={client.instance.clone()} data-test="fleet-behind">
            <td><code>{ &client.instance }</code><small class="muted blk">{ format!("{trust}, {}", client.region.as_deref().unwrap_or("region not told")) }</small></td>
            <td data-l="State"><span class={classes!("chip", class)}>{ state }</span>{ for client.problems.iter().map(|code| html! { <>{ " " }<span class="chip warn">{ code }</span></> }) }</td>
            <td data-l="Revision">{ count(client.position.revision) }</td>
            <td data-l="Runs">{ client.release.clone().unwrap_or_else(|| "no release told".to_owned()) }<small class="faint blk">{ &client.sdk }</small></td>
            <td data-l="Last heard" class="nowrap">{ ago(client.last_seen_ms as f64) }</td>
        </tr>
    }
}
