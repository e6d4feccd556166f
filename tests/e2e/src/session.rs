//! What a desktop session has on its bus and an app talks to: a panel with a tray, and what shows notifications. No person
//! looks at these; the test does what a person would.

use crate::process::PATIENCE;
use anyhow::{Context, Result, bail};
use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, ObjectPath, OwnedObjectPath, OwnedVariant, Proxy, Variant, connection, interface};

/// A panel that shows the items that apps put into its tray.
#[derive(Debug)]
pub struct Tray {
    bus: Connection,
    item: watch::Receiver<Option<Item>>,
}

/// Who has put an item into the tray, and where it describes it.
#[derive(Debug, Clone)]
struct Item {
    owner: String,
    path: OwnedObjectPath,
}

/// An entry of a menu: its number, its members, the entries below it.
type Entry = (i32, HashMap<String, OwnedVariant>, Vec<OwnedVariant>);

#[derive(Debug)]
struct Watcher {
    item: watch::Sender<Option<Item>>,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// The name is one of the bus in the standard, and a path in what Debian has.
    fn register_status_notifier_item(&self, name: &str, #[zbus(header)] header: Header<'_>) {
        let owner = header.sender().map(ToString::to_string).unwrap_or_default();
        if let Ok(path) = ObjectPath::try_from(name) {
            self.item.send_replace(Some(Item { owner, path: path.into() }));
        }
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

impl Tray {
    pub(crate) async fn start(bus: &str) -> Result<Self> {
        let (sender, item) = watch::channel(None);
        let bus = connection::Builder::address(bus)
            .serve_at("/StatusNotifierWatcher", Watcher { item: sender })
            .name("org.kde.StatusNotifierWatcher")
            .build()
            .await?;
        Ok(Tray { bus, item })
    }

    /// The labels of the menu of the item, with what chooses them.
    async fn menu(&self) -> Result<(Proxy<'static>, HashMap<String, i32>)> {
        let mut item = self.item.clone();
        let item = timeout(PATIENCE, item.wait_for(Option::is_some)).await.context("nothing comes into the tray")??;
        let Item { owner, path } = item.clone().context("nothing is in the tray")?;
        let described = Proxy::new(&self.bus, owner.clone(), path, "org.kde.StatusNotifierItem").await?;
        let menu: OwnedObjectPath = described.get_property("Menu").await?;
        let menu = Proxy::new(&self.bus, owner, menu, "com.canonical.dbusmenu").await?;
        let whole = (0_i32, -1_i32, vec!["label"]);
        let (_, root): (u32, Entry) = menu.call("GetLayout", &whole).await?;
        let mut labels = HashMap::new();
        for child in root.2 {
            let (number, mut members, _) = Entry::try_from(child)?;
            if let Some(label) = members.remove("label") {
                labels.insert(String::try_from(label)?, number);
            }
        }
        Ok((menu, labels))
    }

    /// Chooses from the menu of the item.
    pub async fn choose(&self, label: &str) -> Result<()> {
        let (menu, labels) = self.menu().await?;
        let Some(number) = labels.get(label) else { bail!("no `{label}` in the menu: {labels:?}") };
        Ok(menu.call("Event", &(*number, "clicked", Variant::from(0_i32), 0_u32)).await?)
    }
}

/// What shows notifications.
#[derive(Debug)]
pub struct Notifications {
    bus: Connection,
    shown: watch::Receiver<Vec<Notification>>,
}

/// One that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    number: u32,
    pub summary: String,
    pub body: String,
    /// The keys and labels of its buttons, in turn.
    pub buttons: Vec<String>,
    /// The app has closed it.
    pub is_withdrawn: bool,
}

const NOTIFICATIONS: &str = "/org/freedesktop/Notifications";

#[derive(Debug)]
struct Daemon {
    shown: watch::Sender<Vec<Notification>>,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    #[expect(clippy::too_many_arguments, reason = "the standard has it so")]
    fn notify(
        &self,
        _app: &str,
        _replaces: u32,
        _icon: &str,
        summary: &str,
        body: &str,
        buttons: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expires: i32,
    ) -> u32 {
        let mut given = 0;
        self.shown.send_modify(|shown| {
            given = u32::try_from(shown.len()).unwrap_or(u32::MAX).saturating_add(1);
            let (summary, body) = (summary.to_owned(), body.to_owned());
            shown.push(Notification { number: given, summary, body, buttons, is_withdrawn: false });
        });
        given
    }

    async fn close_notification(
        &self,
        number: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        self.shown.send_modify(|shown| {
            for each in shown.iter_mut().filter(|each| each.number == number) {
                each.is_withdrawn = true;
            }
        });
        // By the app.
        Ok(Self::notification_closed(&emitter, number, 3).await?)
    }

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, number: u32, reason: u32) -> zbus::Result<()>;

    fn get_capabilities(&self) -> Vec<&str> {
        vec!["actions", "body"]
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("a test", "Downhaul", "1", "1.2")
    }
}

impl Notifications {
    pub(crate) async fn start(bus: &str) -> Result<Self> {
        let (sender, shown) = watch::channel(Vec::new());
        let bus = connection::Builder::address(bus)
            .serve_at(NOTIFICATIONS, Daemon { shown: sender })
            .name("org.freedesktop.Notifications")
            .build()
            .await?;
        Ok(Notifications { bus, shown })
    }

    /// The first one whose summary contains this, once it is shown.
    pub async fn with(&self, part: &str) -> Result<Notification> {
        self.that(part, |shown| shown.summary.contains(part)).await
    }

    /// The first one that is so, once it is shown.
    pub async fn that(&self, what: &str, is_so: impl Fn(&Notification) -> bool) -> Result<Notification> {
        let mut shown = self.shown.clone();
        let find = |shown: &Vec<Notification>| shown.iter().find(|each| is_so(each)).cloned();
        let waited = timeout(PATIENCE, shown.wait_for(|shown| find(shown).is_some())).await;
        let Ok(found) = waited else { bail!("no notification says `{what}`; shown were {:?}", self.shown.borrow()) };
        find(&*found?).context("it is gone")
    }

    /// How many say this so far.
    pub fn count(&self, part: &str) -> usize {
        self.shown.borrow().iter().filter(|each| each.summary.contains(part)).count()
    }

    /// Presses a button of one until what it leads to has come: an app begins to listen after it was told that it is shown.
    pub async fn press(&self, one: &Notification, button: &str, comes: impl Future<Output = Result<()>>) -> Result<()> {
        let Notification { number, buttons, .. } = one;
        let pair = buttons.chunks(2).find(|pair| pair.last().is_some_and(|label| label == button));
        let key = pair.and_then(|pair| pair.first()).with_context(|| format!("no button `{button}`: {buttons:?}"))?;
        let (interface, pressed) = ("org.freedesktop.Notifications", (number, key.as_str()));
        let mut comes = pin!(comes);
        loop {
            self.bus.emit_signal(None::<&str>, NOTIFICATIONS, interface, "ActionInvoked", &pressed).await?;
            tokio::select! {
                came = &mut comes => return came,
                () = sleep(Duration::from_millis(200)) => {}
            }
        }
    }
}
