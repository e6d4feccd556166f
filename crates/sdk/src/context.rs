use serde::Serialize;
use serde_json::{Map, Value};

/// Who asks: OpenFeature's evaluation context, a `targetingKey` and attributes.
///
/// An attribute of a rule is an own one of that name first, then a dotted path through nested objects; null reads as absent.
/// `now` is filled in unless it is given, and names that begin with `tenant.` are never read from here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    attributes: Map<String, Value>,
}

/// What was to become a context is no object in JSON.
#[derive(Debug, thiserror::Error)]
pub enum NotAContext {
    #[error("a context is an object, and this is {0} in JSON")]
    NoObject(&'static str),
    #[error("the context can't be written as JSON: {0}")]
    NoJson(#[from] serde_json::Error),
}

impl Context {
    /// Of a user, or of whatever else is bucketed by default.
    pub fn new(targeting_key: impl Into<String>) -> Context {
        Context::default().with("targetingKey", targeting_key.into())
    }

    /// With one attribute more, or another value of it.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Context {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Of whatever is an object in JSON, such as a struct of the application.
    ///
    /// # Errors
    /// Where it is none.
    pub fn of(value: &impl Serialize) -> Result<Context, NotAContext> {
        match serde_json::to_value(value)? {
            Value::Object(attributes) => Ok(Context { attributes }),
            Value::Null => Err(NotAContext::NoObject("null")),
            Value::Bool(_) => Err(NotAContext::NoObject("a boolean")),
            Value::Number(_) => Err(NotAContext::NoObject("a number")),
            Value::String(_) => Err(NotAContext::NoObject("a text")),
            Value::Array(_) => Err(NotAContext::NoObject("a list")),
        }
    }

    pub fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }
}

impl From<Map<String, Value>> for Context {
    fn from(attributes: Map<String, Value>) -> Context {
        Context { attributes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_struct_and_of_what_is_none() {
        #[derive(Serialize)]
        struct User {
            #[serde(rename = "targetingKey")]
            id: &'static str,
            tenant: Option<&'static str>,
        }
        let context = Context::of(&User { id: "user-1", tenant: None }).unwrap();
        assert_eq!(context, Context::new("user-1").with("tenant", Value::Null));
        assert_eq!(Context::of(&[1]).unwrap_err().to_string(), "a context is an object, and this is a list in JSON");
    }
}
