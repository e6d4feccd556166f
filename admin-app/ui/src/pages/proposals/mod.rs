mod approvals;
mod effect;
mod proposal;

use crate::words::text::common;
use crate::words::text::proposals as text;
pub use proposal::Proposal;

use crate::components::{Empty, FailureCard, RowsSkeleton, SentenceText};
use crate::hooks::{clock, use_console, use_document_title, use_rows};
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::change::marked;
use crate::words::may;
use crate::words::message::capital;
use crate::words::number::{count, counted};
use crate::words::proposal::{Group, author, by, group};
use crate::words::time::{ago, parse};
use downhaul_control::api::{ProposalStatus, ProposalSummary, Role};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ProposalsProps {
    pub environment: AttrValue,
}

/// What waits for someone's approval: for whoever looks first.
#[function_component]
pub fn Proposals(props: &ProposalsProps) -> Html {
    use_document_title(text::proposals_in_environment(&props.environment));
    let console = use_console();
    let (actor, is_approver) = console
        .who()
        .map_or((String::new(), false), |who| (who.actor.clone(), may::has(who, &props.environment, Role::Approver)));
    let page = console.live.proposals.ready();
    let mut all: Vec<(Group, ProposalSummary)> = page
        .iter()
        .flat_map(|page| page.proposals.iter())
        .map(|each| (group(each, &actor, is_approver), each.clone()))
        .collect();
    // Stable: within a group the newest first, as they come.
    all.sort_by_key(|(group, _)| *group);
    let to = |id: &str| Route::Proposal { environment: props.environment.to_string(), id: id.to_owned() };
    let (cursor, place) = use_rows(all.iter().map(|(_, each)| to(&each.id)).collect());
    let now = clock::now();
    let waiting = all.iter().filter(|(group, _)| *group == Group::Waiting).count();
    let open = all.iter().filter(|(group, _)| *group != Group::Closed).count();
    let body = match &console.live.proposals {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_PROPOSALS} /> },
        Slot::Loading => html! {
            <div class="card" aria-busy="true"><table class="table compact"><tbody><RowsSkeleton rows=4 cells={vec!["c-flag", "", ""]} /></tbody></table></div>
        },
        Slot::Ready(_) if all.is_empty() => html! {
            <div class="card"><Empty title={text::NOTHING_IS_PROPOSED}>
                <p>{ text::WHERE_THE_POLICY_ASKS_A_SECOND }</p>
                <p><code>{ text::DOWNHAUL_APPLY_FLAGS_JSON_REASON_TEXT }</code></p>
            </Empty></div>
        },
        Slot::Ready(_) => Group::ALL
            .into_iter()
            .filter_map(|group| {
                let rows: Vec<(usize, &ProposalSummary)> =
                    all.iter().enumerate().filter(|(_, (of, _))| *of == group).map(|(at, (_, each))| (at, each)).collect();
                (!rows.is_empty()).then(|| html! {
                    <section class="card" key={group.title()}>
                        <header><h2>{ group.title() }</h2><span class="chip">{ count(rows.len() as u64) }</span><p>{ group.explanation() }</p></header>
                        <div class="tablewrap"><table class="table compact proposals">
                            <thead><tr><th>{ text::WHAT }</th><th>{ common::BY }</th><th>{ text::APPROVALS }</th><th>{ text::STATUS }</th></tr></thead>
                            <tbody>{ for rows.into_iter().map(|(at, each)| row(each, at, cursor == Some(at), &to(&each.id), now)) }</tbody>
                        </table></div>
                    </section>
                })
            })
            .collect(),
    };
    html! {
        <>
            <div class="pagehead"><div class="grow">
                <h1>{ text::PROPOSALS }</h1>
                if page.is_some() && open == 0 {
                    <p>{ text::NO_PROPOSAL_IS_OPEN }</p>
                } else if page.is_some() {
                    <p>{ text::open_a_kill_is_never_among(&counted(open, text::PROPOSAL, text::AMID_PROPOSALS), &match waiting {
                        0 => text::NONE_WAITING_FOR_YOU.to_owned(),
                        waiting => text::waiting_for_you(&count(waiting as u64)),
                    }) }</p>
                }
            </div></div>
            <div class="stack l" ref={place}>{ body }</div>
        </>
    }
}

fn row(proposal: &ProposalSummary, at: usize, is_current: bool, to: &Route, now: f64) -> Html {
    let when = |at: &str| parse(at).map(|at| ago(now - at));
    html! {
        <tr key={proposal.id.clone()} data-row={at.to_string()} class={classes!(is_current.then_some("is-focus"))} data-test={format!("proposal-row-{}", proposal.id)}>
            <td><Link<Route> to={to.clone()} classes="key">{ &proposal.id }</Link<Route>>{ " " }<SentenceText sentence={marked(&capital(&proposal.summary))} />
                <small class="muted blk">{ format!("“{}”", proposal.reason) }</small></td>
            <td data-l={common::BY} class="nowrap">{ author(proposal) }<small class="faint blk">{ when(&proposal.made_at) }</small></td>
            <td data-l={text::APPROVALS}>{ count(proposal.approvals as u64) }</td>
            <td data-l={text::STATUS}><Status status={proposal.status} />
                if let Some(closed) = &proposal.closed { <small class="faint blk">{ format!("{} {}", by(closed), when(&closed.at).unwrap_or_default()) }</small> }</td>
        </tr>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct StatusProps {
    status: ProposalStatus,
}

#[function_component]
fn Status(props: &StatusProps) -> Html {
    let class = match props.status {
        ProposalStatus::Open => "serving",
        ProposalStatus::Landed => "ok",
        ProposalStatus::Rejected => "warn",
        ProposalStatus::Withdrawn => "line",
    };
    html! { <span class={classes!("chip", class)} data-test="proposal-status" data-status={props.status.as_str()}>{ props.status.as_str() }</span> }
}
