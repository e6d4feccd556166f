use crate::backend::api;
use crate::components::{ActBar, ActItem, CardSkeleton, FailureCard, Icon, Look, Reason};
use crate::hooks::{Act, clock, use_act, use_asked, use_console, use_may};
use crate::state::live::Slot;
use crate::words::number::count;
use crate::words::text::settings as text;
use crate::words::time::{day, parse};
use downhaul_control::api::{SigningKeyStanding, SigningKeyView};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct SigningKeysPartProps {
    pub environment: AttrValue,
}

/// The keys, which clients believe, who is behind, and the steps of a rotation as far as they can be taken now.
#[function_component]
pub fn SigningKeysPart(props: &SigningKeysPartProps) -> Html {
    let console = use_console();
    let may = use_may(&props.environment);
    let (asked, _) = use_asked(api::signing_keys(&props.environment), 0);
    let (act, open) = (use_act(), use_state(|| None::<(String, &'static str)>));
    let keys: Vec<SigningKeyView> = match &asked.slot {
        Slot::Failed(failure) => {
            return html! { <FailureCard failure={failure.clone()} what={text::THE_SIGNING_KEYS} /> };
        }
        Slot::Loading => return html! { <CardSkeleton lines=5 /> },
        Slot::Ready(page) => page.keys.clone(),
    };
    let unable =
        console.live.fleet.ready().and_then(|fleet| fleet.problems.get("signature-invalid").copied()).unwrap_or(0);
    let (live, current) = console.live.fleet.ready().map_or((0, 0), |fleet| (fleet.live, fleet.current));
    let item = |id, label, icon, verb: String, effect: &str, look, why_not: Option<String>| ActItem {
        id,
        label,
        icon,
        verb,
        effect: effect.to_owned(),
        look,
        reason: Reason::Required,
        why_not: may.manage.clone().or(why_not),
        key: None,
    };
    let bar = |of: String, acts: Vec<ActItem>| {
        html! { <KeyActs environment={props.environment.clone()} {of} {acts} open={(*open).clone()} act={act.clone()} on_open={
            let open = open.clone();
            Callback::from(move |next| open.set(next))
        } /> }
    };
    let row = |key: &SigningKeyView| {
        let acts = match key.standing {
            SigningKeyStanding::Signs | SigningKeyStanding::Revoked => Vec::new(),
            SigningKeyStanding::Believed => {
                let elsewhere = (!key.here).then(|| text::ITS_SECRET_HALF_IS_NOT_IN.to_owned());
                vec![
                    item(
                        "use",
                        text::LET_IT_SIGN,
                        "shieldcheck",
                        text::let_id_sign(&key.id),
                        text::EVERY_CLIENT_GETS_ITS_FLAG_SET,
                        Look::Plain,
                        elsewhere,
                    ),
                    item(
                        "revoke",
                        text::REVOKE,
                        "x",
                        text::revoke_id(&key.id),
                        text::CLIENTS_BELIEVE_IT_NO_MORE_WHAT,
                        Look::Danger,
                        None,
                    ),
                ]
            }
        };
        let made = key.made_at.as_deref().and_then(parse).map(|at| day(at, clock::now(), clock::offset()));
        let (chip, words) = match key.standing {
            SigningKeyStanding::Signs => ("ok", "signs"),
            SigningKeyStanding::Believed => ("serving", "believed"),
            SigningKeyStanding::Revoked => ("line", "revoked"),
        };
        html! {
            <li class="pad stack" key={key.id.clone()} data-test={format!("signing-key-{}", key.id)} data-standing={words}>
                <div class="row wrap"><b class="mono">{ &key.id }</b><span class={classes!("chip", chip)}>{ words }</span>
                    <span class="small muted">{ match (&made, key.here) {
                        (None, _) => text::MADE_AT_THE_FIRST_START.to_owned(),
                        (Some(made), true) => text::made_its_secret_half_is_in(&made),
                        (Some(made), false) => text::made_its_secret_half_is_kept(&made),
                    } }</span></div>
                <p class="small breakall"><span class="muted">{ text::PUBLIC_KEY }</span><code>{ &key.public_key }</code></p>
                if !acts.is_empty() { { bar(key.id.clone(), acts) } }
            </li>
        }
    };
    let make = vec![item(
        "make",
        text::MAKE_A_KEY,
        "plus",
        text::MAKE_A_SIGNING_KEY.to_owned(),
        text::CLIENTS_BELIEVE_IT_FROM_THEN_ON,
        Look::Plain,
        None,
    )];
    html! {
        <div class="sidegrid">
            <div class="stack l">
                <section class="card divide"><header><h2>{ text::SIGNING_KEYS }</h2><span class="chip">{ count(keys.len() as u64) }</span></header><ul class="divide">{ for keys.iter().map(row) }</ul></section>
                <section class="card"><header><h2>{ text::A_NEW_KEY }</h2></header><div class="pad">{ bar(String::new(), make) }</div></section>
            </div>
            <div class="stack l">
                <section class="card"><header><h2>{ text::TO_ROTATE }</h2></header><ol class="pad stack todo">
                    <li>{ text::MAKE_A_KEY_CLIENTS_THAT_KNOW }</li>
                    <li>{ text::GIVE_ITS_PUBLIC_KEY_TO_CLIENTS }<code>{ text::PUBLICKEYS }</code>{ text::BESIDE_THE_OLD_ONE_AND_DEPLOY }</li>
                    <li>{ text::LET_IT_SIGN_EVERY_CLIENT_GETS }</li>
                    <li>{ text::WHEN_ALL_HAVE_FOLLOWED_AND_KEPT }</li>
                </ol></section>
                <section class="card" data-test="signing-behind" data-unable={unable.to_string()}><div class="pad stack s">
                    <p class="row"><Icon name={if unable > 0 { "alert" } else { "shieldcheck" }} />{ text::of_live_clients_are_at_the(&count(current as u64), &count(live as u64)) }</p>
                    if unable > 0 { <p class="warn-ink">{ text::report_that_they_lack_the_key(&count(unable as u64)) }</p> }
                </div></section>
            </div>
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct KeyActsProps {
    environment: AttrValue,
    /// Id of the key; empty for one that is to be made.
    of: String,
    acts: Vec<ActItem>,
    open: Option<(String, &'static str)>,
    on_open: Callback<Option<(String, &'static str)>>,
    act: Act,
}

#[function_component]
fn KeyActs(props: &KeyActsProps) -> Html {
    let console = use_console();
    let own = props.open.as_ref().filter(|(of, _)| *of == props.of).map(|(_, id)| *id);
    let on_open = {
        let (of, on_open) = (props.of.clone(), props.on_open.clone());
        Callback::from(move |id: Option<&'static str>| on_open.emit(id.map(|id| (of.clone(), id))))
    };
    let on_act = {
        let (act, on_open, of, environment) =
            (props.act.clone(), props.on_open.clone(), props.of.clone(), props.environment.to_string());
        Callback::from(move |(id, reason): (&'static str, String)| {
            let (backend, environment, on_open) = (console.backend.clone(), environment.clone(), on_open.clone());
            let done = move |_: SigningKeyView| on_open.emit(None);
            match id {
                "make" => act.run(api::make_signing_key(backend, environment, reason), done),
                verb => act.run(api::act_on_signing_key(backend, environment, of.clone(), verb, reason), done),
            }
        })
    };
    let failure = own.and(props.act.state.failure.clone());
    html! { <ActBar acts={props.acts.clone()} open={own} {on_open} sent={props.act.state.sent} {failure} {on_act} /> }
}
