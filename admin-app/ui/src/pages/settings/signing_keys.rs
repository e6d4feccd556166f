use crate::backend::api;
use crate::components::{ActBar, ActItem, CardSkeleton, FailureCard, Icon, Look, Reason};
use crate::hooks::{Act, clock, use_act, use_asked, use_console, use_may};
use crate::state::live::Slot;
use crate::words::number::count;
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
        Slot::Failed(failure) => return html! { <FailureCard failure={failure.clone()} what="The signing keys" /> },
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
                let elsewhere = (!key.here).then(|| {
                    "Its secret half is not in the data folder. Stop the server and bring it there with downhaul signing-keys import.".to_owned()
                });
                vec![
                    item(
                        "use",
                        "Let it sign…",
                        "shieldcheck",
                        format!("Let {} sign", key.id),
                        "Every client gets its flag set under this key at once. The one that signs now is still believed.",
                        Look::Plain,
                        elsewhere,
                    ),
                    item(
                        "revoke",
                        "Revoke…",
                        "x",
                        format!("Revoke {}", key.id),
                        "Clients believe it no more: what they kept under it is not read any more.",
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
                        (None, _) => "of the first start".to_owned(),
                        (Some(made), true) => format!("made {made}; its secret half is in the data folder"),
                        (Some(made), false) => format!("made {made}; its secret half is kept elsewhere"),
                    } }</span></div>
                <p class="small breakall"><span class="muted">{ "Public key " }</span><code>{ &key.public_key }</code></p>
                if !acts.is_empty() { { bar(key.id.clone(), acts) } }
            </li>
        }
    };
    let make = vec![item(
        "make",
        "Make a key…",
        "plus",
        "Make a signing key".to_owned(),
        "Clients believe it from then on, and it does not sign yet. Its secret half stays in the data folder.",
        Look::Plain,
        None,
    )];
    html! {
        <div class="sidegrid">
            <div class="stack l">
                <section class="card divide"><header><h2>{ "Signing keys" }</h2><span class="chip">{ count(keys.len() as u64) }</span></header><ul class="divide">{ for keys.iter().map(row) }</ul></section>
                <section class="card"><header><h2>{ "A new key" }</h2></header><div class="pad">{ bar(String::new(), make) }</div></section>
            </div>
            <div class="stack l">
                <section class="card"><header><h2>{ "To rotate" }</h2></header><ol class="pad stack todo">
                    <li>{ "Make a key. Clients that know their keys from the server believe it at once." }</li>
                    <li>{ "Give its public key to clients that pin keys: add it to " }<code>{ "publicKeys" }</code>{ " beside the old one, and deploy." }</li>
                    <li>{ "Let it sign. Every client gets its flag set under it." }</li>
                    <li>{ "When all have followed, and kept copies have run out, revoke the old one." }</li>
                </ol></section>
                <section class="card" data-test="signing-behind" data-unable={unable.to_string()}><div class="pad stack s">
                    <p class="row"><Icon name={if unable > 0 { "alert" } else { "shieldcheck" }} />{ format!("{} of {} live clients are at the newest revision.", count(current as u64), count(live as u64)) }</p>
                    if unable > 0 { <p class="warn-ink">{ format!("{} report that they lack the key. Let the old one sign again: all of them believe it.", count(unable as u64)) }</p> }
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
