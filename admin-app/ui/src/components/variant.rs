use downhaul_core::document::Flag;
use std::rc::Rc;
use yew::prelude::*;

/// Which swatch stands for which variant of a flag: the degraded one is always the grey framed one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Swatches(Rc<[(String, &'static str)]>);

impl Swatches {
    pub fn of(flag: &Flag) -> Self {
        let keys: Vec<&str> = flag.variants.iter().map(|(key, _)| key.as_str()).collect();
        Self::of_keys(&keys, flag.degraded.variant.as_str())
    }

    pub fn of_keys(keys: &[&str], degraded: &str) -> Self {
        let mut others = ["v1", "v3", "v4", "v5"].into_iter().cycle();
        let class = |key: &&str| {
            let class = if *key == degraded { Some("v2") } else { others.next() };
            ((*key).to_owned(), class.unwrap_or("v1"))
        };
        Swatches(keys.iter().map(class).collect())
    }

    pub fn class(&self, key: &str) -> &'static str {
        self.0.iter().find(|(each, _)| each == key).map_or("v1", |(_, class)| class)
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct VariantProps {
    pub name: AttrValue,
    pub swatches: Swatches,
}

#[function_component]
pub fn Variant(props: &VariantProps) -> Html {
    html! {
        <span class="variant"><i class={classes!("sw", props.swatches.class(&props.name))}></i>{ &props.name }</span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_degraded_variant_is_grey_wherever_it_stands() {
        let swatches = Swatches::of_keys(&["off", "on", "blue"], "off");
        assert_eq!((swatches.class("off"), swatches.class("on"), swatches.class("blue")), ("v2", "v1", "v3"));
        assert_eq!(Swatches::of_keys(&["on", "off"], "on").class("off"), "v1");
    }
}
