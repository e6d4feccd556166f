//! Pages that come when somebody goes there: each group of them is a WebAssembly file of its own, which is cut off the
//! console's at its entry point below. `cargo xtask ui` does the cutting; natively the entry points are plain calls.

use crate::pages::flags::{Bulk, BulkProps};
use crate::pages::kills::RestoreFormProps;
use crate::pages::{
    alarms, audience, chart, copy, drills, edit, flag, fleet, guards, kill, kills, people, populations, proposals,
    releases, rollouts, run, settings, start, xray,
};
use crate::route::{NEW, Route};
use crate::state::Shared;
use downhaul_core::document::FlagSet;
use std::cell::RefCell;
use std::collections::BTreeMap;
use wasm_split_helpers::{SplitLoaderError, wasm_split};
use yew::prelude::*;

/// What is in a chunk.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// The page of an address.
    Page(Route),
    /// The X-ray beside a flag, which brings the whole evaluator.
    Tester { document: Shared<FlagSet>, flag: String },
    /// The alarms that nobody has.
    Alarms,
    /// Beside the kill control, how long the last kills took and when this one was drilled.
    Proven { flag: String },
    /// For whoever may not kill, whom to ask.
    Whom(Callback<AttrValue>),
    /// Below a kill, whether it helped.
    Helped { flag: String, degraded: String },
    /// The way back from a kill.
    Restore(Box<RestoreFormProps>),
    /// What can be done with the flags that are chosen in the list, which writes definitions.
    Chosen(Box<BulkProps>),
}

/// Draws what is in a chunk that has come; nothing for what is in another.
pub type Draw = fn(&Wanted, &AttrValue) -> Option<Html>;

/// What comes later. What is not named here comes first: signing in, the list of flags, and everything of the way down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chunk {
    /// One flag.
    Flag,
    /// The flag editor, publishing, and taking flags over from another environment.
    Edit,
    /// The start of a rollout: its stages, checked as the control plane does.
    Stage,
    /// What changes by and by, and what brings it back: proposals, alarms, guards, rollouts, releases, runs and drills.
    Course,
    /// What is looked at: fleet, people, chart and X-ray.
    Look,
    /// What stands around flags: segments, tenants, regions, populations, settings, and the first steps.
    Around,
}

thread_local! {
    static HERE: RefCell<BTreeMap<Chunk, Draw>> = const { RefCell::new(BTreeMap::new()) };
}

impl Chunk {
    pub const ALL: [Chunk; 6] = [Chunk::Flag, Chunk::Edit, Chunk::Stage, Chunk::Course, Chunk::Look, Chunk::Around];

    /// Where the page of an address is, if it comes later.
    pub fn of(route: &Route) -> Option<Chunk> {
        match route {
            Route::Flag { .. } => Some(Chunk::Flag),
            Route::Edit { .. } | Route::Create { .. } | Route::Copy { .. } => Some(Chunk::Edit),
            Route::Rollout { id, .. } if id == NEW => Some(Chunk::Stage),
            Route::Proposals { .. }
            | Route::Proposal { .. }
            | Route::Guards { .. }
            | Route::Alarms { .. }
            | Route::Rollouts { .. }
            | Route::Rollout { .. }
            | Route::Releases { .. }
            | Route::Release { .. }
            | Route::Run { .. }
            | Route::Drills { .. }
            | Route::Drill { .. } => Some(Chunk::Course),
            Route::Fleet { .. }
            | Route::People { .. }
            | Route::Chart { .. }
            | Route::ChartEntry { .. }
            | Route::Xray { .. } => Some(Chunk::Look),
            Route::Segments { .. }
            | Route::Segment { .. }
            | Route::Tenants { .. }
            | Route::Tenant { .. }
            | Route::Regions { .. }
            | Route::Populations { .. }
            | Route::Population { .. }
            | Route::Settings { .. }
            | Route::SettingsPart { .. }
            | Route::Start { .. } => Some(Chunk::Around),
            Route::Home
            | Route::Flags { .. }
            | Route::Kill { .. }
            | Route::Kills { .. }
            | Route::LiveKill { .. }
            | Route::NotFound => None,
        }
    }

    /// How what is in it is drawn, if it is here.
    pub fn here(self) -> Option<Draw> {
        HERE.with_borrow(|here| here.get(&self).copied())
    }

    /// Brings it. Once it is here this asks for nothing; after a failure it may be tried again.
    ///
    /// # Errors
    /// Where the file cannot be had: without a connection, or since the server has another console by now.
    pub async fn bring(self) -> Result<Draw, NotHere> {
        if let Some(draw) = self.here() {
            return Ok(draw);
        }
        let draw = match self {
            Chunk::Flag => flag_chunk().await,
            Chunk::Edit => edit_chunk().await,
            Chunk::Stage => stage_chunk().await,
            Chunk::Course => course_chunk().await,
            Chunk::Look => look_chunk().await,
            Chunk::Around => around_chunk().await,
        }?;
        HERE.with_borrow_mut(|here| here.insert(self, draw));
        Ok(draw)
    }
}

/// A chunk could not be had; the browser's console says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotHere;

impl From<SplitLoaderError> for NotHere {
    fn from(_: SplitLoaderError) -> Self {
        NotHere
    }
}

#[wasm_split(flag, fallible)]
fn flag_chunk() -> Result<Draw, NotHere> {
    Ok(draw_flag)
}

#[wasm_split(edit, fallible)]
fn edit_chunk() -> Result<Draw, NotHere> {
    Ok(draw_edit)
}

#[wasm_split(stage, fallible)]
fn stage_chunk() -> Result<Draw, NotHere> {
    Ok(draw_stage)
}

#[wasm_split(course, fallible)]
fn course_chunk() -> Result<Draw, NotHere> {
    Ok(draw_course)
}

#[wasm_split(look, fallible)]
fn look_chunk() -> Result<Draw, NotHere> {
    Ok(draw_look)
}

#[wasm_split(around, fallible)]
fn around_chunk() -> Result<Draw, NotHere> {
    Ok(draw_around)
}

fn draw_flag(wanted: &Wanted, environment: &AttrValue) -> Option<Html> {
    let Wanted::Page(Route::Flag { key, .. }) = wanted else { return None };
    Some(html! { <flag::Flag environment={environment.clone()} key={key.clone()} flag={key.clone()} /> })
}

fn draw_edit(wanted: &Wanted, environment: &AttrValue) -> Option<Html> {
    // A draft of one environment is nothing in another.
    let of = |key: &str| format!("{environment}/{key}");
    let environment = environment.clone();
    let route = match wanted {
        Wanted::Page(route) => route,
        Wanted::Chosen(chosen) => return Some(html! { <Bulk ..(**chosen).clone() /> }),
        _ => return None,
    };
    match route {
        Route::Edit { key, .. } => Some(html! { <edit::Edit key={of(key)} {environment} flag={key.clone()} /> }),
        Route::Create { .. } => Some(html! { <edit::Create key={of("")} {environment} /> }),
        Route::Copy { .. } => Some(html! { <copy::Copy {environment} /> }),
        _ => None,
    }
}

fn draw_stage(wanted: &Wanted, environment: &AttrValue) -> Option<Html> {
    let Wanted::Page(route) = wanted else { return None };
    let environment = environment.clone();
    matches!(route, Route::Rollout { .. }).then(|| html! { <rollouts::StartRollout {environment} /> })
}

fn draw_course(wanted: &Wanted, environment: &AttrValue) -> Option<Html> {
    let environment = environment.clone();
    let route = match wanted {
        Wanted::Page(route) => route,
        Wanted::Alarms => return Some(html! { <alarms::Banner {environment} /> }),
        Wanted::Restore(form) => return Some(html! { <kills::RestoreForm ..(**form).clone() /> }),
        Wanted::Proven { flag } => return Some(html! { <kill::Proven {environment} flag={flag.clone()} /> }),
        Wanted::Whom(on_found) => return Some(html! { <kill::Whom {environment} on_found={on_found.clone()} /> }),
        Wanted::Helped { flag, degraded } => {
            return Some(html! { <kills::Helped {environment} flag={flag.clone()} degraded={degraded.clone()} /> });
        }
        Wanted::Tester { .. } | Wanted::Chosen(_) => return None,
    };
    let page = match route.clone() {
        Route::Proposals { .. } => html! { <proposals::Proposals {environment} /> },
        Route::Proposal { id, .. } => html! { <proposals::Proposal {environment} key={id.clone()} id={id.clone()} /> },
        Route::Guards { .. } => html! { <guards::Guards {environment} /> },
        Route::Alarms { .. } => html! { <alarms::Alarms {environment} /> },
        Route::Rollouts { .. } => html! { <rollouts::Rollouts {environment} /> },
        Route::Rollout { id, .. } => html! { <rollouts::Rollout {environment} key={id.clone()} id={id.clone()} /> },
        Route::Releases { .. } => html! { <releases::Releases {environment} /> },
        Route::Release { key, .. } => {
            html! { <releases::Release {environment} key={key.clone()} release={key.clone()} /> }
        }
        Route::Run { id, .. } => html! { <run::Run {environment} key={id.clone()} id={id.clone()} /> },
        Route::Drills { .. } => html! { <drills::Drills {environment} /> },
        Route::Drill { id, .. } => html! { <drills::Drill {environment} key={id.clone()} id={id.clone()} /> },
        _ => return None,
    };
    Some(page)
}

fn draw_look(wanted: &Wanted, environment: &AttrValue) -> Option<Html> {
    let environment = environment.clone();
    let route = match wanted {
        Wanted::Page(route) => route,
        Wanted::Tester { document, flag } => {
            let (document, flag) = (document.clone(), flag.clone());
            return Some(html! { <xray::Tester {environment} {document} {flag} /> });
        }
        _ => return None,
    };
    let page = match route {
        Route::Fleet { .. } => html! { <fleet::Fleet {environment} /> },
        Route::People { .. } => html! { <people::People {environment} /> },
        Route::Chart { .. } => html! { <chart::Chart {environment} revision={None::<u64>} /> },
        Route::ChartEntry { revision, .. } => html! { <chart::Chart {environment} revision={Some(*revision)} /> },
        Route::Xray { .. } => html! { <xray::Xray {environment} /> },
        _ => return None,
    };
    Some(page)
}

fn draw_around(wanted: &Wanted, environment: &AttrValue) -> Option<Html> {
    let Wanted::Page(route) = wanted else { return None };
    // A draft of one environment is nothing in another.
    let of = |key: &str| format!("{environment}/{key}");
    let environment = environment.clone();
    let page = match route.clone() {
        Route::Segments { .. } => html! { <audience::Segments {environment} /> },
        Route::Segment { key, .. } => {
            html! { <audience::Segment key={of(&key)} {environment} segment={key.clone()} /> }
        }
        Route::Tenants { .. } => html! { <audience::Tenants {environment} /> },
        Route::Tenant { name, .. } => {
            html! { <audience::Tenant key={of(&name)} {environment} tenant={name.clone()} /> }
        }
        Route::Regions { .. } => html! { <audience::Regions key={of("")} {environment} /> },
        Route::Populations { .. } => html! { <populations::Populations {environment} /> },
        Route::Population { name, .. } => {
            html! { <populations::Population {environment} key={name.clone()} name={name.clone()} /> }
        }
        Route::Settings { .. } => html! { <settings::Settings key={of("")} {environment} part="policy" /> },
        Route::SettingsPart { part, .. } => html! { <settings::Settings key={of("")} {environment} {part} /> },
        Route::Start { .. } => html! { <start::Start key={of("")} {environment} /> },
        _ => return None,
    };
    Some(page)
}
