//! Following what other processes appended: read, checked as at the start, folded, published.

use super::{Environment, Publication};
use crate::secrets;
use crate::start;
use downhaul_control::verify::Stored;
use downhaul_control::{Command, Record, fold};
use downhaul_core::validate::{Valid, validate};
use downhaul_store::StoreError;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Changes that are read at a time.
const PAGE: u32 = 200;

impl Environment {
    /// Takes up what others have appended.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where it does not follow what is known here, or cannot be read by this version.
    pub(crate) async fn catch_up(&self) -> Result<(), StoreError> {
        let _held = self.writer.lock().await;
        self.catch_up_held().await
    }

    /// The same while nothing else is published.
    pub(super) async fn catch_up_held(&self) -> Result<(), StoreError> {
        loop {
            let from = self.current().position().revision + 1;
            let page = self.log.read(&self.key, from, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            for stored in page {
                self.follow(stored).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn follow(&self, stored: Stored) -> Result<(), StoreError> {
        let before = self.current();
        let known = Arc::clone(&before);
        let followed = spawn_blocking(move || next(&known, stored)).await;
        let (record, valid) = followed.map_err(|why| StoreError::Damaged(why.to_string()))??;
        self.bring_key(&record.change().command).await?;
        let state = fold((*before.state).clone(), &record);
        self.publish(&before, record, state, valid);
        Ok(())
    }

    /// Its secret half is kept before a key is charted, so that whoever follows can sign with it.
    async fn bring_key(&self, command: &Command) -> Result<(), StoreError> {
        let id = match command {
            Command::AddSigningKey { key, .. } => &key.id,
            Command::UseSigningKey { id } => id,
            _ => return Ok(()),
        };
        if self.issuer.has(id) {
            return Ok(());
        }
        let seed = self.log.setting(&secrets::signing_key(id)).await?;
        if let Some(seed) = seed.and_then(|seed| <[u8; 32]>::try_from(seed).ok()) {
            self.issuer.add(&seed);
        }
        Ok(())
    }

    /// Takes up the live sample as it is kept, in place of what was told here.
    pub(crate) async fn take_up_live(&self) {
        self.live.forget_elsewhere();
        start::take_up(self).await;
    }
}

/// The change that comes after a publication, and the flag set that it makes.
fn next(before: &Publication, stored: Stored) -> Result<(Record, Valid), StoreError> {
    let revision = stored.revision;
    let damaged = |why: String| StoreError::Damaged(format!("revision {revision}: {why}"));
    let record = Record::read(stored.bytes).map_err(|why| damaged(why.to_string()))?;
    let change = record.change();
    let follows = change.revision == before.position().revision + 1 && change.prev == before.state.head;
    if !follows || record.hash().to_string() != stored.hash || revision != change.revision {
        return Err(damaged("it does not follow the change before it".to_owned()));
    }
    let after = fold((*before.state).clone(), &record).flag_set;
    let validated = if change.command.defines() {
        validate(after, None)
    } else {
        before.valid.with_kills(after.revision, after.kills)
    };
    let (valid, _) = validated.map_err(|problems| {
        damaged(problems.first().map_or_else(|| "its flag set is not valid".to_owned(), ToString::to_string))
    })?;
    let digest = downhaul_control::decide::digest(valid.document()).map_err(&damaged)?;
    if digest != change.impact.digest {
        return Err(damaged("it gives another flag set than it says".to_owned()));
    }
    Ok((record, valid))
}
