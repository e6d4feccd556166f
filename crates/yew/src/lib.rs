//! Feature flags in Yew.
//!
//! ```
//! use downhaul_yew::{Flags, FlagsProvider, use_flag};
//! use yew::prelude::*;
//!
//! #[component]
//! fn Checkout() -> Html {
//!     let is_new = use_flag("new-checkout", false);
//!     html! { if is_new { <p>{ "New" }</p> } else { <p>{ "As ever" }</p> } }
//! }
//!
//! #[component]
//! fn App() -> Html {
//!     let flags = Flags::from_json(r#"{"flags":{"new-checkout":{"value":true}}}"#).unwrap_or_default();
//!     html! { <FlagsProvider {flags}><Checkout /></FlagsProvider> }
//! }
//! ```
//!
//! Nothing is fetched or decided here. Whoever has decided gives [`Flags`]: the server in the page, the npm package's
//! client, or an answer over OFREP. When they change, what reads them is drawn again.

use serde_json::{Map, Value};
use std::rc::Rc;
use yew::prelude::*;

/// What was decided for whoever looks at the page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Flags(Rc<Map<String, Value>>);

impl Flags {
    /// Values by key.
    pub fn new(values: Map<String, Value>) -> Self {
        Flags(Rc::new(values))
    }

    /// Of `bootstrapData()` of the npm package (`{"flags":{KEY:{"value":…}}}`), or of OFREP's answer for all flags
    /// (`{"flags":[{"key":KEY,"value":…}]}`). `None` where it is neither.
    pub fn from_json(text: &str) -> Option<Self> {
        let mut answer: Value = serde_json::from_str(text).ok()?;
        let values = match answer.get_mut("flags")?.take() {
            Value::Object(flags) => flags.into_iter().map(|(key, mut flag)| Some((key, value(&mut flag)?))).collect(),
            Value::Array(flags) => flags
                .into_iter()
                .map(|mut flag| Some((flag.get("key")?.as_str()?.to_owned(), value(&mut flag)?)))
                .collect(),
            _ => None,
        };
        values.map(Flags::new)
    }

    /// The value of a flag; `default` where it is not known or of another type.
    pub fn get<T: FlagValue>(&self, key: &str, default: T) -> T {
        self.0.get(key).and_then(T::read).unwrap_or(default)
    }
}

fn value(flag: &mut Value) -> Option<Value> {
    flag.get_mut("value").map(Value::take)
}

/// Types that a flag can have.
pub trait FlagValue: Sized + sealed::Sealed {
    #[doc(hidden)]
    fn read(value: &Value) -> Option<Self>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for bool {}
    impl Sealed for String {}
    impl Sealed for f64 {}
    impl Sealed for serde_json::Value {}
}

impl FlagValue for bool {
    fn read(value: &Value) -> Option<bool> {
        value.as_bool()
    }
}

impl FlagValue for String {
    fn read(value: &Value) -> Option<String> {
        value.as_str().map(str::to_owned)
    }
}

impl FlagValue for f64 {
    fn read(value: &Value) -> Option<f64> {
        value.as_f64()
    }
}

/// Of any type.
impl FlagValue for Value {
    fn read(value: &Value) -> Option<Value> {
        Some(value.clone())
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
pub struct FlagsProviderProps {
    pub flags: Flags,
    #[prop_or_default]
    pub children: Html,
}

/// Gives flags to everything within.
#[component]
pub fn FlagsProvider(props: &FlagsProviderProps) -> Html {
    html! { <ContextProvider<Flags> context={props.flags.clone()}>{ props.children.clone() }</ContextProvider<Flags>> }
}

/// The value of a flag; `default` outside of a [`FlagsProvider`], where the flag is not known, or of another type.
#[hook]
pub fn use_flag<T: FlagValue + 'static>(key: &str, default: T) -> T {
    match use_context::<Flags>() {
        Some(flags) => flags.get(key, default),
        None => default,
    }
}
