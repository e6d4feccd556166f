use crate::components::{Icon, SentenceText, Sign, Swatches, Variant};
use crate::route::{Route, XrayQuery};
use crate::state::Shared;
use crate::words::number::count;
use crate::words::ray::{Line, lines};
use crate::words::text::common;
use crate::words::text::xray as text;
use downhaul_core::document::{Flag, FlagSet};
use downhaul_core::explain::{RuleTrace, SplitTrace, Step, Xray};
use serde_json::{Map, Value};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RayProps {
    pub environment: AttrValue,
    pub document: Shared<FlagSet>,
    pub flag: String,
    pub xray: Xray,
    pub context: Map<String, Value>,
}

/// Every step that the evaluator took, and what it did not read.
#[function_component]
pub fn Ray(props: &RayProps) -> Html {
    let Some(flag) = props.document.flag(&props.flag) else { return Html::default() };
    let swatches = Swatches::of(flag);
    let kills_read = props.xray.steps.iter().any(|step| matches!(step, Step::Kill { .. }));
    html! {
        <ol class="ray" data-test="ray">
            if !kills_read {
                <Knot class="pass" icon="check"><b>{ common::KILLS }</b>{ " " }<span class="muted">{ text::NONE_IN_EFFECT_FOR_THIS_FLAG }</span></Knot>
            }
            { for props.xray.steps.iter().map(|step| match step {
                Step::Kill { id, reason, held, .. } => kill_html(props, id, reason, *held),
                // The tester holds no flag down by itself.
                Step::Override { cause } => html! { <Knot class="hit" icon="x"><b>{ text::HELD_DOWN_BY_THE_CLIENT }</b>{ *cause }</Knot> },
                Step::Prerequisite { flag, variant, held, .. } => prerequisite_html(props, flag, variant, *held),
                Step::Rule(rule) if rule.reached => rule_html(rule, &swatches),
                Step::Rule(_) => Html::default(),
                Step::Default { variant } => default_html(flag, variant, &swatches),
            }) }
            { unread_html(&props.xray, flag, &swatches) }
        </ol>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct KnotProps {
    class: &'static str,
    icon: &'static str,
    children: Html,
}

#[function_component]
fn Knot(props: &KnotProps) -> Html {
    html! {
        <li class={props.class}><span class="mk">
            if props.icon == "s-kill" { <Sign name="kill" /> } else { <Icon name={props.icon} /> }
        </span>{ props.children.clone() }</li>
    }
}

fn kill_html(props: &RayProps, id: &str, reason: &str, held: bool) -> Html {
    let to = Route::LiveKill { environment: props.environment.to_string(), id: id.to_owned() };
    let link = html! { <Link<Route> to={to}>{ id }</Link<Route>> };
    if held {
        html! { <Knot class="hit" icon="s-kill"><b>{ text::KILLED }</b>{ text::BY }{ link }{ ": " }<span class="muted">{ reason }</span></Knot> }
    } else {
        html! { <Knot class="miss" icon="x"><b>{ text::KILL }</b>{ link }{ " " }<span class="muted">{ text::DOES_NOT_REACH_THIS_CONTEXT }</span></Knot> }
    }
}

fn prerequisite_html(props: &RayProps, key: &str, variant: &str, held: bool) -> Html {
    let swatches = props.document.flag(key).map(Swatches::of).unwrap_or_default();
    let query = XrayQuery { flag: key.to_owned(), context: Value::Object(props.context.clone()).to_string(), at: None };
    let (class, icon, words) = if held {
        ("pass", "check", text::FOR_THIS_CONTEXT_AS_REQUIRED)
    } else {
        ("hit", "x", text::FOR_THIS_CONTEXT_SO_THIS_FLAG)
    };
    html! {
        <Knot {class} {icon}><b>{ text::PREREQUISITE }</b>{ " " }<span class="mono">{ key }</span><span class="muted">{ text::IS }<Variant name={variant.to_owned()} {swatches} />{ words }
            <Link<Route, XrayQuery> to={Route::Xray { environment: props.environment.to_string() }} query={query}>{ text::ITS_X_RAY }</Link<Route, XrayQuery>></span></Knot>
    }
}

fn rule_html(rule: &RuleTrace, swatches: &Swatches) -> Html {
    let name = rule.name.as_ref().map(|name| format!(", “{name}”")).unwrap_or_default();
    let verdict = match (rule.held, &rule.variant, &rule.split) {
        (false, _, _) => text::DOES_NOT_HOLD,
        (true, Some(_), Some(_)) => text::HOLDS_SO_THE_SPLIT_DECIDES,
        (true, Some(_), None) => "holds: ",
        (true, None, Some(split)) if split.bucket.is_none() => text::HOLDS_BUT_THE_CONTEXT_HAS_NO,
        (true, None, _) => text::HOLDS_BUT_NO_SLICE_COVERS_THE,
    };
    let lines = lines(&rule.conditions);
    let split = rule.split.as_ref().filter(|_| rule.held);
    let (class, icon) = if rule.variant.is_some() { ("hit", "check") } else { ("miss", "x") };
    html! {
        <Knot {class} {icon}>
            <b>{ text::rule_index_name(&(rule.index + 1), &name) }</b>{ " " }<span class="muted">{ verdict }</span>
            if let Some(variant) = rule.variant.clone() { <Variant name={variant} swatches={swatches.clone()} /> }
            if !lines.is_empty() || split.is_some() {
                <ul class="conds">
                    { for lines.into_iter().map(line_html) }
                    { for split.map(|split| split_html(split, rule.variant.as_deref())) }
                </ul>
            }
        </Knot>
    }
}

fn line_html(line: Line) -> Html {
    let (class, icon, spoken) = match line.held {
        Some(true) => ("yes", "check", "holds: "),
        Some(false) => ("no", "x", text::AMID_DOES_NOT_HOLD),
        None => ("unread", "ball", text::NOT_READ),
    };
    html! {
        <li class={classes!(class, (line.depth > 0).then(|| format!("in{}", line.depth.min(3))))}><Icon name={icon} />
            <span><span class="sr">{ spoken }</span><SentenceText sentence={line.words} /></span><em><SentenceText sentence={line.found} /></em></li>
    }
}

fn split_html(split: &SplitTrace, variant: Option<&str>) -> Html {
    let (class, icon) = if variant.is_some() { ("yes", "check") } else { ("no", "x") };
    let came = match (variant, split.bucket) {
        (Some(variant), _) => text::falls_in_variant(&variant),
        (None, Some(_)) => text::IS_IN_NO_SLICE.to_owned(),
        (None, None) => text::THERE_IS_NOTHING_TO_SHARE_OUT.to_owned(),
    };
    html! {
        <li {class}><Icon name={icon} />
            <span>{ text::BUCKET_OF }<span class="val">{ &split.by }</span>{ came }</span>
            <em>{ split.bucket.map_or_else(|| text::NOT_GIVEN.to_owned(), count) }</em></li>
    }
}

fn default_html(flag: &Flag, variant: &str, swatches: &Swatches) -> Html {
    let why = if flag.rules.is_empty() { text::THE_FLAG_HAS_NO_RULES } else { text::NO_RULE_DECIDED };
    html! {
        <Knot class="hit" icon="check"><b>{ text::DEFAULT }</b>{ " " }<Variant name={variant.to_owned()} swatches={swatches.clone()} /><span class="muted">{ why }</span></Knot>
    }
}

/// Rules that the evaluator did not come to, and the default.
fn unread_html(xray: &Xray, flag: &Flag, swatches: &Swatches) -> Html {
    if xray.steps.iter().any(|step| matches!(step, Step::Default { .. })) {
        return Html::default();
    }
    let read = xray.steps.iter().filter(|step| matches!(step, Step::Rule(rule) if rule.reached)).count();
    let default = html! { <Variant name={flag.default.to_string()} swatches={swatches.clone()} /> };
    let (rules, were) = match flag.rules.len().saturating_sub(read) {
        0 => (text::THE_DEFAULT.to_owned(), text::WAS_NOT_READ),
        1 => (text::rule_and_the_default(&(read + 1)), text::WERE_NOT_READ),
        _ => (text::rules_to_and_the_default(&(read + 1), &flag.rules.len()), text::WERE_NOT_READ),
    };
    html! { <Knot class="unread" icon="ball">{ rules }{ default }{ were }</Knot> }
}
