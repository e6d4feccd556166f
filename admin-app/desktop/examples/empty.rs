//! An empty window: what `cargo xtask bench desktop` holds the cold start of the app against.

use tauri::http::Response;
use tauri::{WebviewUrl, WebviewWindowBuilder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let page = "<!doctype html><html data-ready><title>Empty</title><body><p id=\"ready\">Empty</p></body></html>";
    tauri::Builder::default()
        .register_uri_scheme_protocol("console", move |_, _| {
            let response = Response::builder().header("content-type", "text/html").body(page.as_bytes().to_vec());
            response.unwrap_or_default()
        })
        .setup(|app| {
            let address = WebviewUrl::CustomProtocol("console://localhost/".parse()?);
            WebviewWindowBuilder::new(app, "main", address).inner_size(1280.0, 860.0).build()?;
            Ok(())
        })
        .run(tauri::generate_context!())?;
    Ok(())
}
