use super::context::ContextCard;
use super::ray::Ray;
use crate::components::{Icon, Placed, Swatches};
use crate::route::{Route, XrayQuery};
use crate::state::Shared;
use crate::state::context_draft::{Action, ContextDraft, examples};
use crate::words::number::{count, share};
use crate::words::text::common;
use crate::words::text::xray as text;
use downhaul_core::decision::Reason;
use downhaul_core::document::FlagSet;
use downhaul_core::explain::{Explainer, RuleTrace, SplitTrace, Step, Xray};
use downhaul_core::validate::validate;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct TesterProps {
    pub environment: AttrValue,
    pub document: Shared<FlagSet>,
    pub flag: String,
}

/// The X-ray beside a flag.
#[function_component]
pub fn Tester(props: &TesterProps) -> Html {
    let navigator = use_navigator();
    let tester = use_tester(props.document.clone(), props.flag.clone(), String::new());
    let open = {
        let (environment, flag, context) =
            (props.environment.to_string(), props.flag.clone(), tester.draft.text.clone());
        Callback::from(move |_: MouseEvent| {
            if let Some(navigator) = &navigator {
                let query = XrayQuery { flag: flag.clone(), context: context.clone(), at: None };
                let _ = navigator.push_with_query(&Route::Xray { environment: environment.clone() }, &query);
            }
        })
    };
    html! {
        <>
            <ContextCard document={props.document.clone()} flag={props.flag.clone()} draft={(*tester.draft).clone()} on_action={tester.on_action.clone()}>
                <button class="btn s end" onclick={open}><Icon name="xray" small=true />{ text::OPEN_LARGE }</button>
            </ContextCard>
            <Decided environment={props.environment.clone()} document={props.document.clone()} flag={props.flag.clone()} answer={tester.answer} />
        </>
    }
}

/// What is tried, and what comes of it.
#[derive(Debug, Clone)]
pub struct TesterState {
    pub draft: UseReducerHandle<ContextDraft>,
    pub on_action: Callback<Action>,
    pub answer: Answer,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The context cannot be read; why.
    NoContext(String),
    /// The document cannot be compiled; why.
    NoProgram(String),
    Decided {
        xray: Rc<Xray>,
        context: Rc<Map<String, Value>>,
    },
}

/// Decides at every keystroke. `start` is the context to begin with, else an example of the flag's own.
#[hook]
pub fn use_tester(document: Shared<FlagSet>, flag: String, start: String) -> TesterState {
    let draft = use_reducer_eq({
        let (document, flag) = (document.clone(), flag.clone());
        move || match document.flag(&flag) {
            _ if !start.is_empty() => ContextDraft { text: start, as_json: false },
            // The last rule's: the first is mostly for the own people.
            Some(found) => {
                let examples = examples(&document, found);
                let at = found.rules.len().min(2).saturating_sub(1);
                examples.get(at).map(|(_, context)| ContextDraft::of(context)).unwrap_or_default()
            }
            None => ContextDraft::default(),
        }
    });
    let explainer = use_memo(document.clone(), |document| {
        validate((**document).clone(), None).map(|(valid, _warnings)| Explainer::new(valid))
    });
    let answer = match (draft.parsed(), &*explainer) {
        (_, Err(problems)) => Answer::NoProgram(problems.first().map_or_else(String::new, ToString::to_string)),
        (Err(why), _) => Answer::NoContext(why),
        (Ok(context), Ok(explainer)) => {
            let xray = explainer.explain(&flag, &context, &BTreeMap::new());
            Answer::Decided { xray: Rc::new(xray), context: Rc::new(context) }
        }
    };
    let on_action = {
        let draft = draft.clone();
        Callback::from(move |action| draft.dispatch(action))
    };
    TesterState { draft, on_action, answer }
}

#[derive(Debug, Properties, PartialEq)]
pub struct DecidedProps {
    pub environment: AttrValue,
    pub document: Shared<FlagSet>,
    pub flag: String,
    pub answer: Answer,
}

/// The decision, where in the split it fell, and how it came to this.
#[function_component]
pub fn Decided(props: &DecidedProps) -> Html {
    let (Some(flag), Answer::Decided { xray, context }) = (props.document.flag(&props.flag), &props.answer) else {
        let (title, why) = match &props.answer {
            Answer::NoContext(why) => (text::NO_DECISION_WITHOUT_A_CONTEXT, why.clone()),
            Answer::NoProgram(why) => (text::THE_FLAG_SET_CANNOT_BE_EVALUATED, why.clone()),
            Answer::Decided { .. } => (text::THERE_IS_NO_SUCH_FLAG, props.flag.clone()),
        };
        return html! { <section class="card"><div class="pad stack s" role="status" data-test="xray-none"><b>{ title }</b><p class="muted">{ why }</p></div></section> };
    };
    let swatches = Swatches::of(flag);
    // Of what was decided by, which may be one of long ago.
    let revision = count(props.document.revision);
    // The split that was tried last is the one that decided, where one did.
    let split = xray.steps.iter().rev().find_map(|step| match step {
        Step::Rule(RuleTrace { held: true, split: Some(split), .. }) => Some(split),
        _ => None,
    });
    let bucket = split.and_then(|split| split.bucket);
    let by = match (&xray.kill, xray.rule) {
        (Some(_), _) => text::BY_A_KILL.to_owned(),
        (None, Some(rule)) => {
            let name = xray.rule_name.as_ref().map(|name| format!(", “{name}”"));
            text::by_rule_rule_name(&(rule + 1), &name.unwrap_or_default())
        }
        (None, None) if xray.reason == Reason::PrerequisiteFailed.as_str() => text::BY_A_PREREQUISITE.to_owned(),
        (None, None) => text::BY_THE_DEFAULT.to_owned(),
    };
    let variant = xray.variant.clone().unwrap_or_default();
    let value = xray.value.as_ref().map(ToString::to_string).unwrap_or_default();
    html! {
        <>
            <section class="card" aria-live="polite">
                <div class="result"><div>
                    <div class="is" data-test="xray-variant" data-variant={variant.clone()} data-reason={xray.reason}><i class={classes!("sw", swatches.class(&variant))}></i>{ variant }</div>
                    <p class="muted"><b>{ xray.reason }</b>{ text::at_revision_in(&by, &revision, &props.environment) }</p></div>
                    <dl class="dl small"><dt>{ text::VALUE_HEAD }</dt><dd class="mono trunc" title={value.clone()}>{ value }</dd>
                        if let (Some(split), Some(bucket)) = (split, bucket) {
                            <dt>{ text::BUCKET }</dt><dd>{ count(bucket) }</dd><dt>{ text::SALT }</dt><dd class="mono">{ split.salt.clone() }</dd>
                        }
                    </dl></div>
                if let (Some(split), Some(bucket)) = (split, bucket) {
                    <div class="pad bt"><BucketLine split={split.clone()} {bucket} unit={split.unit.clone().unwrap_or_default()} swatches={swatches.clone()} /></div>
                }
            </section>
            <section class="card">
                <header><h2>{ text::HOW_IT_CAME_TO_THIS }</h2><p>{ text::IN_THE_ORDER_THE_EVALUATOR_READS }</p></header>
                <div class="pad"><Ray environment={props.environment.clone()} document={props.document.clone()} flag={props.flag.clone()} xray={(**xray).clone()} context={(**context).clone()} /></div>
            </section>
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct BucketLineProps {
    split: SplitTrace,
    bucket: u32,
    unit: String,
    swatches: Swatches,
}

/// Where the bucket lies among the slices.
#[function_component]
fn BucketLine(props: &BucketLineProps) -> Html {
    let slices = props.split.slices.iter().filter(|(_, from, to)| from < to);
    let percent = |buckets: u32| Some(f64::from(buckets) / 1000.0);
    let needle = if props.bucket > 70_000 {
        "needle late"
    } else if props.bucket < 30_000 {
        "needle early"
    } else {
        "needle"
    };
    html! {
        <div class="bucketline" role="img" aria-label={text::is_in_bucket_of_100_000(&props.unit, &props.bucket)}>
            { for slices.map(|(variant, from, to)| html! {
                <Placed class={classes!("bl", props.swatches.class(variant))} left={percent(*from)} width={percent(to - from)}>
                    <i class={classes!("sw", props.swatches.class(variant))}></i>{ format!("{variant} {}", share(to - from)) }</Placed>
            }) }
            <Placed class={classes!(needle)} left={percent(props.bucket)}><b>{ text::unit_at_bucket(&props.unit, &count(props.bucket)) }</b></Placed>
            <span class="tk first">{ "0" }</span><span class="tk at-50">{ common::FIFTY_THOUSAND }</span><span class="tk last">{ common::A_HUNDRED_THOUSAND }</span>
        </div>
    }
}
