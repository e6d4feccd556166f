use super::stream::EventStream;
use super::{Answer, Backend, Failure, Listener, Method, Request, Subscription};
use gloo::net::http::{RequestBuilder, Response};

/// The control plane that serves this page; the session is a cookie that no script can read.
#[derive(Debug, Clone, Copy)]
pub struct Http;

impl Backend for Http {
    fn request(&self, request: Request) -> Answer {
        Box::pin(async move {
            let builder = RequestBuilder::new(&request.path)
                .method(match request.method {
                    Method::Get => gloo::net::http::Method::GET,
                    Method::Post => gloo::net::http::Method::POST,
                    Method::Delete => gloo::net::http::Method::DELETE,
                })
                .header("Accept", "application/json")
                // Only a page of this origin can set it, which is what makes the cookie safe to use.
                .header("Downhaul-Console", "1");
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

    fn subscribe(&self, path: String, listener: Listener) -> Box<dyn Subscription> {
        Box::new(EventStream::open(path, listener))
    }
}

async fn answer(response: Response) -> Result<String, Failure> {
    let body = response.text().await.map_err(|_| Failure::Offline)?;
    if response.ok() { Ok(body) } else { Err(Failure::of_status(response.status(), &body)) }
}
