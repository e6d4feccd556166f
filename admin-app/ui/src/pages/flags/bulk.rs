use crate::backend::{Failure, api};
use crate::components::{Dialog, Icon, NotYet};
use crate::hooks::{use_act, use_console};
use crate::pages::batch::BatchDialog;
use crate::route::Route;
use crate::state::batch::{Edit, Item, flags};
use crate::state::selection::Selection;
use crate::words::text::common;
use crate::words::text::flags as text;
use downhaul_core::document::FlagSet;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Clone, Properties, PartialEq)]
pub struct BulkProps {
    pub environment: AttrValue,
    /// Chosen ones that are there still.
    pub keys: Vec<String>,
    /// Why nothing may be edited.
    pub why_not: Option<AttrValue>,
    pub on_selection: Callback<Selection>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Owner,
    Date,
    Kill,
}

/// What is about to be done, to flags as they were when that was decided.
#[derive(Debug, Clone, PartialEq)]
struct Meant {
    title: String,
    items: Vec<Item>,
    revision: u64,
    retires: bool,
}

impl Meant {
    fn of(edit: Edit, document: &FlagSet, keys: &[String]) -> Self {
        let json = |key: &String| serde_json::to_value(document.flag(key)?).ok();
        let items: Vec<Item> = keys.iter().filter_map(|key| Some(edit.of(key, &json(key)?))).collect();
        let many = flags(items.len());
        Meant {
            title: match &edit {
                Edit::Owner(owner) => text::make_the_owner_of(&owner, &many),
                Edit::Date(date) => text::set_the_date_of_to(&many, &date),
                Edit::Retire => text::retire_many(&many),
            },
            items,
            revision: document.revision,
            retires: edit == Edit::Retire,
        }
    }
}

/// What can be done with the flags that are chosen.
#[function_component]
pub fn Bulk(props: &BulkProps) -> Html {
    let asked = use_state(|| None::<Asked>);
    let meant = use_state(|| None::<Meant>);
    let (console, act) = (use_console(), use_act());
    // Counts what was asked for: what is read for one that was given up leads to nothing.
    let turn = use_mut_ref(|| 0_u32);
    let many = flags(props.keys.len());
    // What was begun is shown to its end, also where that leaves none of those that were chosen.
    if props.keys.is_empty() && meant.is_none() {
        return Html::default();
    }
    let ask = |what: Option<Asked>| {
        let (asked, turn, act) = (asked.clone(), turn.clone(), act.clone());
        Callback::from(move |()| {
            *turn.borrow_mut() += 1;
            act.forget();
            asked.set(what);
        })
    };
    let take = {
        let (asked, meant, act, backend) = (asked.clone(), meant.clone(), act.clone(), console.backend.clone());
        let turn = turn.clone();
        let (environment, keys) = (props.environment.clone(), props.keys.clone());
        Callback::from(move |edit: Edit| {
            let (asked, meant, backend) = (asked.clone(), meant.clone(), backend.clone());
            let (environment, keys, turn, of) = (environment.clone(), keys.clone(), turn.clone(), *turn.borrow());
            // What the page shows comes a moment after each change, also after what was done here just now.
            let read = async move { api::read_document(&api::document(&backend, &environment).await?) };
            act.run(read, move |document| {
                if *turn.borrow() == of {
                    asked.set(None);
                    meant.set(Some(Meant::of(edit, &document, &keys)));
                }
            });
        })
    };
    let close = {
        let (meant, clear) = (meant.clone(), props.on_selection.clone());
        Callback::from(move |()| {
            meant.set(None);
            clear.emit(Selection::default());
        })
    };
    let off = props.why_not.is_some() || act.state.sent;
    let button = |label: &'static str, test: &'static str, on_press: Callback<()>| {
        html! {
            <button type="button" class="btn s" aria-disabled={off.to_string()} title={props.why_not.clone()} data-test={test}
                onclick={Callback::from(move |_: MouseEvent| if !off { on_press.emit(()) })}>{ label }</button>
        }
    };
    html! {
        <div class="bulk" role="region" aria-label={text::CHOSEN_FLAGS} data-test="bulk" data-chosen={props.keys.len().to_string()}>
            <b>{ text::many_chosen(&many) }</b>
            if props.why_not.is_some() { <NotYet why={props.why_not.clone()} /> }
            if let (None, Some(failure)) = (*asked, &act.state.failure) { { unread(failure) } }
            { button(text::SET_OWNER, "bulk-owner", ask(Some(Asked::Owner))) }
            { button(text::SET_DATE, "bulk-date", ask(Some(Asked::Date))) }
            { button(text::RETIRE, "bulk-retire", { let take = take.clone(); Callback::from(move |()| take.emit(Edit::Retire)) }) }
            <button type="button" class="btn s kill" data-test="bulk-kill" onclick={ask(Some(Asked::Kill)).reform(|_: MouseEvent| ())}>{ common::KILL }</button>
            <button type="button" class="btn s quiet end" data-test="bulk-clear" onclick={props.on_selection.reform(|_: MouseEvent| Selection::default())}>{ text::CLEAR }</button>
            if let Some(asked_for) = *asked {
                if asked_for == Asked::Kill {
                    <Kills environment={props.environment.clone()} keys={props.keys.clone()} on_close={ask(None)} />
                } else {
                    <Ask is_date={asked_for == Asked::Date} many={many.clone()} reads={act.state.sent} failure={act.state.failure.clone()} on_take={take} on_close={ask(None)} />
                }
            }
            if let Some(meant) = &*meant {
                <BatchDialog environment={props.environment.clone()} title={meant.title.clone()} items={meant.items.clone()} revision={meant.revision} on_close={close}>
                    if meant.retires { <p>{ text::CODE_THAT_STILL_ASKS_FOR_A }</p> }
                </BatchDialog>
            }
        </div>
    }
}

/// That the flags could not be read, which decides what there is to do.
fn unread(failure: &Failure) -> Html {
    html! {
        <div class="banner danger" role="alert" data-test="bulk-unread"><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }</p></div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct AskProps {
    is_date: bool,
    many: String,
    /// The flags are read, for what was asked.
    reads: bool,
    failure: Option<Failure>,
    on_take: Callback<Edit>,
    on_close: Callback<()>,
}

#[function_component]
fn Ask(props: &AskProps) -> Html {
    let value = use_state(String::new);
    let is_empty = value.trim().is_empty();
    let is_off = is_empty || props.reads;
    let (label, kind) =
        if props.is_date { (text::EXPIRES_OR_IS_DUE_FOR_REVIEW, "date") } else { (common::OWNER, "text") };
    let take = {
        let (take, value, is_date) = (props.on_take.clone(), value.trim().to_owned(), props.is_date);
        Callback::from(move |_: MouseEvent| {
            if !is_off {
                take.emit(if is_date { Edit::Date(value.clone()) } else { Edit::Owner(value.clone()) });
            }
        })
    };
    let on_input = {
        let value = value.clone();
        Callback::from(move |event: InputEvent| value.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let footer = html! {
        <>
            <button type="button" class="btn quiet" onclick={props.on_close.reform(|_: MouseEvent| ())}>{ common::CANCEL }</button>
            <NotYet why={is_empty.then(|| AttrValue::from(text::FILL_IT_IN_FIRST))} />
            <button type="button" class="btn primary" aria-disabled={is_off.to_string()} data-test="bulk-take" onclick={take}>{ if props.reads { text::READING } else { text::GO_ON } }</button>
        </>
    };
    let title = text::is_date_of_many(&if props.is_date { text::THE_DATE } else { text::THE_OWNER }, &props.many);
    html! {
        <Dialog {title} on_close={props.on_close.clone()} {footer} test="bulk-ask">
            <div class="field"><label for="bulk-value">{ label }</label>
                <input class="input" id="bulk-value" type={kind} data-test="bulk-value" value={(*value).clone()} oninput={on_input} autocomplete="off" autofocus=true /></div>
            if let Some(failure) = &props.failure { { unread(failure) } }
        </Dialog>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct KillsProps {
    environment: AttrValue,
    keys: Vec<String>,
    on_close: Callback<()>,
}

/// The way to each kill control: what users will see is read for each flag before it is killed.
#[function_component]
fn Kills(props: &KillsProps) -> Html {
    let footer = html! { <button type="button" class="btn quiet" onclick={props.on_close.reform(|_: MouseEvent| ())}>{ common::CLOSE }</button> };
    html! {
        <Dialog title={text::A_KILL_IS_OF_ONE_FLAG} on_close={props.on_close.clone()} {footer} test="bulk-kills">
            <p>{ text::WHAT_USERS_WILL_SEE_IS_READ }</p>
            <ul class="stack s">{ for props.keys.iter().map(|key| html! {
                <li key={key.clone()} class="row"><Icon name="kill" small=true /><Link<Route> to={Route::Kill { environment: props.environment.to_string(), key: key.clone() }}>{ text::kill_key(&key) }</Link<Route>></li>
            }) }</ul>
        </Dialog>
    }
}
