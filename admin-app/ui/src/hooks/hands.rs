use crate::radius::{Answer, Ask};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::*;
use web_sys::js_sys::{Object, Reflect, Uint8Array};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// The page's side of a worker (`src/worker` is the other); ended when dropped.
pub struct Hands {
    worker: Worker,
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _failed: Closure<dyn FnMut(ErrorEvent)>,
}

impl Hands {
    /// `on_answer` also gets why the worker has failed, where it has.
    pub fn start(on_answer: Rc<dyn Fn(Result<Answer, String>)>) -> Option<Self> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options("/worker.js", &options).ok()?;
        let heard = {
            let on_answer = Rc::clone(&on_answer);
            Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
                let answer = message.data().as_string().and_then(|text| serde_json::from_str(&text).ok());
                if let Some(answer) = answer {
                    on_answer(Ok(answer));
                }
            })
        };
        let failed = Closure::<dyn FnMut(ErrorEvent)>::new(move |error: ErrorEvent| on_answer(Err(error.message())));
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
        Some(Hands { worker, _heard: heard, _failed: failed })
    }

    pub fn ask(&self, ask: &Ask) {
        if let Ok(text) = serde_json::to_string(ask) {
            self.post("ask", &JsValue::from(text));
        }
    }

    pub fn give_population(&self, bytes: &[u8]) {
        self.post("population", &Uint8Array::from(bytes));
    }

    fn post(&self, name: &str, value: &JsValue) {
        let message = Object::new();
        // Neither fails: a plain object takes any member, and all of these can be cloned.
        let _ = Reflect::set(&message, &name.into(), value);
        let _ = self.worker.post_message(&message);
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}
