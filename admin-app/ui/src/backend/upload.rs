use super::Failure;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Promise;
use web_sys::{File, ProgressEvent, XmlHttpRequest};

/// A file on its way to the server, as the browser reads it: never all of it in memory.
#[derive(Clone)]
pub struct Upload {
    pub file: File,
    pub content_type: String,
    /// Told of the bytes that have left, and of all.
    pub on_progress: Rc<dyn Fn(f64, f64)>,
    /// Ends it when called.
    pub cancel: Cancel,
}

/// The way to end an upload.
#[derive(Clone, Default)]
pub struct Cancel(Rc<RefCell<Option<XmlHttpRequest>>>);

impl Cancel {
    pub fn now(&self) {
        if let Some(request) = self.0.borrow().as_ref() {
            // One that has ended cannot be ended again.
            let _ = request.abort();
        }
    }
}

/// The body of a successful answer. Only this kind of request tells how much has left.
pub async fn put(path: &str, upload: Upload) -> Result<String, Failure> {
    let failed = |_: JsValue| Failure::Offline;
    let request = XmlHttpRequest::new().map_err(failed)?;
    request.open("PUT", path).map_err(failed)?;
    for (name, value) in
        [("Content-Type", upload.content_type.as_str()), ("Accept", "application/json"), ("Downhaul-Console", "1")]
    {
        request.set_request_header(name, value).map_err(failed)?;
    }
    let progress = {
        let told = Rc::clone(&upload.on_progress);
        Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| told(event.loaded(), event.total()))
    };
    let sending = request.upload().map_err(failed)?;
    sending.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    upload.cancel.0.replace(Some(request.clone()));
    let ended = Promise::new(&mut |resolve, _| {
        let resolve = Closure::once_into_js(move || {
            let _ = resolve.call0(&JsValue::NULL);
        });
        // Whether it succeeded, failed or was given up.
        request.set_onloadend(Some(resolve.unchecked_ref()));
    });
    request.send_with_opt_blob(Some(&upload.file)).map_err(failed)?;
    let _ = JsFuture::from(ended).await;
    sending.set_onprogress(None);
    upload.cancel.0.replace(None);
    let status = request.status().unwrap_or(0);
    let body = request.response_text().ok().flatten().unwrap_or_default();
    match status {
        0 => Err(Failure::Offline),
        200..=299 => Ok(body),
        other => Err(Failure::of_status(other, &body)),
    }
}
