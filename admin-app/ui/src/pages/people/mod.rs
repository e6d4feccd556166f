mod newcomer;
mod person;
mod tokens;

use crate::backend::api;
use crate::components::{Empty, FailureCard, Icon, RowsSkeleton};
use crate::hooks::{use_asked, use_document_title, use_may};
use crate::state::live::Slot;
use crate::words::number::count;
use crate::words::text::common;
use crate::words::text::people as text;
use downhaul_control::api::PersonView;
use newcomer::Newcomer;
use person::PersonActs;
use tokens::TokensCard;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct PeopleProps {
    pub environment: AttrValue,
}

/// Who may what here, and with which tokens.
#[function_component]
pub fn People(props: &PeopleProps) -> Html {
    use_document_title(text::people_of_environment(&props.environment));
    let (asked, _) = use_asked(api::people(&props.environment), 0);
    let may = use_may(&props.environment);
    let open = use_state(|| None::<String>);
    let may_not = may.manage.is_some();
    let mut people: Vec<PersonView> = asked.slot.ready().map(|page| page.people.clone()).unwrap_or_default();
    // Whoever has no name any more comes last.
    people.sort_by_cached_key(|each| (each.name.is_none(), each.name.as_ref().map(|name| name.to_lowercase())));
    let body = match &asked.slot {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_PEOPLE} /> },
        Slot::Loading => html! {
            <div class="card" aria-busy="true"><table class="table compact"><tbody><RowsSkeleton rows=4 cells={vec!["c-flag", "", ""]} /></tbody></table></div>
        },
        Slot::Ready(_) if people.is_empty() => html! {
            <div class="card"><Empty title={text::NOBODY_HAS_A_ROLE_HERE_YET}>
                <p>{ text::WHOEVER_HOLDS_THE_ADMIN_TOKEN_MAY }</p>
            </Empty></div>
        },
        Slot::Ready(_) => html! {
            <>
                if let Some(why) = &may.manage { <p class="why-not"><Icon name="lock" small=true />{ why }</p> }
                <div class="card tablewrap"><table class="table compact">
                    <thead><tr><th>{ text::PERSON }</th><th>{ text::ROLES }</th><th>{ text::TOKENS_IN_FORCE }</th><th><span class="sr">{ common::ACTIONS }</span></th></tr></thead>
                    <tbody>{ for people.iter().map(|each| {
                        let is_open = open.as_ref() == Some(&each.actor);
                        let toggle = { let (open, actor) = (open.clone(), each.actor.clone()); Callback::from(move |_: MouseEvent| if !may_not { open.set((!is_open).then(|| actor.clone())) }) };
                        html! {
                            <>
                                <tr key={each.actor.clone()} data-test={format!("person-{}", each.actor)}>
                                    <td><b>{ each.name.clone().unwrap_or_else(|| text::NAME_ERASED.to_owned()) }</b><small class="faint blk mono">{ &each.actor }</small></td>
                                    <td data-l={text::ROLES}><span class="chips">{ for each.roles.iter().map(|role| html! { <span class="chip">{ role.as_str() }</span> }) }
                                        if each.roles.is_empty() { <span class="faint">{ text::NONE }</span> }</span></td>
                                    <td data-l={text::TOKENS_IN_FORCE}>{ count(each.tokens.len() as u64) }</td>
                                    <td class="num"><button type="button" class="btn s" aria-expanded={is_open.to_string()} aria-disabled={may_not.to_string()} title={may.manage.clone()} data-test={format!("change-{}", each.actor)} onclick={toggle}>{ text::CHANGE }</button></td>
                                </tr>
                                if is_open { <tr key={format!("{}-acts", each.actor)}><td colspan="4"><PersonActs environment={props.environment.clone()} person={each.clone()} why_not={may.manage.clone()} /></td></tr> }
                            </>
                        }
                    }) }</tbody>
                </table></div>
            </>
        },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ text::PEOPLE_AND_TOKENS }</h1>
                <p>{ text::WHO_MAY_DO_WHAT_IN_THIS }</p></div></div>
            { body }
            <Newcomer environment={props.environment.clone()} why_not={may.manage.clone()} />
            <TokensCard environment={props.environment.clone()} why_not={may.manage.clone()} />
        </>
    }
}
