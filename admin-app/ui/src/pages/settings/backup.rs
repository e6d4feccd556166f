use crate::components::Icon;
use crate::hooks::use_console;
use crate::words::may;
use downhaul_control::api::Role;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct BackupProps {
    pub environment: AttrValue,
}

/// A backup to take away, and what it holds and does not hold.
#[function_component]
pub fn Backup(_props: &BackupProps) -> Html {
    let console = use_console();
    let who = console.who();
    let lacks: Vec<String> = who
        .map(|who| who.environments.iter().filter(|each| !may::has(who, each, Role::Admin)).cloned().collect())
        .unwrap_or_default();
    html! {
        <div class="cols c2">
            <section class="card"><header><h2>{ "Take a backup" }</h2></header><div class="pad stack">
                <p>{ "One file with every environment: all changes, populations, names. It is verified before you get it." }</p>
                if lacks.is_empty() {
                    <div class="row"><a class="btn primary" href="/api/v1/backup" download="downhaul-backup.sqlite3" data-test="backup-download"><Icon name="down2" small=true />{ "Download it" }</a></div>
                } else {
                    <div class="row"><button type="button" class="btn primary" aria-disabled="true" data-test="backup-download"><Icon name="down2" small=true />{ "Download it" }</button></div>
                    <p class="why-not"><Icon name="lock" small=true /><span>{ format!("It holds every environment, and you are no admin of {}. Ask whoever has the admin token.", lacks.join(", ")) }</span></p>
                }
                <p class="small muted">{ "On a schedule, from a shell: " }<code>{ "downhaul backup download FILE" }</code>{ ", or on the server itself " }<code>{ "downhaul backup create" }</code>{ ", which can take the secrets too." }</p>
            </div></section>
            <section class="card"><header><h2>{ "What to know of it" }</h2></header><ul class="pad stack facts">
                <li>{ "It has no secrets: signing keys and the secrets of tokens never leave by the network. Keep those with " }<code>{ "downhaul backup secrets" }</code>{ "." }</li>
                <li>{ "Changes are kept for ever: the chart is proof only while it is whole. Names of people are beside it, and can be erased." }</li>
                <li>{ "Putting one back raises the epoch, so that every client takes it; what was killed or revoked after the backup is killed and revoked again, as far as that can still be read." }</li>
                <li>{ "Where the chart is in PostgreSQL, that backs it up: " }<code>{ "pg_dump --format=custom" }</code>{ "." }</li>
            </ul></section>
        </div>
    }
}
