use super::stream::{EventStream, Heard, Source};
use super::{
    Backend, Bytes, Failure, Hands, Http, Listener, Order, Orders, People, Request, Saved, Saving, Subscription,
    Taking, Telling, Told, Upload,
};
use crate::radius::{Answer, Ask};
use crate::words::text::backend as text;
use downhaul_control::api::Problem;
use serde::Deserialize;
use serde_json::json;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::js_sys::{Array, Function, JSON, Promise, Reflect};

/// The window of the desktop app. Requests go the way of a browser's, by the protocol that the page itself came by; it
/// cannot carry a stream, so events come over a channel of the app.
#[derive(Debug, Clone, Copy)]
pub struct Window;

impl Window {
    /// If this is one.
    pub fn here() -> Option<Self> {
        app().map(|_| Window)
    }

    /// The app's own, which replay a whole population.
    pub fn hands(self, tell: Telling) -> Option<Box<dyn Hands>> {
        let channel = Channel::open(move |text| {
            if let Ok(told) = serde_json::from_str(&text) {
                tell(match told {
                    Working::Answer(answer) => Told::Answer(answer),
                    Working::Progress(part) => Told::Progress(part),
                });
            }
        })?;
        call("open_radius", &json!({ "number": channel.number() }), Some(&channel.object));
        Some(Box::new(InApp { channel }))
    }
}

impl Backend for Window {
    fn request(&self, request: Request) -> super::Answer {
        Box::pin(async move { Http.request(request).await.map_err(of_window) })
    }

    fn leave_word(&self, request: Request) {
        Http.leave_word(request);
    }

    fn bytes(&self, path: String) -> Bytes {
        Box::pin(async move { Http.bytes(path).await.map_err(of_window) })
    }

    fn upload(&self, path: String, upload: Upload) -> super::Answer {
        Box::pin(async move { Http.upload(path, upload).await.map_err(of_window) })
    }

    fn save(&self, path: String, name: String) -> Saving {
        Box::pin(async move {
            let Some(asked) = invoke("save_file", &json!({ "path": path, "name": name }), None) else {
                return Err(Failure::Offline);
            };
            match JsFuture::from(asked).await {
                Ok(path) => Ok(path.as_string().map_or(Saved::No, Saved::At)),
                Err(why) => Err(refused(&why)),
            }
        })
    }

    fn subscribe(&self, path: String, listener: Listener) -> Box<dyn Subscription> {
        Box::new(EventStream::open(path, open, listener))
    }

    fn start_page(&self) -> Option<&'static str> {
        Some("/app/start.html")
    }

    fn obey(&self, orders: Orders) -> Option<Box<dyn Subscription>> {
        let channel = Channel::open(move |text| {
            if let Ok(Asked { number, order }) = serde_json::from_str(&text) {
                // First: the app takes a page that says nothing for broken.
                call("obeyed", &json!({ "number": number }), None);
                orders(order);
            }
        })?;
        call("obey", &json!({}), Some(&channel.object));
        Some(Box::new(channel))
    }
}

#[derive(Debug, Deserialize)]
struct Asked {
    number: u64,
    order: Order,
}

/// What comes over the channel of a subscription.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Opened,
    Event(String),
    Lost,
}

struct Events {
    channel: Channel,
}

fn open(path: &str, hear: Rc<dyn Fn(Heard)>) -> Option<Box<dyn Source>> {
    let channel = Channel::open(move |text| {
        if let Ok(word) = serde_json::from_str(&text) {
            hear(match word {
                Word::Opened => Heard::Opened,
                Word::Event(text) => Heard::Event(text),
                Word::Lost => Heard::Lost,
            });
        }
    })?;
    call("subscribe", &json!({ "path": path, "number": channel.number() }), Some(&channel.object));
    Some(Box::new(Events { channel }))
}

impl Source for Events {
    fn close(&self) {
        call("unsubscribe", &json!({ "number": self.channel.number() }), None);
    }
}

/// What comes over the channel of hands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Working {
    Answer(Box<Answer>),
    Progress(f64),
}

/// Hands of the app itself.
struct InApp {
    channel: Channel,
}

impl Hands for InApp {
    fn ask(&self, ask: &Ask) {
        call("ask_radius", &json!({ "number": self.channel.number(), "ask": ask }), None);
    }

    fn take(&self, people: People) -> Taking {
        let People::At(path) = people else { return Box::pin(std::future::ready(Err(Failure::Offline))) };
        let asked = invoke("give_population", &json!({ "number": self.channel.number(), "path": path }), None);
        Box::pin(async move {
            match JsFuture::from(asked.ok_or(Failure::Offline)?).await {
                Ok(rows) if rows.as_f64().is_some() => Ok(()),
                Ok(_) => Err(Failure::Unreadable(text::THE_POPULATION_CANNOT_BE_READ.to_owned())),
                Err(why) => Err(refused(&why)),
            }
        })
    }

    fn take_whole(&self) -> bool {
        true
    }
}

impl Drop for InApp {
    fn drop(&mut self) {
        call("close_radius", &json!({ "number": self.channel.number() }), None);
    }
}

/// Over which the app says one text after another.
struct Channel {
    object: JsValue,
    _heard: Closure<dyn FnMut(JsValue)>,
}

impl Subscription for Channel {}

impl Channel {
    fn open(hear: impl Fn(String) + 'static) -> Option<Self> {
        let class: Function = Reflect::get(&app()?, &"Channel".into()).ok()?.dyn_into().ok()?;
        let heard = Closure::<dyn FnMut(JsValue)>::new(move |said: JsValue| {
            if let Some(text) = said.as_string() {
                hear(text);
            }
        });
        let object = Reflect::construct(&class, &Array::of1(heard.as_ref())).ok()?;
        Some(Channel { object, _heard: heard })
    }

    /// Tells it from the others of this page.
    fn number(&self) -> Option<f64> {
        Reflect::get(&self.object, &"id".into()).ok()?.as_f64()
    }
}

/// The app answers where the control plane cannot.
fn of_window(failure: Failure) -> Failure {
    if failure.code() == "no-control-plane" { Failure::Offline } else { failure }
}

/// Why the app did not do it, as its commands say.
fn refused(why: &JsValue) -> Failure {
    let part = |name: &str| Reflect::get(why, &name.into()).ok().and_then(|text| text.as_string()).unwrap_or_default();
    Failure::Refused(Box::new(Problem::new(500, text::REFUSED, "not-done", part("what"), part("help"))))
}

/// Has the app do something.
fn invoke(command: &str, arguments: &serde_json::Value, channel: Option<&JsValue>) -> Option<Promise> {
    let app = app()?;
    let invoke: Function = Reflect::get(&app, &"invoke".into()).ok()?.dyn_into().ok()?;
    let arguments = JSON::parse(&arguments.to_string()).ok()?;
    if let Some(channel) = channel {
        Reflect::set(&arguments, &"channel".into(), channel).ok()?;
    }
    invoke.call2(&app, &command.into(), &arguments).ok()?.dyn_into::<Promise>().ok()
}

/// Has the app do something whose answer nobody waits for.
fn call(command: &str, arguments: &serde_json::Value, channel: Option<&JsValue>) {
    let Some(promise) = invoke(command, arguments, channel) else { return };
    let command = command.to_owned();
    spawn_local(async move {
        if let Err(why) = JsFuture::from(promise).await {
            web_sys::console::error_2(&command.into(), &why);
        }
    });
}

/// What the app put into its window for its pages.
fn app() -> Option<JsValue> {
    let window = web_sys::window()?;
    let app = Reflect::get(&window, &"__TAURI__".into()).ok().filter(|app| !app.is_undefined())?;
    Reflect::get(&app, &"core".into()).ok().filter(|core| !core.is_undefined())
}
