use super::{Received, Served};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_control::api::PatchEvent;
use downhaul_control::envelope::PublicKey;
use downhaul_control::{Hash, patch};
use eventsource_stream::Eventsource;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::Value;

/// A client's stream, and the program that it has made of it.
pub struct Client {
    events: BoxStream<'static, eventsource_stream::Event>,
    keys: Vec<PublicKey>,
    pub program: Vec<u8>,
}

#[derive(Debug, Clone)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: String,
    /// Of `put`, `patch`, `kill` and `restore`.
    pub received: Option<Received>,
}

impl Client {
    pub async fn open(served: &Served, key: &str, query: &str, token: Option<&str>) -> Client {
        let mut request = served.client(&format!("/client/v1/stream?formats=1{query}"), key);
        if let Some(token) = token {
            request = request.header("downhaul-context-token", token);
        }
        let keys = served.public_keys(key).await;
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        let events = answer.bytes_stream().eventsource().filter_map(|event| async { event.ok() }).boxed();
        Client { events, keys, program: Vec::new() }
    }

    /// The next event, or `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        let event = self.events.next().await?;
        let received = match event.event.as_str() {
            "put" | "kill" | "restore" => Some(Received::read(&STANDARD.decode(&event.data).unwrap(), &self.keys)),
            "patch" => Some(self.patched(&serde_json::from_str(&event.data).unwrap())),
            _ => None,
        };
        if let ("put" | "patch", Some(received)) = (event.event.as_str(), &received) {
            self.program.clone_from(&received.program);
        }
        Some(Event { name: event.event, id: event.id, data: event.data, received })
    }

    fn patched(&self, event: &PatchEvent) -> Received {
        assert_eq!(Hash::of(&self.program).to_string(), event.base, "the patch is for what the client has");
        let mut bytes = STANDARD.decode(&event.header).unwrap();
        bytes.extend(patch::apply(&self.program, &event.ops).unwrap());
        bytes.extend(STANDARD.decode(&event.kills).unwrap());
        Received::read(&bytes, &self.keys)
    }

    /// The next event of this name; those before it are passed over.
    pub async fn until(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name {
                return event;
            }
        }
    }

    /// Everything up to the state at this position, in order of arrival: names of events, pings left out.
    pub async fn up_to(&mut self, position: &str) -> Vec<String> {
        let mut names = Vec::new();
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name != "ping" && event.name != "hello" {
                names.push(event.name.clone());
            }
            if event.id == position && matches!(event.name.as_str(), "put" | "patch") {
                return names;
            }
        }
    }
}

impl Event {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }

    pub fn received(&self) -> &Received {
        self.received.as_ref().unwrap()
    }
}

pub fn position(answer: &Value) -> String {
    let part = |name: &str| answer["position"][name].as_u64().unwrap();
    format!("{}.{}.{}", part("epoch"), part("revision"), part("kill_revision"))
}
