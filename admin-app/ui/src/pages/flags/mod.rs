mod address;
mod bulk;
mod filter;
mod pool;
mod row;
mod slot;
mod views;

use crate::words::text::common;
use crate::words::text::flags as text;
pub use bulk::{Bulk, BulkProps};
pub use filter::kind_name;
pub use row::StateChips;

use crate::components::{Empty, FailureCard, Icon, RowsSkeleton};
use crate::hooks::clock;
use crate::hooks::stillness::quiet;
use crate::hooks::{Key, use_console, use_document_title, use_guide, use_keys};
use crate::pages::frozen::FrozenNote;
use crate::pages::later::{Chunk, Later, Wanted};
use crate::route::Route;
use crate::state::Shared;
use crate::state::cursor::Cursor;
use crate::state::guide::Guide;
use crate::state::live::Slot;
use crate::state::selection::Selection;
use crate::state::window::WHOLE;
use crate::words::number::{count, counted};
use address::{Filtering, use_filter};
use downhaul_control::api::{FlagPage, FlagState, KillPage};
use downhaul_core::document::FlagSet;
use filter::{Filter, KINDS, Order, Texts, View};
use gloo::events::EventListener;
use pool::{Listed, Pool};
use row::RowWords;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use views::Views;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;
use yew_router::prelude::*;

/// In milliseconds.
const QUIET_MS: f64 = 500.0;

#[derive(Debug, Properties, PartialEq)]
pub struct FlagsProps {
    pub environment: AttrValue,
}

/// Find what needs someone; see state, reach, owner and expiry; start a kill.
#[function_component]
pub fn Flags(props: &FlagsProps) -> Html {
    use_document_title(text::flags_in_environment(&props.environment));
    let console = use_console();
    let Filtering { filter, on_filter, on_letter, on_leave } = use_filter(&props.environment);
    let texts = use_texts(console.live.flags.ready());
    match &console.live.flags {
        Slot::Failed(failure) => html! {
            <>
                <Head environment={props.environment.clone()} page={None::<Shared<FlagPage>>} />
                <FailureCard failure={failure.clone()} what={text::THE_FLAGS} />
            </>
        },
        Slot::Loading => html! {
            <>
                <Head environment={props.environment.clone()} page={None::<Shared<FlagPage>>} />
                <div class="card" aria-busy="true"><table class="table flags"><Columns />
                    <tbody><RowsSkeleton rows=6 cells={vec!["c-pick", "c-flag", "c-state", "c-who", "c-kind", "c-exp", "c-act"]} /></tbody>
                </table></div>
            </>
        },
        Slot::Ready(page) if page.flags.is_empty() => html! {
            <>
                <Head environment={props.environment.clone()} page={None::<Shared<FlagPage>>} />
                <div class="card"><Empty title={text::MAKE_A_FLAG_AND_ITS_WAY} actions={html! {
                    <Link<Route> to={Route::Start { environment: props.environment.to_string() }} classes="btn primary"><span data-test="guide-open">{ common::FIRST_STEPS }</span></Link<Route>>
                }}>
                    <p>{ text::THERE_IS_NO_FLAG_HERE_YET }</p>
                    <p><code>{ text::DOWNHAUL_APPLY_FLAGS }</code></p>
                </Empty></div>
            </>
        },
        Slot::Ready(page) => html! {
            <>
                <Head environment={props.environment.clone()} page={Some(page.clone())} />
                <FrozenNote environment={props.environment.clone()} />
                <GoOn environment={props.environment.clone()} />
                <Views page={page.clone()} texts={texts.clone()} filter={filter.clone()} on_filter={on_filter.clone()} />
                <List environment={props.environment.clone()} page={page.clone()} {texts} {filter} {on_filter} {on_letter} {on_leave} />
            </>
        },
    }
}

/// They are made ready once nothing else is to be done, or with the first letter.
#[hook]
fn use_texts(page: Option<&Shared<FlagPage>>) -> Shared<Texts> {
    let texts = (*use_memo(page.cloned(), |_| Shared::new(Texts::default()))).clone();
    let ready = texts.clone();
    use_effect_with(page.cloned(), move |page| {
        if let Some(page) = page.clone() {
            spawn_local(async move {
                quiet(QUIET_MS, clock::monotonic(), f64::INFINITY).await;
                ready.of(&page.flags);
            });
        }
    });
    texts
}

#[derive(Debug, Properties, PartialEq)]
struct GoOnProps {
    environment: AttrValue,
}

/// The first steps, where they were begun here and neither ended nor put away.
#[function_component]
fn GoOn(props: &GoOnProps) -> Html {
    let (guide, keep) = use_guide(&props.environment);
    if guide.flag.is_empty() || guide.is_put_away {
        return Html::default();
    }
    let put_away = Callback::from(move |_: MouseEvent| keep.emit(Guide { is_put_away: true, ..guide.clone() }));
    html! {
        <div class="banner info" data-test="guide-go-on"><Icon name="flag" /><p>{ text::YOU_HAVE_BEGUN_THE_FIRST_STEPS }</p>
            <div class="row"><Link<Route> to={Route::Start { environment: props.environment.to_string() }} classes="btn s">{ text::GO_ON }</Link<Route>>
                <button type="button" class="btn s quiet" onclick={put_away}>{ text::PUT_IT_AWAY }</button></div></div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct HeadProps {
    environment: AttrValue,
    page: Option<Shared<FlagPage>>,
}

#[function_component]
fn Head(props: &HeadProps) -> Html {
    let console = use_console();
    let open = console.live.open_breakers.as_deref().unwrap_or_default();
    let line = props.page.as_ref().map(|page| {
        let killed = page.flags.iter().filter(|flag| flag.state != FlagState::Live).count();
        let attention = page.flags.iter().filter(|flag| View::Attention.holds(flag, open)).count();
        let are = |count: usize| if count == 1 { text::IS } else { text::ARE };
        let needs = if attention == 1 { text::NEEDS } else { text::NEED };
        text::in_killed_someone(
            &counted(page.flags.len(), common::AMID_FLAG, common::FLAGS),
            &props.environment,
            &count(killed as u64),
            &are(killed),
            &count(attention as u64),
            &needs,
        )
    });
    html! {
        <div class="pagehead"><div class="grow">
            <h1>{ common::FLAGS_HEAD }</h1>
            if let Some(line) = line { <p>{ line }</p> }
        </div><Link<Route> to={Route::Copy { environment: props.environment.to_string() }} classes="btn quiet"><Icon name="copy" small=true /><span data-test="copy-flags">{ text::COPY_FLAGS }</span></Link<Route>>
        <Link<Route> to={Route::Create { environment: props.environment.to_string() }} classes="btn"><Icon name="plus" small=true /><span data-test="new-flag">{ common::NEW_FLAG }</span><kbd>{ "N" }</kbd></Link<Route>></div>
    }
}

#[function_component]
fn Columns() -> Html {
    html! {
        <thead><tr>
            <th class="c-pick"><span class="sr">{ text::CHOSEN }</span></th><th>{ common::FLAG }</th><th>{ text::STATE }</th><th>{ text::WHO_GETS_WHAT }</th><th>{ text::KIND_OWNER }</th><th>{ text::EXPIRES }</th>
            <th><span class="sr">{ common::ACTIONS }</span></th>
        </tr></thead>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct ListProps {
    environment: AttrValue,
    page: Shared<FlagPage>,
    texts: Shared<Texts>,
    filter: Filter,
    on_filter: Callback<Filter>,
    on_letter: Callback<String>,
    on_leave: Callback<()>,
}

#[function_component]
fn List(props: &ListProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let search = use_node_ref();
    let kind = use_node_ref();
    let cursor = use_state(Cursor::default);
    let selection = use_state(Selection::default);
    let was_chosen = use_mut_ref(|| false);
    let open = console.live.open_breakers.clone();
    let shown = use_memo(
        (props.page.clone(), props.texts.clone(), props.filter.clone(), open.clone()),
        |(page, texts, filter, open)| Shown::of(page, texts, filter, open.as_deref().unwrap_or_default()),
    );
    let keys = Rc::clone(&shown.keys);
    {
        let (cursor, search, kind, environment) =
            (cursor.clone(), search.clone(), kind.clone(), props.environment.clone());
        let (selection, keys) = (selection.clone(), keys.clone());
        let (filter, on_filter) = (props.filter.clone(), props.on_filter.clone());
        use_keys(move |key: &Key| {
            if key.typing && key.key == "Escape" {
                if let Some(input) = search.cast::<HtmlInputElement>() {
                    let _ = input.blur();
                }
                on_filter.emit(Filter { search: String::new(), ..filter.clone() });
                return true;
            }
            match key.plain() {
                Some("j") => cursor.set(cursor.down(keys.len())),
                Some("k") if !key.shift => cursor.set(cursor.up(keys.len())),
                Some("/") => focus(&search),
                Some("n") => {
                    let Some(navigator) = &navigator else { return false };
                    navigator.push(&Route::Create { environment: environment.to_string() });
                }
                Some("f") => focus(&kind),
                Some("Enter") if !key.on_control => {
                    let chosen = cursor.0.and_then(|at| keys.get(at));
                    let (Some(key), Some(navigator)) = (chosen, &navigator) else { return false };
                    navigator.push(&Route::Flag { environment: environment.to_string(), key: key.clone() });
                }
                Some("x") => match cursor.0.and_then(|at| keys.get(at)) {
                    Some(key) => selection.set(selection.toggle(key)),
                    None => return false,
                },
                Some("Escape") if !selection.keys.is_empty() => selection.set(Selection::default()),
                Some("Escape") => {
                    cursor.set(Cursor::default());
                    on_filter.emit(Filter { view: filter.view, order: filter.order, ..Filter::default() });
                }
                Some(_) | None => return false,
            }
            true
        });
    }
    let change = |set: fn(&mut Filter, String)| {
        let (filter, on_filter) = (props.filter.clone(), props.on_filter.clone());
        move |value: String| {
            let mut next = filter.clone();
            set(&mut next, value);
            on_filter.emit(next);
        }
    };
    let on_search =
        props.on_letter.reform(|event: InputEvent| event.target_unchecked_into::<HtmlInputElement>().value());
    let select = |set: fn(&mut Filter, String)| {
        let change = change(set);
        Callback::from(move |event: Event| change(event.target_unchecked_into::<HtmlSelectElement>().value()))
    };
    let clear = {
        let (filter, on_filter) = (props.filter.clone(), props.on_filter.clone());
        Callback::from(move |_: MouseEvent| on_filter.emit(Filter { order: filter.order, ..Filter::default() }))
    };
    let owners = use_memo(props.page.clone(), |page| {
        let owners: BTreeSet<&str> = page.flags.iter().map(|flag| flag.owner.as_str()).collect();
        owners.into_iter().map(str::to_owned).collect::<Vec<String>>()
    });
    let owner = props.filter.owner.clone().unwrap_or_default();
    let document = console.live.document.ready().cloned();
    let kills = console.live.kills.ready().cloned();
    let on_selection = {
        let selection = selection.clone();
        Callback::from(move |next: Selection| selection.set(next))
    };
    // The same for as long as it does the same: each row compares what it is given.
    let on_pick =
        use_callback((selection.clone(), keys.clone()), |(key, reaches): (String, bool), (selection, keys)| {
            selection.set(if reaches { selection.reach(&key, keys) } else { selection.toggle(&key) });
        });
    let chosen: Vec<String> = selection.among(&keys).cloned().collect();
    // What it can do with them comes when one is chosen for the first time, and stays: it may be in the middle of something.
    *was_chosen.borrow_mut() |= !chosen.is_empty();
    html! {
        <div class="card">
            <div class="toolbar">
                <div class="inputwrap grow">
                    <Icon name="search" small=true />
                    <input class="input" ref={search} aria-label={text::SEARCH_FLAGS} placeholder={text::SEARCH_KEY_DESCRIPTION_OWNER} data-test="flag-search"
                        value={props.filter.search.clone()} oninput={on_search} onblur={props.on_leave.reform(|_: FocusEvent| ())} spellcheck="false" />
                    <kbd>{ "/" }</kbd>
                </div>
                <div class="row filters">
                    <select class="select" ref={kind} aria-label={common::KIND} onchange={select(|filter, value| filter.kind = KINDS.into_iter().find(|kind| kind_name(*kind) == value))}>
                        <option value="" selected={props.filter.kind.is_none()}>{ text::EVERY_KIND }</option>
                        { for KINDS.into_iter().map(|kind| html! {
                            <option value={kind_name(kind)} selected={props.filter.kind == Some(kind)}>{ kind_name(kind) }</option>
                        }) }
                    </select>
                    <select class="select" aria-label={common::OWNER} onchange={select(|filter, value| filter.owner = (!value.is_empty()).then_some(value))}>
                        <option value="" selected={owner.is_empty()}>{ text::EVERY_OWNER }</option>
                        { for owners.iter().map(|each| html! { <option value={each.clone()} selected={*each == owner}>{ each }</option> }) }
                    </select>
                    <select class="select" aria-label={text::ORDER} onchange={select(|filter, value| filter.order = order_named(&value))}>
                        { for ORDERS.into_iter().map(|(order, name)| html! { <option value={name} selected={props.filter.order == order}>{ name }</option> }) }
                    </select>
                </div>
            </div>
            if keys.is_empty() {
                <Empty title={nothing(&props.filter, &props.environment)} actions={html! { <button class="btn" onclick={clear}>{ text::CLEAR_FILTERS }</button> }}>
                    <p>{ text::in_without_filters(&counted(props.page.flags.len(), common::AMID_FLAG, common::FLAGS), &props.environment) }</p>
                </Empty>
            } else {
                <table class="table flags" aria-rowcount={(keys.len() + 1).to_string()}>
                    <Columns />
                    <Rows environment={props.environment.clone()} page={props.page.clone()} shown={Rc::clone(&shown)} {kills} {open} document={document.clone()} cursor={*cursor} selection={(*selection).clone()} {on_pick} />
                </table>
            }
            if *was_chosen.borrow() {
                <Later chunk={Chunk::Edit} environment={props.environment.clone()} wanted={Wanted::Chosen(Box::new(BulkProps {
                    environment: props.environment.clone(), keys: chosen,
                    why_not: console.refusal_to_edit().map(AttrValue::from), on_selection,
                }))} />
            }
            <footer class="between small faint">
                <span>{ text::keys_of_flags(&count(keys.len() as u64), &count(props.page.flags.len() as u64)) }</span>
                <span class="row hide-narrow"><kbd>{ "J" }</kbd><kbd>{ "K" }</kbd>{ text::MOVE }<kbd>{ "Enter" }</kbd>{ text::OPEN }<kbd>{ "X" }</kbd>{ text::CHOOSE }<kbd>{ "F" }</kbd>{ text::FILTER }</span>
            </footer>
        </div>
    }
}

/// What of the list a filter shows.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    /// Places in the list.
    places: Vec<usize>,
    keys: Rc<[String]>,
}

impl Shown {
    fn of(page: &FlagPage, texts: &Texts, filter: &Filter, open: &[String]) -> Self {
        let places = filter.apply(&page.flags, texts, open);
        let keys = places.iter().filter_map(|at| page.flags.get(*at)).map(|flag| flag.key.clone()).collect();
        Shown { places, keys }
    }
}

#[derive(Debug, Clone, Properties, PartialEq)]
struct RowsProps {
    environment: AttrValue,
    page: Shared<FlagPage>,
    shown: Rc<Shown>,
    kills: Option<Shared<KillPage>>,
    /// Flags with an open breaker.
    open: Option<Rc<[String]>>,
    document: Option<Shared<FlagSet>>,
    cursor: Cursor,
    selection: Selection,
    on_pick: Callback<(String, bool)>,
}

impl RowsProps {
    fn listed(&self) -> Listed {
        let (of, marked) = (self.clone(), self.clone());
        let words = move |at: usize| {
            let place = *of.shown.places.get(at)?;
            let flag = of.page.flags.get(place)?;
            // Both are in one order; where one of them is newer, its place may be another.
            let definition = of.document.as_deref().and_then(|document| {
                let same = document.flags.get(place).filter(|each| each.key.as_str() == flag.key);
                same.or_else(|| document.flag(&flag.key))
            });
            let kills = of.kills.as_ref().map(|page| page.kills.as_slice()).unwrap_or_default();
            let open = of.open.as_deref().unwrap_or_default();
            Some(RowWords::of(flag, definition, kills, open, &of.environment))
        };
        let marks = move |at: usize| {
            let is_chosen = marked.shown.keys.get(at).is_some_and(|key| marked.selection.keys.contains(key));
            (marked.cursor.0 == Some(at), is_chosen)
        };
        Listed { keys: Rc::clone(&self.shown.keys), words: Box::new(words), marks: Box::new(marks) }
    }
}

/// The rows in sight, which are not Yew's: see [`Pool`].
#[function_component]
fn Rows(props: &RowsProps) -> Html {
    let body = use_node_ref();
    let pool = use_mut_ref(|| None::<Rc<RefCell<Pool>>>);
    {
        let (body, pool) = (body.clone(), Rc::clone(&pool));
        use_effect_with(props.clone(), move |props| {
            let there = pool.borrow().clone();
            match (there, body.cast::<HtmlElement>()) {
                (Some(pool), _) => pool.borrow_mut().list(props.listed()),
                (None, Some(body)) => {
                    let made = Pool::of(body, props.listed());
                    made.borrow_mut().show();
                    pool.replace(Some(made));
                }
                (None, None) => {}
            }
        });
    }
    {
        let pool = Rc::clone(&pool);
        use_effect_with((), move |()| {
            let on = |event: &'static str, act: fn(&mut Pool)| {
                let pool = pool.borrow().clone()?;
                let window = web_sys::window()?;
                Some(EventListener::new(&window, event, move |_| act(&mut pool.borrow_mut())))
            };
            let listeners = (on("scroll", Pool::scrolled), on("resize", Pool::resized));
            move || drop(listeners)
        });
    }
    use_effect_with(props.cursor, move |cursor| {
        if let (Some(at), Some(pool)) = (cursor.0, &*pool.borrow()) {
            pool.borrow_mut().reveal(at);
        }
    });
    let onclick = use_clicks(&props.on_pick);
    let is_long = props.shown.keys.len() > WHOLE;
    html! { <tbody ref={body} class={classes!(is_long.then_some("long"))} {onclick}></tbody> }
}

/// What a click in a row does: a link leads there within the console, unless it is to be opened elsewhere, and a box chooses.
#[hook]
fn use_clicks(on_pick: &Callback<(String, bool)>) -> Callback<MouseEvent> {
    let (navigator, on_pick) = (use_navigator(), on_pick.clone());
    Callback::from(move |event: MouseEvent| {
        let Some(at) = event.target_dyn_into::<Element>() else { return };
        if let Some(key) = at.get_attribute("data-pick") {
            return on_pick.emit((key, event.shift_key()));
        }
        let is_elsewhere =
            event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key() || event.button() != 0;
        let path = at.closest("a[href]").ok().flatten().and_then(|link| link.get_attribute("href"));
        let route = path.filter(|_| !is_elsewhere).and_then(|path| Route::recognize(&path));
        if let (Some(route), Some(navigator)) = (route, &navigator) {
            event.prevent_default();
            navigator.push(&route);
        }
    })
}

fn focus(node: &NodeRef) {
    if let Some(element) = node.cast::<HtmlElement>() {
        let _ = element.focus();
    }
}

const ORDERS: [(Order, &str); 4] = [
    (Order::Attention, text::NEEDS_ATTENTION_FIRST),
    (Order::Key, text::BY_KEY),
    (Order::Until, text::EXPIRES_FIRST),
    (Order::Changed, text::CHANGED_LAST),
];

fn order_named(name: &str) -> Order {
    ORDERS.into_iter().find(|(_, each)| *each == name).map_or(Order::Attention, |(order, _)| order)
}

fn nothing(filter: &Filter, environment: &str) -> String {
    match (filter.search.trim(), filter.is_narrowed()) {
        ("", false) => text::no_flag_in_is_in(&environment, &filter.view.name()),
        ("", true) => text::no_flag_in_matches_these_filters(&environment),
        (search, _) => text::no_flag_in_matches(&environment, &search),
    }
}
