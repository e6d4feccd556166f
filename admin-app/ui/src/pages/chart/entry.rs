use crate::components::{Icon, SentenceText};
use crate::hooks::clock;
use crate::route::Route;
use crate::state::Shared;
use crate::state::beats::{Line, Opened, lines};
use crate::words::change::{beats, effect, joint, marked, short_hash, sign};
use crate::words::number::count;
use crate::words::text::chart as text;
use crate::words::text::common;
use crate::words::time::{heading, hour, parse};
use downhaul_control::api::ChangeView;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct EntriesProps {
    pub environment: AttrValue,
    /// Newest first.
    pub changes: Vec<Shared<ChangeView>>,
    /// Which runs of the heartbeat are shown one by one.
    pub opened: Opened,
    pub on_toggle: Callback<Vec<Shared<ChangeView>>>,
    #[prop_or_default]
    pub current: Option<u64>,
    /// Where an entry can be chosen; elsewhere it only reads.
    #[prop_or_default]
    pub on_select: Option<Callback<u64>>,
}

/// Changes by day, on one line.
#[function_component]
pub fn Entries(props: &EntriesProps) -> Html {
    let (now, offset) = (clock::now(), clock::offset());
    let mut days: Vec<(String, Vec<Shared<ChangeView>>)> = Vec::new();
    for change in &props.changes {
        let day = parse(&change.at).map(|at| heading(at, now, offset)).unwrap_or_default();
        match days.last_mut() {
            Some((last, changes)) if *last == day => changes.push(change.clone()),
            Some(_) | None => days.push((day, vec![change.clone()])),
        }
    }
    days.into_iter()
        .map(|(day, changes)| {
            html! {
                <>
                    <h2 class="day-h">{ day }</h2>
                    <div class="entries">
                        { for lines(&changes).into_iter().map(|line| line_html(props, line, offset)) }
                    </div>
                </>
            }
        })
        .collect()
}

fn line_html(props: &EntriesProps, line: Line, offset: i32) -> Html {
    let entry = |change: &Shared<ChangeView>| {
        html! {
            <Entry key={change.revision} environment={props.environment.clone()} is_current={props.current == Some(change.revision)} change={change.clone()} on_select={props.on_select.clone()} {offset} />
        }
    };
    let run = match line {
        Line::Change(change) => return entry(&change),
        Line::Beats(run) => run,
    };
    let (newest, oldest) = (run.first(), run.last());
    let is_open = props.opened.has(&run);
    let revisions =
        |change: Option<&Shared<ChangeView>>| change.map(|change| count(change.revision)).unwrap_or_default();
    let on_click = {
        let (toggle, run) = (props.on_toggle.clone(), run.clone());
        Callback::from(move |_: MouseEvent| toggle.emit(run.clone()))
    };
    html! {
        // By its oldest change: newer ones join it.
        <div class="beatrun" key={format!("run-{}", revisions(oldest))}>
            <article class="entry" data-test="chart-beats" data-count={run.len().to_string()}>
                <time datetime={newest.map(|change| change.at.clone())}>{ newest.and_then(|change| parse(&change.at)).map(|at| hour(at, offset)) }</time>
                <span class="nd"><Icon name="fleet" /></span>
                <p><SentenceText sentence={beats(&run, offset)} />
                    <span class="row wrap"><button type="button" class="linkbtn small" aria-expanded={is_open.to_string()} data-test="chart-beats-open" onclick={on_click}>{ if is_open { text::SHOW_THEM_AS_ONE } else { text::SHOW_EACH } }</button></span></p>
                <span class="rev"><span class="sr">{ text::REVISIONS }</span>{ common::least_to_most(&revisions(oldest), &revisions(newest)) }</span>
            </article>
            if is_open { { for run.iter().map(entry) } }
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct EntryProps {
    environment: AttrValue,
    change: Shared<ChangeView>,
    is_current: bool,
    on_select: Option<Callback<u64>>,
    offset: i32,
}

#[function_component]
fn Entry(props: &EntryProps) -> Html {
    let change = &props.change;
    let who = change.actor_name.clone().unwrap_or_else(|| change.actor.clone());
    let symbol = sign(&change.kind);
    let class = if symbol.starts_with("s-") { "sig" } else { "i" };
    let view_box = symbol.starts_with("s-").then_some("0 0 14 14");
    let on_click = props.on_select.clone().map(|select| {
        let revision = change.revision;
        Callback::from(move |_: MouseEvent| select.emit(revision))
    });
    let kill = change.kill.clone().map(|id| Route::LiveKill { environment: props.environment.to_string(), id });
    html! {
        <article class={classes!("entry", on_click.is_some().then_some("choice"))} id={format!("r{}", change.revision)} aria-current={props.is_current.then_some("true")}
            data-test="chart-entry" data-type={change.kind.clone()} data-flag={change.flag.clone()} data-revision={change.revision.to_string()} onclick={on_click.clone()}>
            <time datetime={change.at.clone()}>{ parse(&change.at).map(|at| hour(at, props.offset)) }</time>
            <span class="nd"><svg class={class} viewBox={view_box} aria-hidden="true"><use href={format!("#{symbol}")} /></svg></span>
            <p>
                <b>{ who }</b>{ joint(&change.summary) }<SentenceText sentence={marked(&change.summary)} />
                if !change.reason.is_empty() { <span class="why">{ &change.reason }</span> }
                <span class="row wrap">
                    if let Some(sentence) = effect(&change.summary, &change.impact) { <span class="chip"><span><SentenceText {sentence} /></span></span> }
                    if let Some(incident) = &change.incident { <span class="chip line">{ incident }</span> }
                    if let Some(kill) = kill { <Link<Route> to={kill} classes="small">{ text::HOW_FAR_IT_REACHED }</Link<Route>> }
                </span>
            </p>
            if on_click.is_some() {
                <button type="button" class="rev linkbtn" onclick={on_click}><span class="sr">{ text::SHOW_REVISION }</span>{ count(change.revision) }<code>{ short_hash(&change.hash) }</code></button>
            } else {
                <Link<Route> to={Route::ChartEntry { environment: props.environment.to_string(), revision: change.revision }} classes="rev"><span class="sr">{ text::REVISION }</span>{ count(change.revision) }<code>{ short_hash(&change.hash) }</code></Link<Route>>
            }
        </article>
    }
}
