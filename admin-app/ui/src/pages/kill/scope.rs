use crate::components::{Choice, ChoiceBar, FailureCard, Icon, Swatches, Variant};
use crate::hooks::use_console;
use crate::state::kill_draft::{Action, KillDraft, Part};
use crate::state::live::Slot;
use crate::words::number::{count, counted};
use crate::words::text::common;
use crate::words::text::kill as text;
use downhaul_control::api::{FlagSummary, FleetView};
use downhaul_core::document::{FlagSet, RegionTree};
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ScopeChoiceProps {
    pub draft: KillDraft,
    pub flag: FlagSummary,
    pub on_action: Callback<Action>,
}

/// For whom: everyone, or some by region, tenant, segment or variant.
#[function_component]
pub fn ScopeChoice(props: &ScopeChoiceProps) -> Html {
    let console = use_console();
    let document = console.live.document.ready().cloned();
    let toggle = |part: Part| props.on_action.reform(move |value: String| Action::Toggle(part, value));
    let draft = &props.draft;
    let editor = match (draft.part, &document) {
        (Part::Everyone, Some(document)) => html! { <p class="small muted">{ everyone(document) }</p> },
        (Part::Everyone, None) => {
            html! { <p class="small muted">{ text::EVERYONE_EVERYWHERE_IN_THIS_ENVIRONMENT }</p> }
        }
        (Part::Tenant, _) => {
            let known: Vec<String> =
                document.iter().flat_map(|set| set.tenants.keys().map(ToString::to_string)).collect();
            html! { <Tenants chosen={draft.tenants.clone()} {known} on_toggle={toggle(Part::Tenant)} /> }
        }
        (Part::Variant, _) => {
            html! { <Variants flag={props.flag.clone()} chosen={draft.variants.clone()} on_toggle={toggle(Part::Variant)} /> }
        }
        (Part::Region | Part::Segment, None) if let Slot::Failed(failure) = &console.live.document => {
            let what = if draft.part == Part::Region { text::THE_REGIONS } else { text::THE_SEGMENTS };
            html! { <FailureCard is_line=true failure={failure.clone()} {what} /> }
        }
        (Part::Region | Part::Segment, None) => html! { <i class="skel w-60"></i> },
        (Part::Region, Some(document)) if document.regions.is_empty() => {
            html! { <p class="small muted">{ text::THIS_ENVIRONMENT_DECLARES_NO_REGIONS }</p> }
        }
        (Part::Region, Some(document)) => {
            let fleet = console.live.fleet.ready().map(|fleet| (**fleet).clone());
            let mut rows = Vec::new();
            region_rows(&document.regions, 0, false, &draft.regions, fleet.as_ref(), &mut rows);
            html! { <Regions {rows} on_toggle={toggle(Part::Region)} /> }
        }
        (Part::Segment, Some(document)) => {
            let known: Vec<(String, String)> =
                document.segments.iter().map(|(key, segment)| (key.to_string(), segment.description.clone())).collect();
            html! { <Segments {known} chosen={draft.segments.clone()} on_toggle={toggle(Part::Segment)} /> }
        }
    };
    let chosen = Part::ALL.iter().position(|part| *part == draft.part).unwrap_or(0);
    let on_choose = {
        let on_action = props.on_action.clone();
        Callback::from(move |at| {
            if let Some(part) = Part::ALL.get(at) {
                on_action.emit(Action::Part(*part));
            }
        })
    };
    html! {
        <div class="stack">
            <h3 id="scope">{ text::FOR_WHOM }</h3>
            <ChoiceBar labelled_by="scope" full=true choices={Part::ALL.map(choice).to_vec()} {chosen} {on_choose} />
            { editor }
        </div>
    }
}

fn choice(part: Part) -> Choice {
    Choice { name: part.name().into(), mark: format!("scope-{}", part.name().to_lowercase()).into() }
}

fn everyone(document: &FlagSet) -> String {
    let (tenants, regions) = (document.tenants.len(), document.regions.names().len());
    match (tenants, regions) {
        (0, 0) => text::EVERYONE_EVERYWHERE_IN_THIS_ENVIRONMENT.to_owned(),
        (_, 0) => text::everyone_all_that_are_declared(&counted(tenants, text::TENANT, text::TENANTS)),
        (0, _) => text::everyone_all_that_are_declared(&counted(regions, common::REGION, common::AMID_REGIONS)),
        _ => text::everyone_all_and_that_are_declared(
            &counted(tenants, text::TENANT, text::TENANTS),
            &counted(regions, common::REGION, common::AMID_REGIONS),
        ),
    }
}

#[derive(Debug, Clone, PartialEq)]
struct RegionRow {
    name: String,
    depth: usize,
    chosen: bool,
    /// Within one that is chosen.
    covered: bool,
    live: Option<usize>,
}

fn region_rows(
    tree: &RegionTree,
    depth: usize,
    covered: bool,
    chosen: &[String],
    fleet: Option<&FleetView>,
    rows: &mut Vec<RegionRow>,
) {
    for (name, below) in &tree.0 {
        let is_chosen = chosen.iter().any(|each| each == name.as_str());
        let within = |region: &str| region == name.as_str() || below.find(region).is_some();
        let live = fleet.map(|fleet| {
            let groups = fleet
                .groups
                .iter()
                .filter(|group| group.state == "live" && group.region.as_deref().is_some_and(within));
            groups.map(|group| group.instances).sum()
        });
        rows.push(RegionRow { name: name.to_string(), depth, chosen: is_chosen, covered, live });
        region_rows(below, depth + 1, covered || is_chosen, chosen, fleet, rows);
    }
}

#[derive(Debug, Properties, PartialEq)]
struct RegionsProps {
    rows: Vec<RegionRow>,
    on_toggle: Callback<String>,
}

#[function_component]
fn Regions(props: &RegionsProps) -> Html {
    html! {
        <div class="tree" role="group" aria-label={common::REGIONS}>
            { for props.rows.iter().map(|row| {
                let name = row.name.clone();
                html! {
                    <label key={row.name.clone()} class={format!("d{}", row.depth.min(4))}>
                        <input type="checkbox" class="check" checked={row.chosen || row.covered} disabled={row.covered}
                            data-test={format!("scope-region-{}", row.name)} onchange={props.on_toggle.reform(move |_| name.clone())} />
                        { &row.name }
                        if let Some(live) = row.live { <b>{ text::count_live(&count(live as u64)) }</b> }
                    </label>
                }
            }) }
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct TenantsProps {
    chosen: Vec<String>,
    known: Vec<String>,
    on_toggle: Callback<String>,
}

/// Tenants are open: any name may be typed, declared ones are proposed.
#[function_component]
fn Tenants(props: &TenantsProps) -> Html {
    let add = {
        let (toggle, chosen) = (props.on_toggle.clone(), props.chosen.clone());
        move |input: &HtmlInputElement| {
            let name = input.value().trim().to_owned();
            input.set_value("");
            if !name.is_empty() && !chosen.contains(&name) {
                toggle.emit(name);
            }
        }
    };
    let on_key = {
        let (add, toggle, last) = (add.clone(), props.on_toggle.clone(), props.chosen.last().cloned());
        Callback::from(move |event: KeyboardEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            match (event.key().as_str(), &last) {
                ("Enter" | ",", _) => {
                    event.prevent_default();
                    add(&input);
                }
                ("Backspace", Some(last)) if input.value().is_empty() => toggle.emit(last.clone()),
                _ => {}
            }
        })
    };
    let on_change = Callback::from(move |event: Event| add(&event.target_unchecked_into::<HtmlInputElement>()));
    html! {
        <div class="field">
            <label for="tenants">{ common::TENANTS }</label>
            <div class="tokens">
                { for props.chosen.iter().map(|name| {
                    let gone = name.clone();
                    html! {
                        <span class="chip line" key={name.clone()}>{ name }
                            <button type="button" class="x" aria-label={common::remove_name(&name)} onclick={props.on_toggle.reform(move |_| gone.clone())}><Icon name="x" /></button>
                        </span>
                    }
                }) }
                <input id="tenants" list="known-tenants" placeholder={text::ADD_A_TENANT} data-test="scope-tenant-input" onkeydown={on_key} onchange={on_change} autocomplete="off" />
                <datalist id="known-tenants">{ for props.known.iter().map(|name| html! { <option value={name.clone()} /> }) }</datalist>
            </div>
            <span class="help">{ match props.chosen.iter().filter(|name| !props.known.contains(name)).count() {
                0 => text::declared_enter_adds_a_name(&counted(props.known.len(), text::TENANT_IS, text::TENANTS_ARE)),
                _ => text::A_NAME_THAT_IS_NOT_DECLARED.to_owned(),
            } }</span>
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct SegmentsProps {
    known: Vec<(String, String)>,
    chosen: Vec<String>,
    on_toggle: Callback<String>,
}

#[function_component]
fn Segments(props: &SegmentsProps) -> Html {
    if props.known.is_empty() {
        return html! { <p class="small muted">{ text::THIS_ENVIRONMENT_HAS_NO_SEGMENTS }</p> };
    }
    html! {
        <div class="tree" role="group" aria-label={common::SEGMENTS}>
            { for props.known.iter().map(|(key, description)| {
                let name = key.clone();
                html! {
                    <label key={key.clone()}>
                        <input type="checkbox" class="check" checked={props.chosen.contains(key)} data-test={format!("scope-segment-{key}")} onchange={props.on_toggle.reform(move |_| name.clone())} />
                        { key }<b>{ description }</b>
                    </label>
                }
            }) }
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct VariantsProps {
    flag: FlagSummary,
    chosen: Vec<String>,
    on_toggle: Callback<String>,
}

#[function_component]
fn Variants(props: &VariantsProps) -> Html {
    let keys: Vec<&str> = props.flag.variants.iter().map(String::as_str).collect();
    let swatches = Swatches::of_keys(&keys, &props.flag.degraded_variant);
    html! {
        <div class="row wrap" role="group" aria-label={common::VARIANTS}>
            { for props.flag.variants.iter().map(|key| {
                let name = key.clone();
                let degraded = *key == props.flag.degraded_variant;
                html! {
                    <label class="chip line" key={key.clone()}>
                        <input type="checkbox" class="check" checked={props.chosen.contains(key)} disabled={degraded} data-test={format!("scope-variant-{key}")} onchange={props.on_toggle.reform(move |_| name.clone())} />
                        <Variant name={key.clone()} swatches={swatches.clone()} />
                        if degraded { <span class="faint">{ text::IS_THE_DEGRADED_VARIANT }</span> }
                    </label>
                }
            }) }
        </div>
    }
}
