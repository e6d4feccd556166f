use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct PlacedProps {
    /// Distance from the left, in per cent.
    #[prop_or_default]
    pub left: Option<f64>,
    /// In per cent.
    #[prop_or_default]
    pub width: Option<f64>,
    #[prop_or_default]
    pub class: Classes,
    #[prop_or_default]
    pub title: Option<AttrValue>,
    #[prop_or_default]
    pub children: Html,
}

/// A part of a bar. Its length is set through the element's style object: the page's policy allows no style attributes.
#[function_component]
pub fn Placed(props: &PlacedProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((props.left, props.width), move |(left, width)| {
            let Some(element) = node.cast::<HtmlElement>() else { return };
            for (name, percent) in [("left", left), ("width", width)] {
                if let Some(percent) = percent {
                    let _ = element.style().set_property(name, &format!("{percent}%"));
                }
            }
        });
    }
    html! { <span ref={node} class={props.class.clone()} title={props.title.clone()}>{ props.children.clone() }</span> }
}
