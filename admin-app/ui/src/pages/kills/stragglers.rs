use crate::components::{Icon, Placed};
use crate::words::kill::heard;
use crate::words::number::{count, counted};
use crate::words::text::common;
use crate::words::text::kill as text;
use downhaul_control::api::{Progress, Straggler, Trust};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct StragglersProps {
    pub progress: Progress,
}

const SHOWN: usize = 12;

/// Who is still lit, by name, and what will happen to each.
#[function_component]
pub fn Stragglers(props: &StragglersProps) -> Html {
    let all = use_state(|| false);
    let progress = &props.progress;
    if progress.stragglers_total == 0 {
        return Html::default();
    }
    let shown = if *all { progress.stragglers.len() } else { SHOWN };
    let rest = progress.stragglers_total.saturating_sub(shown.min(progress.stragglers.len()));
    let more = {
        let all = all.clone();
        Callback::from(move |_: MouseEvent| all.set(true))
    };
    html! {
        <div class="bt" data-test="stragglers">
            <div class="row between wrap pad tight">
                <h3>{ text::still_lit_by_name(&counted(progress.stragglers_total, text::CLIENT, text::CLIENTS)) }</h3>
                if rest > 0 && !*all && progress.stragglers.len() > SHOWN { <button class="btn s quiet" onclick={more}>{ text::show_rest_more(&count(rest as u64)) }</button> }
                else if rest > 0 { <span class="small faint">{ common::count_more(&count(rest as u64)) }</span> }
            </div>
            <div class="tablewrap"><table class="table compact strag">
                <thead><tr><th>{ text::CLIENT_HEAD }</th><th>{ common::KIND }</th><th>{ common::REGION_HEAD }</th><th>{ text::LAST_HEARD }</th><th>{ text::WHAT_HAPPENS_NEXT }</th></tr></thead>
                <tbody>{ for progress.stragglers.iter().take(shown).map(|each| row(each, progress.stale_seconds)) }</tbody>
            </table></div>
        </div>
    }
}

fn row(straggler: &Straggler, stale_seconds: u32) -> Html {
    let release = straggler
        .release
        .as_ref()
        .map_or_else(|| straggler.sdk.clone(), |release| format!("{release}, {}", straggler.sdk));
    let deadline = f64::from(stale_seconds.max(1)) * 1000.0;
    let waited = (100.0 * straggler.last_seen_ms as f64 / deadline).min(100.0);
    let kind = format!("{:?}", straggler.kind).to_lowercase();
    html! {
        <tr key={straggler.instance.clone()}>
            <td><span class="mono">{ &straggler.instance }</span><small class="faint blk">{ release }</small></td>
            <td data-l={common::KIND}>{ match straggler.trust { Trust::Trusted => kind, Trust::Claimed => text::kind_claimed(&kind) } }</td>
            <td data-l={common::REGION_HEAD}>{ straggler.region.clone().unwrap_or_else(|| common::NOT_TOLD.to_owned()) }</td>
            <td data-l={text::LAST_HEARD} class="nowrap">{ heard(straggler.last_seen_ms) }</td>
            <td data-l={text::WHAT_HAPPENS_NEXT}><span class="due">
                if waited < 100.0 { <span class="meter" aria-hidden="true"><Placed width={Some(waited)} /></span> } else { <Icon name="clock" small=true /> }
                { &straggler.will }
            </span></td>
        </tr>
    }
}
