use crate::backend::api;
use crate::components::{ActBar, ActItem, CardSkeleton, FailureCard, Icon, Look, Reason};
use crate::hooks::{clock, use_act, use_asked, use_console};
use crate::state::live::Slot;
use crate::words::number::count;
use crate::words::text::common;
use crate::words::text::people as text;
use crate::words::time::{ago, day, parse};
use downhaul_control::api::TokenView;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct TokensCardProps {
    pub environment: AttrValue,
    pub why_not: Option<String>,
}

/// Tokens of people and machines; those in force first, by name.
#[function_component]
pub fn TokensCard(props: &TokensCardProps) -> Html {
    let (asked, _) = use_asked(api::tokens(&props.environment), 0);
    let open = use_state(|| None::<String>);
    let (now, may_not) = (clock::now(), props.why_not.is_some());
    let Slot::Ready(page) = &asked.slot else {
        return match &asked.slot {
            Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_TOKENS} /> },
            Slot::Loading | Slot::Ready(_) => html! { <CardSkeleton lines=5 /> },
        };
    };
    let mut tokens: Vec<&TokenView> = page.tokens.iter().collect();
    tokens.sort_by_cached_key(|token| (is_over(token, now), token.name.to_lowercase(), whose(token).to_lowercase()));
    let in_force = tokens.iter().filter(|token| !is_over(token, now)).count();
    html! {
        <section class="card">
            <header><h2>{ text::TOKENS }</h2><span class="chip">{ text::in_force_in_force(&count(in_force as u64)) }</span><p>{ text::FOR_A_MACHINE }<code>{ text::DOWNHAUL_TOKENS_CREATE_NAME_ROLE_ROLE }</code></p></header>
            if tokens.is_empty() { <p class="pad muted">{ text::THERE_IS_NONE_BUT_THE_ADMIN }</p> } else {
                if let Some(why) = &props.why_not { <p class="why-not pad"><Icon name="lock" small=true />{ why }</p> }
                <div class="tablewrap"><table class="table compact">
                    <thead><tr><th>{ text::TOKEN }</th><th>{ text::WHOSE }</th><th>{ text::ROLES }</th><th>{ text::MADE }</th><th>{ text::UNTIL }</th><th><span class="sr">{ common::ACTIONS }</span></th></tr></thead>
                    <tbody>{ for tokens.into_iter().map(|token| {
                        let is_open = open.as_ref() == Some(&token.id);
                        let toggle = { let (open, id) = (open.clone(), token.id.clone()); Callback::from(move |_: MouseEvent| if !may_not { open.set((!is_open).then(|| id.clone())) }) };
                        html! {
                            <>
                                <tr key={token.id.clone()} data-test={format!("token-{}", token.id)}>
                                    <td><b>{ &token.name }</b><small class="faint blk mono">{ &token.id }</small></td>
                                    <td data-l={text::WHOSE}>{ whose(token) }</td>
                                    <td data-l={text::ROLES}><span class="chips">{ for token.roles.iter().map(|role| html! { <span class="chip">{ role.as_str() }</span> }) }</span></td>
                                    <td data-l={text::MADE} class="nowrap">{ &token.created_by }<small class="faint blk">{ parse(&token.created_at).map(|at| ago(now - at)) }</small></td>
                                    <td data-l={text::UNTIL} class="nowrap">{ until(token, now) }</td>
                                    <td class="num">if !is_over(token, now) { <button type="button" class="btn s" aria-expanded={is_open.to_string()} aria-disabled={may_not.to_string()} title={props.why_not.clone()} data-test={format!("revoke-{}", token.id)} onclick={toggle}>{ text::REVOKE }</button> }</td>
                                </tr>
                                if is_open { <tr key={format!("{}-acts", token.id)}><td colspan="6"><Revoke environment={props.environment.clone()} token={token.clone()} why_not={props.why_not.clone()} /></td></tr> }
                            </>
                        }
                    }) }</tbody>
                </table></div>
            }
        </section>
    }
}

fn is_over(token: &TokenView, now: f64) -> bool {
    token.revoked_at.is_some() || token.expires_at.as_deref().and_then(parse).is_some_and(|at| at <= now)
}

fn whose(token: &TokenView) -> String {
    match (token.is_person, &token.actor_name) {
        (true, Some(name)) => name.clone(),
        (true, None) => token.actor.clone(),
        (false, _) => text::A_MACHINE.to_owned(),
    }
}

fn until(token: &TokenView, now: f64) -> Html {
    let date = |at: &str| parse(at).map(|at| day(at, now, clock::offset())).unwrap_or_default();
    match (&token.revoked_at, &token.expires_at) {
        (Some(at), _) => html! { <span class="chip line">{ text::revoked_date(&date(at)) }</span> },
        (None, Some(at)) => html! { { date(at) } },
        (None, None) => html! { <span class="warn-ink">{ text::NO_END }</span> },
    }
}

#[derive(Debug, Properties, PartialEq)]
struct RevokeProps {
    environment: AttrValue,
    token: TokenView,
    why_not: Option<String>,
}

#[function_component]
fn Revoke(props: &RevokeProps) -> Html {
    let console = use_console();
    let (act, open) = (use_act(), use_state(|| Some("revoke")));
    let acts = vec![ActItem {
        id: "revoke",
        label: text::REVOKE,
        icon: "x",
        verb: text::revoke_name(&props.token.name),
        effect: text::IT_OPENS_NOTHING_ANY_MORE_AT.to_owned(),
        look: Look::Danger,
        reason: Reason::Required,
        why_not: props.why_not.clone(),
        key: None,
    }];
    let on_open = {
        let open = open.clone();
        Callback::from(move |id| open.set(id))
    };
    let on_act = {
        let (act, environment, id) = (act.clone(), props.environment.to_string(), props.token.id.clone());
        Callback::from(move |(_, reason): (&'static str, String)| {
            act.run(api::revoke_token(console.backend.clone(), environment.clone(), id.clone(), reason), |_| {});
        })
    };
    html! { <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} /> }
}

#[derive(Debug, Properties, PartialEq)]
pub struct SecretProps {
    pub token: String,
}

/// A token that was just made; it is in no other answer of the server.
#[function_component]
pub fn Secret(props: &SecretProps) -> Html {
    html! {
        <div class="banner ok" role="status"><Icon name="key" /><p><b>{ text::COPY_IT_NOW_IT_IS_SHOWN }</b><code class="wrapany" data-test="token-secret">{ &props.token }</code></p></div>
    }
}
