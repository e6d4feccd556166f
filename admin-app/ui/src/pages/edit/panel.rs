use super::editing::use_editing;
use super::examples::Examples;
use crate::components::{Icon, Placed, Sail, SentenceText, Variant};
use crate::hooks::clock;
use crate::hooks::use_throttled;
use crate::state::friction::{SECOND_PERSON_ABOVE, Step, TYPE_KEY_ABOVE, Weight};
use crate::state::radius::{Radius, Source};
use crate::words::number::{count, counted};
use crate::words::proposal::others_are_asked;
use crate::words::radius as words;
use crate::words::text::common;
use crate::words::text::edit as text;
use crate::words::time::{day, duration, parse};
use downhaul_blast::plan::{FlagPlan, Kept, Limit, Share, Status, Transition};
use downhaul_blast::replay::{Given, Groups};
use downhaul_core::document::FlagSet;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct PanelProps {
    pub environment: AttrValue,
    pub flag: String,
    pub radius: Radius,
    pub weight: Weight,
    /// How many others the policy asks.
    pub asked: u32,
    pub is_changed: bool,
    pub errors: usize,
    /// Both documents, for X-rays of examples: as published, and with the draft in it.
    pub before: Option<crate::state::Shared<FlagSet>>,
    pub after: Option<crate::state::Shared<FlagSet>>,
    pub button: Html,
}

/// Whom the draft moves: the count on top and the button at the bottom never scroll away.
#[function_component]
pub fn Panel(props: &PanelProps) -> Html {
    let plan = props.radius.of(&props.flag);
    let spoken = use_throttled(if props.is_changed { words::spoken(plan) } else { String::new() }, 2_000.0);
    let is_behind = props.is_changed && props.errors == 0 && props.radius.is_behind();
    let has_failed = props.is_changed && props.radius.has_failed();
    let state = match () {
        () if props.errors > 0 => html! { <><span class="dot warn"></span>{ text::OF_THE_LAST_VALID_DRAFT }</> },
        () if !props.is_changed => html! { <>{ text::NO_EDITS_YET }</> },
        () if has_failed => html! { <><span class="dot warn"></span>{ common::NOT_KNOWN }</> },
        () if is_behind => match props.radius.progress {
            Some(part) => html! {
                <><progress max="1" value={part.to_string()} aria-label={text::REPLAY_OF_THE_POPULATION} data-test="progress"></progress>{ words::percent(part) }</>
            },
            None => html! { <><span class="dot"></span>{ text::WORKING_IT_OUT }</> },
        },
        () => html! { <><span class="dot ok"></span>{ match props.radius.took {
            Some(took) => text::live_duration(&duration(took)),
            None => text::AMID_LIVE.to_owned(),
        } }</> },
    };
    html! {
        <aside class="blast" aria-label={text::BLAST_RADIUS} id="blast" data-test="radius" data-state={if is_behind { "behind" } else { "current" }}>
            <header><h2>{ text::BLAST_RADIUS }</h2><span class="end small faint row">{ state }</span></header>
            <section class="count"><Count plan={plan.cloned()} radius={props.radius.clone()} is_changed={props.is_changed} errors={props.errors} /></section>
            <div class="scroll" tabindex="0" role="region" aria-label={text::BLAST_RADIUS_IN_DETAIL}>
                if let Some(why) = &props.radius.failure {
                    <section><p class="warning small" role="status"><Icon name="alert" small=true /><span>{ text::this_draft_could_not_be_worked(&why) }if has_failed { { text::IT_COUNTS_AS_MOVING_EVERYONE } }</span></p></section>
                }
                if let Some(plan) = plan.filter(|_| props.is_changed) { <Detail plan={plan.clone()} flag={props.flag.clone()} radius={props.radius.clone()} /> }
                if let (Some(plan), Some(before), Some(after)) = (plan, &props.before, &props.after) {
                    if props.is_changed && !plan.examples.is_empty() {
                        <Examples environment={props.environment.clone()} flag={props.flag.clone()} examples={plan.examples.clone()} before={before.clone()} after={after.clone()} />
                    }
                }
                <section><Ladder weight={props.weight} asked={props.asked} is_known={props.is_changed} /></section>
                <section class="small muted"><Of source={props.radius.source.clone()} /></section>
            </div>
            <footer class="budget"><BudgetMeter radius={props.radius.clone()} is_changed={props.is_changed} />{ props.button.clone() }</footer>
            <p class="sr" role="status" aria-live="polite">{ spoken }</p>
        </aside>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct CountProps {
    plan: Option<FlagPlan>,
    radius: Radius,
    is_changed: bool,
    errors: usize,
}

fn nobody() -> Html {
    html! { <div class="big" data-test="moved" data-moved="0"><b>{ "0" }</b><span class="muted">{ text::NOBODY_IS_GIVEN_ANYTHING_ELSE }</span></div> }
}

/// How many, from what, to what.
#[function_component]
fn Count(props: &CountProps) -> Html {
    let editing = use_editing();
    let is_known = props.radius.replay.is_some() || props.radius.exact.is_some();
    let Some(plan) = props.plan.as_ref().filter(|_| props.is_changed) else {
        if props.is_changed && is_known {
            return nobody();
        }
        let words = match (props.is_changed, props.errors) {
            (false, _) => text::EDIT_AND_SEE_HERE_AT_ONCE,
            (true, 0) => common::WORKING_OUT_WHO_WOULD_BE_GIVEN,
            (true, _) => text::ONCE_THE_DRAFT_HAS_NO_PROBLEMS,
        };
        return html! { <p class="muted" data-test="moved">{ words }</p> };
    };
    if plan.status == Status::Added {
        return html! { <div class="big" data-test="moved" data-moved="new"><b>{ text::NEW }</b><span class="muted">{ text::WHO_ASKS_FOR_THIS_KEY_NOW }</span></div> };
    }
    let moved = match (plan.moved, plan.of, plan.moved_share()) {
        (Some(moved), Some(of), Some(part)) => html! {
            <div class="big" data-test="moved" data-moved={moved.to_string()}><b>{ words::weight(moved) }</b><span class="muted">{ text::of_weight_change(&words::weight(of)) }</span><span class="pct">{ words::percent(part) }</span></div>
        },
        _ if plan.share() == Share::NOBODY => nobody(),
        _ => {
            html! { <div class="big" data-test="moved" data-moved="unknown"><b class="text">{ words::of_everyone(plan.share()) }</b><span class="muted">{ text::MAY_CHANGE_HOW_MANY_IS_NOT }</span></div> }
        }
    };
    let most = plan.transitions.iter().filter_map(|way| way.weight).fold(0.0, f64::max);
    let way = |way: &Transition| {
        let height = way.weight.map_or(12.0, |moved| if most > 0.0 { 2.0 + 22.0 * moved / most } else { 2.0 });
        let (top, bottom) = (13.0 - height / 2.0, 13.0 + height / 2.0);
        html! {
            <>
                <Variant name={way.from.clone()} swatches={editing.swatches.clone()} />
                <svg viewBox="0 0 120 26" preserveAspectRatio="none" aria-hidden="true"><path class={editing.swatches.class(&way.to)} d={format!("M0 {top}H112L120 13 112 {bottom}H0z")} /></svg>
                <Variant name={way.to.clone()} swatches={editing.swatches.clone()} />
                <b>{ way.weight.map(words::weight) }</b>
            </>
        }
    };
    html! {
        <>
            { moved }
            if plan.status == Status::ReasonOnly { <p class="small muted">{ text::EVERYONE_KEEPS_WHAT_THEY_HAVE_ONLY }</p> }
            <div class="flow" role="img" aria-label={words::spoken(Some(plan))}>{ for plan.transitions.iter().take(4).map(way) }</div>
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct DetailProps {
    plan: FlagPlan,
    flag: String,
    radius: Radius,
}

/// Regions shown before the rest is only counted.
const REGIONS: usize = 12;

#[function_component]
fn Detail(props: &DetailProps) -> Html {
    let editing = use_editing();
    let exact = props.radius.exact.as_ref();
    let own = exact.and_then(|known| known.plan.flags.get(&props.flag));
    let regions = own.map(|plan| plan.regions.as_slice()).unwrap_or_default();
    let is_complete = exact.and_then(|known| known.plan.exact).is_some_and(|exact| exact.complete);
    let others: Vec<String> = exact
        .or(props.radius.replay.as_ref())
        .map(|known| {
            known
                .plan
                .flags
                .iter()
                .filter(|(key, plan)| **key != props.flag && plan.status != Status::ReasonOnly)
                .map(|(key, _)| key.clone())
                .collect()
        })
        .unwrap_or_default();
    html! {
        <>
            if !props.plan.given.is_empty() { <section><h3>{ text::WHAT_IT_WOULD_GIVE }</h3><GivenBars given={props.plan.given.clone()} /></section> }
            if own.is_some() && (!regions.is_empty() || props.plan.status != Status::Added) {
                <section data-test="exact">
                    <h3>{ text::EXACTLY_WHO }<small>{ counted(regions.len(), common::AMID_GROUP, common::AMID_GROUPS) }</small></h3>
                    <ul class="exact">
                        { for regions.iter().take(REGIONS).map(|region| html! {
                            <li><span><SentenceText sentence={words::region(&props.flag, region)} /></span>
                                <span class="to"><Variant name={region.transition.from.clone()} swatches={editing.swatches.clone()} /><Icon name="arrow" small=true /><Variant name={region.transition.to.clone()} swatches={editing.swatches.clone()} /></span></li>
                        }) }
                    </ul>
                    if regions.len() > REGIONS { <p class="small faint">{ text::and_groups_more(&counted(regions.len() - REGIONS, common::AMID_GROUP, common::AMID_GROUPS)) }</p> }
                    if is_complete {
                        <p class="proof"><Icon name="shieldcheck" small=true /><span>{ text::COMPLETE_FOR_EVERY_POSSIBLE_CONTEXT_NOT }</span></p>
                    } else {
                        <p class="small warn-ink">{ text::NOT_COMPLETE_THE_RULES_ARE_TOO }</p>
                    }
                </section>
            }
            { groups(&props.plan) }
            if !others.is_empty() {
                <section><h3>{ text::OTHER_FLAGS_THAT_CHANGE_WITH_IT }</h3><p class="mono small">{ others.join(", ") }</p></section>
            }
        </>
    }
}

/// Bars of a list.
const BARS: usize = 5;

fn groups(plan: &FlagPlan) -> Html {
    let shown = |name: &str, title: &'static str| {
        let groups = plan.by.get(name).filter(|groups| !groups.groups.is_empty())?;
        Some(html! { <div data-test={format!("by-{name}")}><h3>{ title }</h3><Bars groups={groups.clone()} /></div> })
    };
    let both: Vec<Html> =
        [shown("tenant", text::BY_TENANT), shown("region", common::BY_REGION)].into_iter().flatten().collect();
    if both.is_empty() {
        return Html::default();
    }
    html! { <section class={if both.len() == 2 { "two" } else { "" }}>{ for both }</section> }
}

#[derive(Debug, Properties, PartialEq)]
struct BarsProps {
    groups: Groups,
}

#[function_component]
fn Bars(props: &BarsProps) -> Html {
    let groups = &props.groups.groups;
    let most = groups.iter().map(|group| group.moved).fold(0.0, f64::max);
    let more = props.groups.touched.saturating_sub(BARS.min(groups.len()));
    html! {
        <>
            <div class="hbar">
                { for groups.iter().take(BARS).map(|group| html! {
                    <>
                        <span class="trunc" title={words::group(&group.value)}>{ words::group(&group.value) }</span>
                        <span class="track"><Placed class="fill" width={Some(if most > 0.0 { 100.0 * group.moved / most } else { 0.0 })} /></span>
                        <b title={text::of_weight(&words::weight(group.of))}>{ words::weight(group.moved) }</b>
                    </>
                }) }
            </div>
            if more > 0 { <p class="small faint">{ text::and_more_more(&count(more as u64)) }</p> }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct GivenBarsProps {
    given: Vec<Given>,
}

#[function_component]
fn GivenBars(props: &GivenBarsProps) -> Html {
    let whole: f64 = props.given.iter().map(|given| given.weight).sum();
    html! {
        <div class="hbar">
            { for props.given.iter().map(|given| {
                let part = if whole > 0.0 { given.weight / whole } else { 0.0 };
                html! {
                    <>
                        <span class="mono">{ &given.variant }</span>
                        <span class="track"><Placed class="fill" width={Some(100.0 * part)} /></span>
                        <b>{ words::percent(part) }</b>
                    </>
                }
            }) }
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct LadderProps {
    pub weight: Weight,
    /// How many others the policy asks; 0 also where that stands elsewhere.
    #[prop_or_default]
    pub asked: u32,
    /// Whether there is anything to weigh.
    pub is_known: bool,
}

/// What publishing asks for, before the button is pressed.
#[function_component]
pub fn Ladder(props: &LadderProps) -> Html {
    let steps: &[(Step, String, &str)] = &if props.weight.critical {
        vec![
            (Step::Nothing, common::NOBODY.to_owned(), text::NOTHING_PUBLISH_AT_ONCE),
            (Step::Why, text::up_to_percent(&words::percent(SECOND_PERSON_ABOVE)), text::AMID_SAY_WHY),
            (
                Step::SecondPerson,
                text::above_percent(&words::percent(SECOND_PERSON_ABOVE)),
                text::AND_A_SECOND_PERSON_APPROVES,
            ),
            (Step::TypeKey, text::above_percent(&words::percent(TYPE_KEY_ABOVE)), text::AND_TYPE_THE_FLAGS_KEY),
        ]
    } else {
        vec![
            (Step::Nothing, common::NOBODY.to_owned(), text::NOTHING_PUBLISH_AT_ONCE),
            (Step::Why, text::ANYONE.to_owned(), text::AMID_SAY_WHY),
        ]
    };
    let now = props.is_known.then(|| props.weight.step());
    html! {
        <>
            <h3>{ text::WHAT_PUBLISHING_ASKS_FOR }<small>{ if props.weight.critical { text::CRITICAL_FLAGS } else { "" } }</small></h3>
            <ul class="ladder" data-test="ladder">
                { for steps.iter().map(|(step, whom, what)| html! {
                    <li aria-current={(Some(*step) == now).then_some("step")}><Icon name={if Some(*step) == now { "check" } else { "ball" }} /><span>{ whom }</span><span>{ *what }</span></li>
                }) }
            </ul>
            if props.asked > 0 { <p class="small muted" data-test="ladder-asks">{ others_are_asked(props.asked) }</p> }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct OfProps {
    source: Source,
}

/// Over whom it was worked out: measured, not assumed.
#[function_component]
fn Of(props: &OfProps) -> Html {
    let text = match &props.source {
        Source::Looking => text::LOOKING_FOR_A_POPULATION.to_owned(),
        Source::Sample { name, rows, of, taken_at } => {
            let when = parse(taken_at).map(|at| day(at, clock::now(), clock::offset())).unwrap_or_default();
            let which = if rows < of {
                text::a_sample_of_of_contexts(&count(*rows), &count(*of))
            } else {
                text::all_rows_contexts(&count(*rows))
            };
            text::worked_out_in_this_page_over(&which, &name, &when)
        }
        Source::Server { name, why } => text::worked_out_by_the_server_over(&name, &why),
        Source::Nobody => text::THIS_ENVIRONMENT_HAS_NO_POPULATION_HOW.to_owned(),
    };
    html! { <p data-test="radius-source">{ text }</p> }
}

#[derive(Debug, Properties, PartialEq)]
struct BudgetMeterProps {
    radius: Radius,
    is_changed: bool,
}

/// How much of the budget the draft takes; nothing where the policy sets none.
#[function_component]
fn BudgetMeter(props: &BudgetMeterProps) -> Html {
    if !props.is_changed {
        return Html::default();
    }
    let findings = props.radius.findings();
    let known = props.radius.replay.as_ref().or(props.radius.exact.as_ref());
    let allowed = known.and_then(|known| known.plan.budget.as_ref()).and_then(|judged| judged.limits.share);
    let part = props.radius.share().most;
    let others = findings.iter().filter(|finding| finding.limit != Limit::Share && finding.outcome != Kept::Within);
    let meter = allowed.map(|allowed| {
        // Twice the budget fills the bar, so that the mark stands in its middle.
        let filled = if allowed > 0.0 { (part / (2.0 * allowed)).min(1.0) } else { f64::from(u8::from(part > 0.0)) };
        let is_over = part > allowed;
        html! {
            <div data-test="budget" data-over={is_over.to_string()}>
                <div class="row between small"><b>{ text::BUDGET }</b><span class={if is_over { "warn-ink" } else { "muted" }}>{ text::percent_of_percent_2(&words::percent(part), &words::percent(allowed)) }</span></div>
                <div class={classes!("meter", is_over.then_some("over"))} role="img" aria-label={text::of_a_budget_of(&words::percent(part), &words::percent(allowed))}>
                    <span class="zone"></span><Placed class="filled" width={Some(100.0 * filled)} /><Placed class="mark" left={Some(50.0)} />
                </div>
            </div>
        }
    });
    html! {
        <>
            { meter.unwrap_or_default() }
            { for others.map(|finding| html! {
                <p class="small warn-ink row top"><Icon name="alert" small=true /><span>{ crate::words::message::sentence(&finding.why) }</span></p>
            }) }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct MiniBarProps {
    pub flag: String,
    pub radius: Radius,
    pub is_changed: bool,
    pub on_review: Callback<()>,
    pub disabled: Option<AttrValue>,
}

/// On a narrow screen the radius stays in view as a small bar.
#[function_component]
pub fn MiniBar(props: &MiniBarProps) -> Html {
    let plan = props.radius.of(&props.flag).filter(|_| props.is_changed);
    let (title, more) = match plan {
        None if !props.is_changed => (text::NO_EDITS_YET.to_owned(), String::new()),
        None if props.radius.replay.is_none() && props.radius.exact.is_none() => {
            (text::NOT_WORKED_OUT_YET.to_owned(), String::new())
        }
        None => (text::NOBODY_CHANGES.to_owned(), String::new()),
        Some(plan) if plan.status == Status::Added => (text::A_NEW_FLAG.to_owned(), String::new()),
        Some(plan) => match (plan.moved, plan.moved_share()) {
            (Some(moved), Some(part)) => (text::weight_change(&words::weight(moved)), words::percent(part)),
            _ => (words::of_everyone(plan.share()), text::NO_POPULATION.to_owned()),
        },
    };
    html! {
        <div class="minibar"><a href="#blast" class="grow"><b>{ title }</b>if let Some(why_not) = &props.disabled { <small class="faint blk">{ why_not }</small> } else { <small class="faint blk">{ more }</small> }</a>
            <button type="button" class="btn primary" aria-disabled={props.disabled.is_some().to_string()} title={props.disabled.clone()} onclick={props.on_review.reform(|_| ())}><Sail />{ text::REVIEW }</button></div>
    }
}
