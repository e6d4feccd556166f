use super::{Console, clock, use_console};
use crate::backend::{Hands, People, Told, api, hands};
use crate::radius::{Answer, Ask, Draft, Wanted};
use crate::state::Shared;
use crate::state::lane::Lane;
use crate::state::radius::{Action, Radius, Source};
use crate::words::text::hooks as text;
use downhaul_blast::plan::Budget;
use gloo::timers::callback::Timeout;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// Rows of a population that are replayed in the page: as many as fit into a frame.
const ROWS: u64 = 50_000;
/// The server is asked when nobody has edited for so long, in milliseconds.
const PAUSE: u32 = 300;

/// What a radius is asked of.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The published flag set as JSON, as far as the flag has to do with it.
    pub published: Rc<str>,
    pub instead_of: Option<String>,
    /// The flag as JSON; `None` while it is not valid, or is what is published.
    pub draft: Option<Rc<str>>,
    pub is_changed: bool,
    pub budget: Option<Budget>,
}

/// Both pairs of hands, and what they have to do.
#[derive(Default)]
struct Desk {
    replay: Option<Rc<dyn Hands>>,
    exact: Option<Rc<dyn Hands>>,
    replays: Lane<Draft>,
    comparisons: Lane<Draft>,
    by_server: Lane<Draft>,
    /// What is compared exactly once the replay has answered: both at a time would slow down the one that people watch.
    after_replay: Option<Draft>,
    /// The newest draft that the replay has answered.
    replayed: u64,
    /// What was asked about before the page had looked at it: its number, and the flag as JSON.
    ahead: Option<(u64, Rc<str>)>,
    /// Asked about ahead, and no draft after all: nobody wants to hear of these.
    void: BTreeSet<u64>,
    /// When each draft was edited, in milliseconds of the monotonic clock.
    since: BTreeMap<u64, f64>,
    pause: Option<Timeout>,
    number: u64,
}

impl Desk {
    fn compare(&mut self, draft: Draft) {
        if let (Some(next), Some(hands)) = (self.comparisons.offer(draft), &self.exact) {
            hands.ask(&Ask::Draft(next));
        }
    }

    /// Once the replay of this draft has answered: of one that was asked about ahead, it may have.
    fn compare_after_replay(&mut self, draft: Draft) {
        if self.replayed < draft.number {
            self.after_replay = Some(draft);
        } else {
            self.compare(draft);
        }
    }

    fn replay(&mut self, draft: Draft) {
        if let (Some(next), Some(hands)) = (self.replays.offer(draft), &self.replay) {
            hands.ask(&Ask::Draft(next));
        }
    }

    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.since.insert(self.number, clock::monotonic());
        self.number
    }

    /// The number under which this draft was asked about ahead; anything else that was is void.
    fn was_ahead(&mut self, text: Option<&Rc<str>>) -> Option<u64> {
        let (number, asked) = self.ahead.take()?;
        if text == Some(&asked) {
            return Some(number);
        }
        self.void.insert(number);
        None
    }
}

/// Has a draft replayed before the page has checked and drawn it: that takes as long as half a replay, and the worker need
/// not wait for it. The page looks at the draft right after; if it is none, the answer is passed over.
#[derive(Clone)]
pub struct Ahead {
    desk: Rc<RefCell<Desk>>,
    instead_of: Option<String>,
    budget: Option<Budget>,
    source: Source,
}

impl Ahead {
    pub fn ask(&self, text: Rc<str>) {
        let Source::Sample { name, .. } = &self.source else { return };
        let mut desk = self.desk.borrow_mut();
        if desk.replay.is_none() {
            return;
        }
        desk.was_ahead(None);
        let number = desk.next_number();
        desk.replay(Draft {
            number,
            instead_of: self.instead_of.clone(),
            text: text.to_string(),
            budget: self.budget.clone(),
            wanted: Wanted::Replay { name: name.clone() },
        });
        desk.ahead = Some((number, text));
    }
}

/// Whom a draft moves, worked out while it is edited: over a sample in a worker, or by the server; and exactly in another
/// worker. Never more than one piece of work at a time each, and the newest draft is always next.
#[hook]
pub fn use_radius(subject: Subject) -> (Radius, Ahead) {
    let console = use_console();
    let radius = use_reducer_eq(Radius::default);
    let desk = use_mut_ref(Desk::default);
    {
        let (console, desk, radius) = (console.clone(), Rc::clone(&desk), radius.dispatcher());
        use_effect_with(console.live.environment.clone(), move |environment| {
            open(&desk, &radius);
            find_people(console, environment.clone(), Rc::clone(&desk), radius);
            let closing = desk;
            move || {
                closing.replace(Desk::default());
            }
        });
    }
    {
        let desk = Rc::clone(&desk);
        use_effect_with(subject.published.clone(), move |published| {
            let ask = Ask::Published(published.to_string());
            let desk = desk.borrow();
            for hands in [&desk.replay, &desk.exact].into_iter().flatten() {
                hands.ask(&ask);
            }
        });
    }
    let ahead = Ahead {
        desk: Rc::clone(&desk),
        instead_of: subject.instead_of.clone(),
        budget: subject.budget.clone(),
        source: radius.source.clone(),
    };
    {
        let dispatcher = radius.dispatcher();
        let depends = (subject, radius.source.clone(), console.live.environment.clone());
        use_effect_with(depends, move |(subject, source, environment)| {
            match &subject.draft {
                Some(text) => draft(&console, environment, &desk, &dispatcher, subject, text, source),
                None if !subject.is_changed => {
                    let mut desk = desk.borrow_mut();
                    desk.was_ahead(None);
                    desk.replays.forget();
                    desk.comparisons.forget();
                    desk.after_replay = None;
                    desk.by_server.forget();
                    desk.number += 1;
                    desk.pause = None;
                    dispatcher.dispatch(Action::Asked(desk.number));
                    dispatcher.dispatch(Action::Clear);
                }
                // What was known of the last valid draft stays.
                None => drop(desk.borrow_mut().was_ahead(None)),
            }
        });
    }
    ((*radius).clone(), ahead)
}

type Dispatcher = UseReducerDispatcher<Radius>;

fn open(desk: &Rc<RefCell<Desk>>, radius: &Dispatcher) {
    let hands = |is_replay: bool| {
        let (desk, radius) = (Rc::downgrade(desk), radius.clone());
        let tell = Rc::new(move |told| {
            let Some(desk) = desk.upgrade() else { return };
            match told {
                Told::Answer(answer) => heard(&desk, &radius, is_replay, Ok(*answer)),
                Told::Failed(why) => heard(&desk, &radius, is_replay, Err(why)),
                Told::Progress(part) => radius.dispatch(Action::Progress(part)),
            }
        });
        hands(tell).map(Rc::from)
    };
    let (replay, exact) = (hands(true), hands(false));
    let mut desk = desk.borrow_mut();
    (desk.replay, desk.exact) = (replay, exact);
}

fn heard(desk: &Rc<RefCell<Desk>>, radius: &Dispatcher, is_replay: bool, answer: Result<Answer, String>) {
    let mut desk = desk.borrow_mut();
    if let (true, Ok(Answer { number, .. })) = (is_replay, &answer) {
        desk.replayed = desk.replayed.max(*number);
    }
    match answer {
        Ok(Answer { number, .. }) if desk.void.contains(&number) => desk.void.retain(|each| *each > number),
        Ok(Answer { number, found: Ok(found) }) if is_replay => {
            let took = desk.since.get(&number).map_or(0.0, |since| clock::monotonic() - since);
            desk.since.retain(|each, _| *each > number);
            radius.dispatch(Action::Replayed { number, plan: Shared::new(*found.plan), took });
        }
        Ok(Answer { number, found: Ok(found) }) => {
            radius.dispatch(Action::Compared { number, found: Box::new(found) });
        }
        Ok(Answer { number, found: Err(why) }) => radius.dispatch(Action::Failed { number, why }),
        Err(why) => radius.dispatch(Action::Failed { number: desk.number, why }),
    }
    let desk = &mut *desk;
    if is_replay && let Some(next) = desk.after_replay.take() {
        desk.compare(next);
    }
    let (hands, lane) =
        if is_replay { (&desk.replay, &mut desk.replays) } else { (&desk.exact, &mut desk.comparisons) };
    if let (Some(next), Some(hands)) = (lane.done(), hands) {
        hands.ask(&Ask::Draft(next));
    }
}

/// The population that counts here, and a sample of it for the worker.
fn find_people(console: Console, environment: String, desk: Rc<RefCell<Desk>>, radius: Dispatcher) {
    if environment.is_empty() {
        return;
    }
    spawn_local(async move {
        let found = match api::populations(&console.backend, &environment).await {
            Ok(found) => found,
            Err(failure) => {
                console.failed(&failure);
                radius.dispatch(Action::Source(Source::Nobody));
                return;
            }
        };
        let view = found.populations.into_iter().find(|view| Some(view.name.as_str()) == found.default.as_deref());
        let Some(view) = view.filter(|view| view.rows > 0) else {
            radius.dispatch(Action::Source(Source::Nobody));
            return;
        };
        let name = view.name.to_string();
        let hands = desk.borrow().replay.clone();
        let source = match hands {
            None => Source::Server { name, why: text::THIS_BROWSER_RUNS_NO_WORKERS.to_owned() },
            Some(hands) => {
                let whole = hands.take_whole();
                let people = if whole {
                    Ok(People::At(api::population(&environment, &name)))
                } else {
                    api::sample(&console.backend, &environment, &name, ROWS).await.map(People::Sample)
                };
                let taken = match people {
                    Ok(people) => hands.take(people).await,
                    Err(failure) => Err(failure),
                };
                match taken {
                    Ok(()) => {
                        let rows = if whole { view.rows } else { view.rows.min(ROWS) };
                        Source::Sample { name, rows, of: view.rows, taken_at: view.taken_at }
                    }
                    Err(failure) => Source::Server { name, why: failure.title() },
                }
            }
        };
        radius.dispatch(Action::Source(source));
    });
}

fn draft(
    console: &Console,
    environment: &str,
    desk: &Rc<RefCell<Desk>>,
    radius: &Dispatcher,
    subject: &Subject,
    text: &Rc<str>,
    source: &Source,
) {
    let mut open = desk.borrow_mut();
    let was_ahead = open.was_ahead(Some(text));
    let number = was_ahead.unwrap_or_else(|| open.next_number());
    radius.dispatch(Action::Asked(number));
    let draft = |wanted| Draft {
        number,
        instead_of: subject.instead_of.clone(),
        text: text.to_string(),
        budget: subject.budget.clone(),
        wanted,
    };
    if matches!(source, Source::Sample { .. }) && open.replay.is_some() {
        open.compare_after_replay(draft(Wanted::Exact));
    } else {
        open.compare(draft(Wanted::Exact));
    }
    match source {
        Source::Looking | Source::Nobody => {}
        Source::Sample { .. } if was_ahead.is_some() => {}
        Source::Sample { name, .. } => open.replay(draft(Wanted::Replay { name: name.clone() })),
        Source::Server { name, .. } => {
            let draft = draft(Wanted::Replay { name: name.clone() });
            let (console, environment, again, radius) =
                (console.clone(), environment.to_owned(), Rc::clone(desk), radius.clone());
            open.pause = Some(Timeout::new(PAUSE, move || {
                let next = again.borrow_mut().by_server.offer(draft);
                if let Some(next) = next {
                    ask_server(console, environment, again, radius, next);
                }
            }));
        }
    }
}

fn ask_server(console: Console, environment: String, desk: Rc<RefCell<Desk>>, radius: Dispatcher, draft: Draft) {
    spawn_local(async move {
        let mut next = Some(draft);
        while let Some(draft) = next {
            let number = draft.number;
            match api::plan(&console.backend, &environment, &draft.text).await {
                Ok(plan) => {
                    let since = desk.borrow().since.get(&number).copied();
                    let took = since.map_or(0.0, |since| clock::monotonic() - since);
                    radius.dispatch(Action::Replayed { number, plan: Shared::new(plan), took });
                }
                Err(failure) => {
                    console.failed(&failure);
                    radius.dispatch(Action::Failed { number, why: failure.title() });
                }
            }
            next = desk.borrow_mut().by_server.done();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_compared_once_it_is_replayed_also_where_that_came_first() {
        let draft =
            |number| Draft { number, instead_of: None, text: String::new(), budget: None, wanted: Wanted::Exact };
        let mut desk = Desk { replayed: 6, ..Desk::default() };
        desk.compare_after_replay(draft(7));
        assert_eq!(desk.after_replay.as_ref().map(|draft| draft.number), Some(7), "it waits");
        let mut desk = Desk { replayed: 7, ..Desk::default() };
        desk.compare_after_replay(draft(7));
        assert!(desk.after_replay.is_none(), "nothing would end the wait");
        assert!(desk.comparisons.offer(draft(8)).is_none(), "it is being compared");
    }

    #[test]
    fn what_was_asked_ahead_is_the_draft_or_void() {
        let text = |text: &str| Rc::<str>::from(text);
        let mut desk = Desk { ahead: Some((7, text("a"))), ..Desk::default() };
        assert_eq!(desk.was_ahead(Some(&text("a"))), Some(7), "the same draft, checked meanwhile");
        assert_eq!(desk.was_ahead(Some(&text("a"))), None, "taken once");
        desk.ahead = Some((8, text("b")));
        assert_eq!(desk.was_ahead(Some(&text("c"))), None, "another draft came of it");
        desk.ahead = Some((9, text("d")));
        assert_eq!(desk.was_ahead(None), None, "no draft came of it");
        assert_eq!(desk.void, BTreeSet::from([8, 9]));
    }
}
