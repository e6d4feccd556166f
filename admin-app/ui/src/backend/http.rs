use super::event_source;
use super::stream::EventStream;
use super::{Answer, Backend, Bytes, Failure, Listener, Method, Request, Saved, Saving, Subscription, Upload, upload};
use gloo::net::http::{RequestBuilder, Response};
use serde_json::Value;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlElement;
use web_sys::js_sys::{Function, JSON, Promise, Reflect};

/// The control plane that serves this page; the session is a cookie that no script can read.
#[derive(Debug, Clone, Copy)]
pub struct Http;

impl Backend for Http {
    fn request(&self, request: Request) -> Answer {
        Box::pin(async move {
            let builder = builder(&request.path)
                .method(match request.method {
                    Method::Get => gloo::net::http::Method::GET,
                    Method::Post => gloo::net::http::Method::POST,
                    Method::Put => gloo::net::http::Method::PUT,
                    Method::Delete => gloo::net::http::Method::DELETE,
                })
                .header("Accept", "application/json");
            let sent = match request.body {
                Some(body) => match builder.header("Content-Type", "application/json").body(body) {
                    Ok(request) => request.send().await,
                    Err(error) => Err(error),
                },
                None => builder.send().await,
            };
            answer(sent.map_err(|_| Failure::Offline)?).await
        })
    }

    fn leave_word(&self, request: Request) {
        // The browser sends what is kept alive on when the page is gone.
        let how = format!(
            r#"{{"method":"{}","keepalive":true,"headers":{{"{HEADER}":"1","Content-Type":"application/json"}},"body":{}}}"#,
            request.method.name(),
            Value::from(request.body)
        );
        let fetch = || {
            let window = web_sys::window()?;
            let fetch: Function = Reflect::get(&window, &"fetch".into()).ok()?.dyn_into().ok()?;
            let how = JSON::parse(&how).ok()?;
            let sent: Promise = fetch.call2(&window, &request.path.into(), &how).ok()?.dyn_into().ok()?;
            Some(sent)
        };
        if let Some(sent) = fetch() {
            // That it fails is no fault, and no error of the page.
            spawn_local(async move { drop(JsFuture::from(sent).await) });
        }
    }

    fn bytes(&self, path: String) -> Bytes {
        Box::pin(async move {
            let response = builder(&path).send().await.map_err(|_| Failure::Offline)?;
            if !response.ok() {
                return Err(answer(response).await.err().unwrap_or(Failure::Offline));
            }
            response.binary().await.map_err(|_| Failure::Offline)
        })
    }

    fn upload(&self, path: String, upload: Upload) -> Answer {
        Box::pin(async move { upload::put(&path, upload).await })
    }

    fn save(&self, path: String, name: String) -> Saving {
        Box::pin(async move {
            let link = || {
                let document = web_sys::window()?.document()?;
                let link: HtmlElement = document.create_element("a").ok()?.dyn_into().ok()?;
                link.set_attribute("href", &path).ok()?;
                link.set_attribute("download", &name).ok()?;
                Some(link)
            };
            if let Some(link) = link() {
                link.click();
            }
            Ok(Saved::ByBrowser)
        })
    }

    fn subscribe(&self, path: String, listener: Listener) -> Box<dyn Subscription> {
        Box::new(EventStream::open(path, event_source::open, listener))
    }
}

/// Only a page of this origin can set it, which is what makes the cookie safe to use.
const HEADER: &str = "Downhaul-Console";

fn builder(path: &str) -> RequestBuilder {
    RequestBuilder::new(path).header(HEADER, "1")
}

async fn answer(response: Response) -> Result<String, Failure> {
    let body = response.text().await.map_err(|_| Failure::Offline)?;
    if response.ok() { Ok(body) } else { Err(Failure::of_status(response.status(), &body)) }
}
