use super::hands::{Hands, People, Telling, Told};
use super::{Failure, Taking};
use crate::radius::Ask;
use crate::words::text::backend as text;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::*;
use web_sys::js_sys::{Object, Reflect, Uint8Array};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// The page's side of a worker (`src/worker` is the other).
pub struct InWorker {
    worker: Worker,
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _failed: Closure<dyn FnMut(ErrorEvent)>,
}

impl InWorker {
    pub fn start(tell: Telling) -> Option<Self> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options("/worker.js", &options).ok()?;
        let heard = {
            let tell = tell.clone();
            Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
                let answer = message.data().as_string().and_then(|text| serde_json::from_str(&text).ok());
                if let Some(answer) = answer {
                    tell(Told::Answer(answer));
                }
            })
        };
        let failed =
            Closure::<dyn FnMut(ErrorEvent)>::new(move |error: ErrorEvent| tell(Told::Failed(error.message())));
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
        Some(InWorker { worker, _heard: heard, _failed: failed })
    }

    fn post(&self, name: &str, value: &JsValue) {
        let message = Object::new();
        // Neither fails: a plain object takes any member, and all of these can be cloned.
        let _ = Reflect::set(&message, &name.into(), value);
        let _ = self.worker.post_message(&message);
    }
}

impl Hands for InWorker {
    fn ask(&self, ask: &Ask) {
        if let Ok(text) = serde_json::to_string(ask) {
            self.post("ask", &JsValue::from(text));
        }
    }

    fn take(&self, people: People) -> Taking {
        let taken = match people {
            People::Sample(bytes) => {
                self.post("population", &Uint8Array::from(bytes.as_slice()));
                Ok(())
            }
            People::At(_) => Err(Failure::Unreadable(text::A_WORKER_TAKES_SAMPLES_ONLY.to_owned())),
        };
        Box::pin(std::future::ready(taken))
    }

    fn take_whole(&self) -> bool {
        false
    }
}

impl Drop for InWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}
