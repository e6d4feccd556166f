use crate::backend::api;
use crate::components::Icon;
use crate::hooks::use_console;
use crate::pages::save::Save;
use crate::words::may;
use crate::words::text::settings as text;
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
            <section class="card"><header><h2>{ text::TAKE_A_BACKUP }</h2></header><div class="pad stack">
                <p>{ text::ONE_FILE_WITH_EVERY_ENVIRONMENT_ALL }</p>
                if lacks.is_empty() {
                    <div class="row"><Save path={api::BACKUP} name="downhaul-backup.sqlite3" label={text::DOWNLOAD_IT} told={text::THE_BACKUP_IS_SAVED} class="btn primary" test="backup-download" /></div>
                } else {
                    <div class="row"><button type="button" class="btn primary" aria-disabled="true" data-test="backup-download"><Icon name="down2" small=true />{ text::DOWNLOAD_IT }</button></div>
                    <p class="why-not"><Icon name="lock" small=true /><span>{ text::it_holds_every_environment_and_you(&lacks.join(", ")) }</span></p>
                }
                <p class="small muted">{ text::ON_A_SCHEDULE_FROM_A_SHELL }<code>{ text::DOWNHAUL_BACKUP_DOWNLOAD_FILE }</code>{ text::OR_ON_THE_SERVER_ITSELF }<code>{ text::DOWNHAUL_BACKUP_CREATE }</code>{ text::WHICH_CAN_TAKE_THE_SECRETS_TOO }</p>
            </div></section>
            <section class="card"><header><h2>{ text::WHAT_TO_KNOW_OF_IT }</h2></header><ul class="pad stack facts">
                <li>{ text::IT_HAS_NO_SECRETS_SIGNING_KEYS }<code>{ text::DOWNHAUL_BACKUP_SECRETS }</code>{ "." }</li>
                <li>{ text::CHANGES_ARE_KEPT_FOR_EVER_THE }</li>
                <li>{ text::PUTTING_ONE_BACK_RAISES_THE_EPOCH }</li>
                <li>{ text::WHERE_THE_CHART_IS_IN_POSTGRESQL }<code>{ text::PG_DUMP_FORMAT_CUSTOM }</code>{ "." }</li>
            </ul></section>
        </div>
    }
}
