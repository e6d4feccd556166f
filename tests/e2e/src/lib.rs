//! What the end-to-end tests stand on: a whole Downhaul on free ports of this machine, and a browser to look at it.
//!
//! Start from [`Stack::start`] and [`Browser::start`]. Nothing here is a stand-in: the server is `downhaul serve` on a
//! data folder of its own, the shop is its built back end, the edge is workerd, the client [`NodeClient`] is the npm package,
//! and the browser is Chromium, or the window of the desktop app on a screen, a session bus and a keychain of its own
//! ([`Desktop`]).

mod browser;
mod console;
mod desktop;
mod editor;
mod hold;
mod kill_page;
mod node_client;
mod process;
pub mod screens;
mod session;
mod shop;
mod site;
mod stack;
mod start_page;
pub mod stories;

pub use browser::Browser;
pub use console::Console;
pub use desktop::{Desktop, Keychain};
pub use editor::Editor;
pub use hold::Hold;
pub use kill_page::KillPage;
pub use node_client::NodeClient;
pub use session::{Notification, Notifications, Tray};
pub use shop::Shop;
pub use site::Site;
pub use stack::Stack;
pub use start_page::StartPage;
