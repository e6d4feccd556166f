use super::editing::use_editing;
use crate::components::{Icon, Variant};
use crate::pages::xray::Ray;
use crate::state::Shared;
use crate::words::radius::group;
use crate::words::text::common;
use crate::words::text::edit as text;
use downhaul_blast::replay::Example;
use downhaul_core::document::FlagSet;
use downhaul_core::explain::Explainer;
use downhaul_core::validate::validate;
use serde_json::Value;
use std::collections::BTreeMap;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ExamplesProps {
    pub environment: AttrValue,
    pub flag: String,
    pub examples: Vec<Example>,
    pub before: Shared<FlagSet>,
    pub after: Shared<FlagSet>,
}

/// Some who are moved, each with the X-ray before and after.
#[function_component]
pub fn Examples(props: &ExamplesProps) -> Html {
    let editing = use_editing();
    let open = use_state(|| None::<usize>);
    html! {
        <section data-test="examples">
            <h3>{ text::FOR_EXAMPLE }<small>{ text::X_RAYS_BEFORE_AND_AFTER }</small></h3>
            { for props.examples.iter().enumerate().map(|(at, example)| {
                let is_open = *open == Some(at);
                let toggle = {
                    let open = open.clone();
                    Callback::from(move |_: MouseEvent| open.set((!is_open).then_some(at)))
                };
                html! {
                    <>
                        <div class="who"><span class="trunc" title={whole(example)}><span class="mono">{ name(example) }</span>{ " " }<span class="faint">{ where_from(example) }</span></span>
                            <span class="to row"><Variant name={example.from.variant.clone()} swatches={editing.swatches.clone()} /><Icon name="arrow" small=true /><Variant name={example.to.variant.clone()} swatches={editing.swatches.clone()} /></span>
                            <button type="button" class="btn s quiet" aria-expanded={is_open.to_string()} data-test={format!("example-{}", at + 1)} onclick={toggle}>{ common::WHY }<Icon name={if is_open { "up" } else { "down" }} small=true /></button></div>
                        if is_open {
                            <div class="rays">
                                <h4 class="lbl">{ common::BEFORE }</h4><OneRay environment={props.environment.clone()} flag={props.flag.clone()} document={props.before.clone()} example={example.clone()} />
                                <h4 class="lbl">{ common::AFTER }</h4><OneRay environment={props.environment.clone()} flag={props.flag.clone()} document={props.after.clone()} example={example.clone()} />
                            </div>
                        }
                    </>
                }
            }) }
        </section>
    }
}

fn name(example: &Example) -> String {
    match example.context.get("targetingKey") {
        Some(key) => group(key),
        None => text::WITHOUT_A_TARGETINGKEY.to_owned(),
    }
}

fn where_from(example: &Example) -> String {
    let part = |name: &str| example.context.get(name).and_then(Value::as_str);
    [part("tenant"), part("region")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn whole(example: &Example) -> String {
    Value::Object(example.context.clone()).to_string()
}

#[derive(Debug, Properties, PartialEq)]
struct OneRayProps {
    environment: AttrValue,
    flag: String,
    document: Shared<FlagSet>,
    example: Example,
}

#[function_component]
fn OneRay(props: &OneRayProps) -> Html {
    let explainer = use_memo(props.document.clone(), |document| {
        validate((**document).clone(), None).map(|(valid, _)| Explainer::new(valid)).ok()
    });
    match &*explainer {
        Some(explainer) => {
            let xray = explainer.explain(&props.flag, &props.example.context, &BTreeMap::new());
            html! { <Ray environment={props.environment.clone()} document={props.document.clone()} flag={props.flag.clone()} {xray} context={props.example.context.clone()} /> }
        }
        None => Html::default(),
    }
}
