use crate::components::{Icon, SentenceText, Sign, Swatches, Variant};
use crate::route::{Route, XrayQuery};
use crate::state::Shared;
use crate::words::number::count;
use crate::words::ray::{Line, lines};
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
                <Knot class="pass" icon="check"><b>{ "Kills" }</b>{ " " }<span class="muted">{ "none in effect for this flag" }</span></Knot>
            }
            { for props.xray.steps.iter().map(|step| match step {
                Step::Kill { id, reason, held, .. } => kill_html(props, id, reason, *held),
                // The tester holds no flag down by itself.
                Step::Override { cause } => html! { <Knot class="hit" icon="x"><b>{ "Held down by the client: " }</b>{ *cause }</Knot> },
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
        html! { <Knot class="hit" icon="s-kill"><b>{ "Killed" }</b>{ " by " }{ link }{ ": " }<span class="muted">{ reason }</span></Knot> }
    } else {
        html! { <Knot class="miss" icon="x"><b>{ "Kill " }</b>{ link }{ " " }<span class="muted">{ "does not reach this context" }</span></Knot> }
    }
}

fn prerequisite_html(props: &RayProps, key: &str, variant: &str, held: bool) -> Html {
    let swatches = props.document.flag(key).map(Swatches::of).unwrap_or_default();
    let query = XrayQuery { flag: key.to_owned(), context: Value::Object(props.context.clone()).to_string(), at: None };
    let (class, icon, words) = if held {
        ("pass", "check", " for this context, as required. ")
    } else {
        ("hit", "x", " for this context, so this flag is degraded. ")
    };
    html! {
        <Knot {class} {icon}><b>{ "Prerequisite" }</b>{ " " }<span class="mono">{ key }</span><span class="muted">{ " is " }<Variant name={variant.to_owned()} {swatches} />{ words }
            <Link<Route, XrayQuery> to={Route::Xray { environment: props.environment.to_string() }} query={query}>{ "Its X-ray" }</Link<Route, XrayQuery>></span></Knot>
    }
}

fn rule_html(rule: &RuleTrace, swatches: &Swatches) -> Html {
    let name = rule.name.as_ref().map(|name| format!(", {name}")).unwrap_or_default();
    let verdict = match (rule.held, &rule.variant, &rule.split) {
        (false, _, _) => "does not hold",
        (true, Some(_), Some(_)) => "holds, so the split decides: ",
        (true, Some(_), None) => "holds: ",
        (true, None, Some(split)) if split.bucket.is_none() => {
            "holds, but the context has no bucketing unit, so the next rule is tried"
        }
        (true, None, _) => "holds, but no slice covers the bucket, so the next rule is tried",
    };
    let lines = lines(&rule.conditions);
    let split = rule.split.as_ref().filter(|_| rule.held);
    let (class, icon) = if rule.variant.is_some() { ("hit", "check") } else { ("miss", "x") };
    html! {
        <Knot {class} {icon}>
            <b>{ format!("Rule {}{name}", rule.index + 1) }</b>{ " " }<span class="muted">{ verdict }</span>
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
        Some(false) => ("no", "x", "does not hold: "),
        None => ("unread", "ball", "not read: "),
    };
    html! {
        <li class={classes!(class, (line.depth > 0).then(|| format!("in{}", line.depth.min(3))))}><Icon name={icon} />
            <span><span class="sr">{ spoken }</span><SentenceText sentence={line.words} /></span><em><SentenceText sentence={line.found} /></em></li>
    }
}

fn split_html(split: &SplitTrace, variant: Option<&str>) -> Html {
    let (class, icon) = if variant.is_some() { ("yes", "check") } else { ("no", "x") };
    let came = match (variant, split.bucket) {
        (Some(variant), _) => format!(" falls in {variant}"),
        (None, Some(_)) => " is in no slice".to_owned(),
        (None, None) => ": there is nothing to share out by".to_owned(),
    };
    html! {
        <li {class}><Icon name={icon} />
            <span>{ "bucket of " }<span class="val">{ &split.by }</span>{ came }</span>
            <em>{ split.bucket.map_or_else(|| "not given".to_owned(), count) }</em></li>
    }
}

fn default_html(flag: &Flag, variant: &str, swatches: &Swatches) -> Html {
    let why = if flag.rules.is_empty() { " the flag has no rules" } else { " no rule decided" };
    html! {
        <Knot class="hit" icon="check"><b>{ "Default" }</b>{ " " }<Variant name={variant.to_owned()} swatches={swatches.clone()} /><span class="muted">{ why }</span></Knot>
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
        0 => ("The default ".to_owned(), " was not read"),
        1 => (format!("Rule {} and the default ", read + 1), " were not read"),
        _ => (format!("Rules {} to {} and the default ", read + 1, flag.rules.len()), " were not read"),
    };
    html! { <Knot class="unread" icon="ball">{ rules }{ default }{ were }</Knot> }
}
