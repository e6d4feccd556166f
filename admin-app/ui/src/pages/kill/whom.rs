use crate::hooks::use_may;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct WhomProps {
    pub environment: AttrValue,
    /// Takes why not, with the names of those who may.
    pub on_found: Callback<AttrValue>,
}

/// Finds out whom to ask for a kill. Only whoever may not kill waits for that.
#[function_component]
pub fn Whom(props: &WhomProps) -> Html {
    let why_not = use_may(&props.environment).operate;
    let on_found = props.on_found.clone();
    use_effect_with(why_not, move |why_not| {
        if let Some(why_not) = why_not.clone() {
            on_found.emit(why_not.into());
        }
    });
    Html::default()
}
