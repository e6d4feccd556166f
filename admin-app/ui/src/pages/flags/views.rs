use super::filter::{Filter, FilterQuery, Texts, View};
use crate::components::Icon;
use crate::hooks::{use_console, use_in_sight};
use crate::state::Shared;
use crate::state::saved::{Saved, place, with, without};
use crate::words::number::count;
use crate::words::text::flags as text;
use downhaul_control::api::FlagPage;
use gloo::storage::{LocalStorage, Storage};
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::query::{FromQuery, ToQuery};

#[derive(Debug, Properties, PartialEq)]
pub struct ViewsProps {
    pub page: Shared<FlagPage>,
    pub texts: Shared<Texts>,
    pub filter: Filter,
    pub on_filter: Callback<Filter>,
}

/// Filters by name: those that everybody has, and those that this person has saved.
#[function_component]
pub fn Views(props: &ViewsProps) -> Html {
    let console = use_console();
    let actor = console.who().map(|who| who.actor.clone()).unwrap_or_default();
    let open = console.live.open_breakers.as_deref().unwrap_or_default();
    let saved = use_state(|| LocalStorage::get::<Vec<Saved>>(place(&actor)).unwrap_or_default());
    let naming = use_state(|| false);
    let query = written(&props.filter);
    let is_saved = |each: &Saved| each.query == query;
    let known = saved.iter().any(is_saved);
    let tabs = use_node_ref();
    use_in_sight(&tabs, (props.filter.view, known));
    let is_plain = props.filter == Filter { view: props.filter.view, ..Filter::default() };
    let keep = {
        let (saved, place) = (saved.clone(), place(&actor));
        move |next: Vec<Saved>| {
            // A browser that keeps nothing keeps them for this visit.
            let _ = LocalStorage::set(&place, &next);
            saved.set(next);
        }
    };
    let on_name = {
        let (saved, naming, keep, query) = (saved.clone(), naming.clone(), keep.clone(), query.clone());
        Callback::from(move |name: Option<String>| {
            naming.set(false);
            if let Some(name) = name {
                keep(with(&saved, &name, &query));
            }
        })
    };
    html! {
        <nav class="tabs" ref={tabs} aria-label={text::SAVED_FILTERS}>
            { for View::ALL.into_iter().map(|view| {
                let shown = props.page.flags.iter().filter(|flag| view.holds(flag, open)).count();
                let on_view = {
                    let (filter, on_filter) = (props.filter.clone(), props.on_filter.clone());
                    Callback::from(move |_: MouseEvent| on_filter.emit(Filter { view, ..filter.clone() }))
                };
                html! {
                    <button type="button" aria-current={(view == props.filter.view && !known).then_some("true")} onclick={on_view}>
                        { view.name() }<span class="n">{ count(shown as u64) }</span>
                    </button>
                }
            }) }
            { for saved.iter().map(|each| {
                let filter = read(&each.query);
                let shown = filter.apply(&props.page.flags, &props.texts, open).len();
                let choose = props.on_filter.reform({
                    let filter = filter.clone();
                    move |_: MouseEvent| filter.clone()
                });
                let forget = {
                    let (saved, keep, name) = (saved.clone(), keep.clone(), each.name.clone());
                    Callback::from(move |_: MouseEvent| keep(without(&saved, &name)))
                };
                html! {
                    <span class="saved" key={each.name.clone()}>
                        <button type="button" aria-current={is_saved(each).then_some("true")} data-test={format!("saved-{}", each.name)} onclick={choose}>{ &each.name }<span class="n">{ count(shown as u64) }</span></button>
                        if is_saved(each) { <button type="button" class="forget" aria-label={text::forget_the_filter(&each.name)} data-test="forget-filter" onclick={forget}><Icon name="x" small=true /></button> }
                    </span>
                }
            }) }
            if *naming { <Name on_name={on_name} /> }
            else if !known && !is_plain {
                <button type="button" class="save" data-test="save-filter" onclick={
                    let naming = naming.clone();
                    Callback::from(move |_: MouseEvent| naming.set(true))
                }><Icon name="plus" small=true />{ text::SAVE_THIS_FILTER }</button>
            }
        </nav>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct NameProps {
    /// `None` if it is not to be saved.
    on_name: Callback<Option<String>>,
}

#[function_component]
fn Name(props: &NameProps) -> Html {
    let field = use_node_ref();
    {
        let field = field.clone();
        use_effect_with((), move |()| {
            if let Some(field) = field.cast::<HtmlInputElement>() {
                let _ = field.focus();
            }
        });
    }
    let on_key = {
        let on_name = props.on_name.clone();
        Callback::from(move |event: KeyboardEvent| {
            let name = event.target_unchecked_into::<HtmlInputElement>().value().trim().to_owned();
            match event.key().as_str() {
                "Enter" if !name.is_empty() => on_name.emit(Some(name)),
                "Escape" => on_name.emit(None),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    html! { <input class="input s" ref={field} aria-label={text::NAME_OF_THE_FILTER} placeholder={text::NAME_THEN_ENTER} maxlength="40" data-test="filter-name" onkeydown={on_key} autocomplete="off" /> }
}

/// As the address has it.
fn written(filter: &Filter) -> String {
    FilterQuery::from(filter).to_query().map(|query| query.into_owned()).unwrap_or_default()
}

fn read(query: &str) -> Filter {
    FilterQuery::from_query(query).unwrap_or_default().into()
}
