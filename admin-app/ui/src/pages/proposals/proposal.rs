use super::Status;
use super::approvals::Approvals;
use super::effect::Effect;
use crate::backend::api::{self, ProposalView};
use crate::components::{ActBar, ActItem, Icon, Look, Reason, SentenceText};
use crate::hooks::{
    Key, May, clock, use_act, use_asked, use_console, use_document_title, use_keys, use_looked_at, use_may, use_policy,
    use_way_back,
};
use crate::pages::frame::{Frame, framed};
use crate::route::Route;
use crate::state::live::Slot;
use crate::state::toasts::Tone;
use crate::words::change::marked;
use crate::words::message::capital;
use crate::words::number::count;
use crate::words::proposal::{author, by, conflict, in_the_way, is_author};
use crate::words::text::common;
use crate::words::text::proposals as text;
use crate::words::time::{ago, parse};
use downhaul_control::api::{ApproveRequest, Blocked, Changed, ProposalNow, ProposalStatus, Role};
use serde_json::Value;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ProposalProps {
    pub environment: AttrValue,
    pub id: String,
}

/// A proposal: what it would do, whose approvals count, and what is in its way.
#[function_component]
pub fn Proposal(props: &ProposalProps) -> Html {
    use_document_title(text::proposal_id(&props.id));
    let (asked, put) = use_asked(api::proposal(&props.environment, &props.id), 0);
    let list = Route::Proposals { environment: props.environment.to_string() };
    use_way_back(list.clone());
    let heading = html! {
        <><h1>{ text::proposal_id(&props.id) }</h1>
            if let Slot::Ready(view) = &asked.slot { <Status status={view.proposal.status} /> }</>
    };
    let frame = Frame {
        what: "proposal",
        crumbs: vec![(list, text::PROPOSALS.to_owned())],
        id: props.id.clone(),
        heading,
        actions: Html::default(),
        missing: text::names_no_proposal_of_that_is(&props.id, &props.environment),
    };
    framed(frame, &asked.slot, |view| {
        html! { <Shown environment={props.environment.clone()} view={(**view).clone()} on_view={put} /> }
    })
}

#[derive(Debug, Properties, PartialEq)]
struct ShownProps {
    environment: AttrValue,
    view: ProposalView,
    on_view: Callback<ProposalView>,
}

#[function_component]
fn Shown(props: &ShownProps) -> Html {
    let now = clock::now();
    let (view, proposal) = (&props.view, &props.view.proposal);
    html! {
        <div class="sidegrid">
            <div class="stack l">
                if let Some(standing) = &view.now {
                    { for standing.conflicts.iter().map(|each| html! {
                        <div class="banner warn" data-test="proposal-conflict"><Icon name="alert" /><p><SentenceText sentence={marked(&conflict(each))} />
                            if let Some(other) = &each.proposal { { " " }<Link<Route> to={Route::Proposal { environment: props.environment.to_string(), id: other.clone() }}>{ text::see_other(&other) }</Link<Route>> }
                        </p></div>
                    }) }
                }
                <section class="card divide">
                    <header><h2>{ text::PROPOSED }</h2></header>
                    <div class="pad stack s">
                        <p class="say"><SentenceText sentence={marked(&capital(&proposal.summary))} /></p>
                        <p class="quote">{ &proposal.reason }</p>
                        <p class="small muted">{ text::by_at_revision(&author(proposal), &parse(&proposal.made_at).map(|at| ago(now - at)).unwrap_or_default(), &count(proposal.base)) }</p>
                        if let Some(amended) = &proposal.amended { <p class="small muted">{ text::amended_by_by_ago_reason(&by(amended), &parse(&amended.at).map(|at| ago(now - at)).unwrap_or_default(), &amended.reason) }</p> }
                    </div>
                    if let Some(closed) = &proposal.closed {
                        <p class="pad">{ text::status_by_by_ago_at(&proposal.status.as_str(), &by(closed), &parse(&closed.at).map(|at| ago(now - at)).unwrap_or_default()) }
                            <Link<Route> to={Route::ChartEntry { environment: props.environment.to_string(), revision: closed.revision }}>{ common::revision_revision(&count(closed.revision)) }</Link<Route>>{ format!(": “{}”", closed.reason) }</p>
                    }
                </section>
                if let Some(standing) = &view.now { <Effect environment={props.environment.clone()} now={standing.clone()} is_restore={kind_of(&view.command) == Some("restore")} /> }
                <section class="card"><details><summary class="pad tight">{ text::AS_A_CHANGE_WOULD_RECORD_IT }</summary>
                    <pre class="json" tabindex="0" aria-label={text::THE_COMMAND_AS_JSON}>{ serde_json::to_string_pretty(&view.command).unwrap_or_default() }</pre></details></section>
            </div>
            <aside class="stack l">
                if let Some(standing) = &view.now {
                    if let Some(blocked) = &standing.blocked { <InTheWay blocked={blocked.clone()} now={standing.clone()} /> }
                    else { <div class="banner ok" data-test="proposal-ready"><Icon name="check" /><p>{ text::NOTHING_IS_IN_ITS_WAY_IT }</p></div> }
                }
                <Approvals environment={props.environment.clone()} view={view.clone()} />
                if proposal.status == ProposalStatus::Open { <Acts environment={props.environment.clone()} view={view.clone()} on_view={props.on_view.clone()} /> }
            </aside>
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct InTheWayProps {
    blocked: Blocked,
    now: ProposalNow,
}

/// Why it could not be landed now.
#[function_component]
fn InTheWay(props: &InTheWayProps) -> Html {
    let (title, help) = in_the_way(&props.blocked, &props.now);
    html! {
        <div class="banner" data-test="proposal-blocked" data-code={props.blocked.code.clone()}><Icon name="lock" />
            <p><b>{ text::NOT_YET }</b>{ title }{ ". " }<span class="muted">{ help }</span></p></div>
    }
}

fn kind_of(command: &Value) -> Option<&str> {
    command.get("type").and_then(Value::as_str)
}

/// The role that the change itself takes.
fn role_of(command: &Value) -> Role {
    match kind_of(command) {
        Some("restore") => Role::Operator,
        Some("put-policy") => Role::Admin,
        Some(_) | None => Role::Editor,
    }
}

#[function_component]
fn Acts(props: &ShownProps) -> Html {
    let console = use_console();
    let may = use_may(&props.environment);
    let policy = use_policy();
    let (act, open) = (use_act(), use_state(|| None::<&'static str>));
    let allows_self = policy.is_some_and(|policy| policy.approvals.by_author);
    let actor = console.who().map(|who| who.actor.clone()).unwrap_or_default();
    let acts = acts(&props.view, &may, &actor, allows_self);
    let digest = props.view.now.as_ref().and_then(|now| now.digest.clone()).unwrap_or_default();
    let looked = use_looked_at(*open, &act, digest);
    {
        let (acts, open) = (acts.clone(), open.clone());
        use_keys(move |key: &Key| {
            let pressed =
                key.plain().and_then(|plain| acts.iter().find(|act| act.key == Some(plain) && act.why_not.is_none()));
            if let Some(act) = pressed {
                open.set(Some(act.id));
            }
            pressed.is_some()
        });
    }
    let on_open = {
        let open = open.clone();
        Callback::from(move |id| open.set(id))
    };
    let on_act = {
        let (act, open, view, on_view) = (act.clone(), open.clone(), props.view.clone(), props.on_view.clone());
        let (environment, looked) = (props.environment.to_string(), looked.clone());
        Callback::from(move |(id, reason): (&'static str, String)| {
            let (backend, environment, proposal) =
                (console.backend.clone(), environment.clone(), view.proposal.id.clone());
            let (open, console) = (open.clone(), console.clone());
            match id {
                "land" => {
                    let summary = text::proposal_is_landed(&proposal);
                    act.run(api::land(backend, environment, proposal, reason), move |changed: Changed| {
                        let detail = common::revision_revision_2(&count(changed.position.revision));
                        console.toast(Tone::Ok, summary, detail);
                        open.set(None);
                    });
                }
                "approve" => {
                    let digest = (*looked).clone();
                    let on_view = on_view.clone();
                    act.run(
                        api::approve(backend, environment, proposal, ApproveRequest { digest, reason }),
                        move |view| {
                            open.set(None);
                            on_view.emit(view);
                        },
                    );
                }
                verb => {
                    let on_view = on_view.clone();
                    act.run(api::close_proposal(backend, environment, proposal, verb, reason), move |view| {
                        open.set(None);
                        on_view.emit(view);
                    });
                }
            }
        })
    };
    html! {
        <section class="card"><div class="pad">
            <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} />
        </div></section>
    }
}

fn acts(view: &ProposalView, may: &May, actor: &str, allows_self: bool) -> Vec<ActItem> {
    let (proposal, id) = (&view.proposal, &view.proposal.id);
    let standing = view.now.as_ref();
    let own = is_author(proposal, actor);
    let counts = view.approvals.iter().any(|each| each.act.actor == actor && each.counts == Some(true));
    let self_approval = (own && !allows_self).then(|| text::YOU_WROTE_IT_SOMEBODY_ELSE_HAS.to_owned());
    let twice = counts.then(|| common::YOUR_APPROVAL_COUNTS_ALREADY.to_owned());
    let nothing = standing.is_none_or(|now| now.digest.is_none()).then(|| text::IT_COULD_NOT_BE_CARRIED_OUT.to_owned());
    let by_role = match role_of(&view.command) {
        Role::Operator => may.operate.clone(),
        Role::Admin => may.manage.clone(),
        Role::Viewer | Role::Editor | Role::Approver => may.edit.clone(),
    };
    let blocked = standing.and_then(|now| now.blocked.as_ref());
    let in_the_way = blocked.map(|blocked| {
        let Some(now) = standing else { return String::new() };
        let (title, help) = in_the_way(blocked, now);
        if help.is_empty() { format!("{title}.") } else { format!("{title}. {help}.") }
    });
    let is_ready = blocked.is_none() && by_role.is_none();
    let plain = |id: &'static str, label: &'static str, icon: &'static str| ActItem {
        id,
        label,
        icon,
        verb: String::new(),
        effect: String::new(),
        look: Look::Plain,
        reason: Reason::Required,
        why_not: None,
        key: None,
    };
    vec![
        ActItem {
            verb: text::approve_id(&id),
            effect: text::YOUR_APPROVAL_IS_OF_EXACTLY_WHAT.to_owned(),
            look: if is_ready { Look::Plain } else { Look::Primary },
            why_not: self_approval.or(may.approve.clone()).or(twice).or(nothing),
            key: Some("a"),
            ..plain("approve", text::APPROVE, "check")
        },
        ActItem {
            verb: text::land_id(&id),
            effect: text::IT_BECOMES_A_CHANGE_AT_ONCE.to_owned(),
            look: if is_ready { Look::Primary } else { Look::Plain },
            reason: Reason::Optional,
            why_not: by_role.or(in_the_way),
            key: Some("l"),
            ..plain("land", text::LAND, "arrow")
        },
        ActItem {
            verb: text::reject_id(&id),
            effect: text::IT_IS_CLOSED_AND_IS_NOT.to_owned(),
            why_not: may.approve.clone(),
            ..plain("reject", text::REJECT, "x")
        },
        ActItem {
            verb: text::withdraw_id(&id),
            effect: text::IT_IS_CLOSED_AND_IS_NOT_CARRIED_OUT.to_owned(),
            why_not: (!own && may.manage.is_some()).then(|| text::only_or_an_admin_may_do(&author(proposal))),
            ..plain("withdraw", text::WITHDRAW, "undo")
        },
    ]
}
