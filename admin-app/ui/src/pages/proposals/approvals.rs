use crate::backend::api::{self, ProposalView};
use crate::components::{Icon, Placed, SentenceText};
use crate::hooks::{clock, use_asked};
use crate::words::change::marked;
use crate::words::may::named;
use crate::words::number::{count, ratio};
use crate::words::proposal::{by, ground};
use crate::words::text::proposals as text;
use crate::words::time::{ago, parse};
use downhaul_control::api::{ApprovalView, PersonView};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ApprovalsProps {
    pub environment: AttrValue,
    pub view: ProposalView,
}

/// How many are asked and why, who has approved, and whose approval does not count.
#[function_component]
pub fn Approvals(props: &ApprovalsProps) -> Html {
    let now = clock::now();
    let (people, _) = use_asked(api::people(&props.environment), 0);
    let people = people.slot.ready().map(|page| page.people.clone()).unwrap_or_default();
    let approvals = &props.view.approvals;
    html! {
        <section class="card divide">
            <header><h2>{ text::APPROVALS }</h2>
                if let Some(standing) = &props.view.now {
                    <span class={classes!("chip", "end", if standing.counting >= standing.quorum { "ok" } else { "warn" })} data-test="approvals-counting"
                        data-counting={standing.counting.to_string()} data-quorum={standing.quorum.to_string()}>
                        { text::from_of_from_2(&count(u64::from(standing.counting)), &count(u64::from(standing.quorum))) }</span>
                }
            </header>
            if let Some(standing) = &props.view.now {
                <div class="pad stack s">
                    <div class="meter"><Placed width={Some(ratio(standing.counting as usize, standing.quorum as usize))} /></div>
                    if standing.grounds.is_empty() { <p class="small muted">{ text::THE_POLICY_ASKS_NOBODY_ELSE_ABOUT }</p> }
                    <ul class="small muted">{ for standing.grounds.iter().map(|each| html! { <li><SentenceText sentence={marked(&text::asks_for_ground(&ground(each)))} /></li> }) }</ul>
                </div>
            }
            if approvals.is_empty() { <p class="pad muted">{ text::NOBODY_HAS_APPROVED_IT }</p> }
            else { <ul class="approvals">{ for approvals.iter().map(|each| approval(each, now, &people)) }</ul> }
        </section>
    }
}

fn approval(approval: &ApprovalView, now: f64, people: &[PersonView]) -> Html {
    let (class, icon) = match approval.counts {
        Some(true) => ("counts", "check"),
        Some(false) => ("void", "alert"),
        None => ("", "check"),
    };
    html! {
        <li class={class} key={approval.act.revision} data-test="approval" data-counts={approval.counts.map(|counts| counts.to_string())}>
            <Icon name={icon} small=true />
            <div><b>{ by(&approval.act) }</b><small class="faint">{ format!(" {}", parse(&approval.act.at).map(|at| ago(now - at)).unwrap_or_default()) }</small>
                <p class="muted">{ format!("“{}”", approval.act.reason) }</p>
                if let Some(void) = &approval.void { <p class="warn-ink" data-test="approval-void">{ text::DOES_NOT_COUNT }<SentenceText sentence={marked(&named(void, people))} /></p> }
            </div>
        </li>
    }
}
