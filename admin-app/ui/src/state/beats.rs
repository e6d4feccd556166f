//! The heartbeat kills and restores its flag every few seconds: runs of that are one line of the chart.

use super::Shared;
use downhaul_control::api::ChangeView;
use std::collections::BTreeSet;

/// A line of the chart.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    Change(Shared<ChangeView>),
    /// Kills and restores of the heartbeat one after another, of one flag, the newest first; two at least.
    Beats(Vec<Shared<ChangeView>>),
}

/// What a change of the heartbeat flips.
pub fn is_beat(change: &ChangeView) -> bool {
    change.kill.as_deref().is_some_and(downhaul_control::heartbeat::is_beat)
}

/// Changes as lines, in their order.
pub fn lines(changes: &[Shared<ChangeView>]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for change in changes {
        match lines.last_mut() {
            Some(Line::Beats(run)) if is_beat(change) && run.last().is_some_and(|last| last.flag == change.flag) => {
                run.push(change.clone());
            }
            Some(_) | None if is_beat(change) => lines.push(Line::Beats(vec![change.clone()])),
            Some(_) | None => lines.push(Line::Change(change.clone())),
        }
    }
    // One alone is as short as it is.
    let alone = |line| match line {
        Line::Beats(run) if run.len() < 2 => run.into_iter().next().map(Line::Change),
        line => Some(line),
    };
    lines.into_iter().filter_map(alone).collect()
}

/// Runs that somebody opened, by a revision in each; and the one revision that is looked at, which is never hidden.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Opened {
    pub revisions: BTreeSet<u64>,
    pub current: Option<u64>,
}

impl Opened {
    pub fn has(&self, run: &[Shared<ChangeView>]) -> bool {
        let is_meant = |revision: u64| self.revisions.contains(&revision) || self.current == Some(revision);
        run.iter().any(|change| is_meant(change.revision))
    }

    /// Opens a run, or closes it.
    #[must_use]
    pub fn toggled(&self, run: &[Shared<ChangeView>]) -> Opened {
        let mut opened = self.clone();
        if opened.has(run) {
            for change in run {
                opened.revisions.remove(&change.revision);
            }
            opened.current = None;
        } else {
            opened.revisions.extend(run.first().map(|change| change.revision));
        }
        opened
    }

    /// The revisions that stand in the list, in its order.
    pub fn visible(&self, changes: &[Shared<ChangeView>]) -> Vec<u64> {
        let mut visible = Vec::new();
        for line in lines(changes) {
            match line {
                Line::Change(change) => visible.push(change.revision),
                Line::Beats(run) if self.has(&run) => visible.extend(run.iter().map(|change| change.revision)),
                Line::Beats(_) => {}
            }
        }
        visible
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::api::Impact;

    fn change(revision: u64, flag: &str, kill: &str) -> Shared<ChangeView> {
        Shared::new(ChangeView {
            revision,
            at: String::new(),
            actor: String::new(),
            actor_name: None,
            reason: String::new(),
            kind: String::new(),
            summary: String::new(),
            flag: Some(flag.to_owned()),
            kill: (!kill.is_empty()).then(|| kill.to_owned()),
            incident: None,
            impact: Impact::default(),
            landed: None,
            prev: String::new(),
            hash: String::new(),
            record: serde_json::Value::Null,
        })
    }

    fn chart() -> Vec<Shared<ChangeView>> {
        let of = [
            (9, "pulse", "beat-9"),
            (8, "pulse", "beat-8"),
            (7, "pulse", "beat-8"),
            (6, "checkout", "k-1"),
            (5, "pulse", "beat-5"),
            (4, "checkout", ""),
            (3, "other", "beat-3"),
            (2, "pulse", "beat-2"),
            (1, "pulse", "beat-2"),
        ];
        of.into_iter().map(|(revision, flag, kill)| change(revision, flag, kill)).collect()
    }

    #[test]
    fn beats_in_a_row_are_one_line_and_everything_else_stands_for_itself() {
        let shown: Vec<Vec<u64>> = lines(&chart())
            .into_iter()
            .map(|line| match line {
                Line::Change(change) => vec![change.revision],
                Line::Beats(run) => run.iter().map(|change| change.revision).collect(),
            })
            .collect();
        assert_eq!(shown, [vec![9, 8, 7], vec![6], vec![5], vec![4], vec![3], vec![2, 1]]);
    }

    #[test]
    fn a_run_is_opened_and_closed_and_what_is_looked_at_is_never_hidden() {
        let changes = chart();
        let runs: Vec<_> = lines(&changes)
            .into_iter()
            .filter_map(|line| if let Line::Beats(run) = line { Some(run) } else { None })
            .collect();
        let closed = Opened::default();
        assert_eq!(closed.visible(&changes), [6, 5, 4, 3]);
        let open = closed.toggled(&runs[0]);
        assert_eq!(open.visible(&changes), [9, 8, 7, 6, 5, 4, 3]);
        // It stays open while beats come in above, and when older ones are read below.
        let more: Vec<_> = std::iter::once(change(10, "pulse", "beat-9")).chain(changes.clone()).collect();
        assert_eq!(open.visible(&more), [10, 9, 8, 7, 6, 5, 4, 3]);
        let looked_at = Opened { current: Some(1), ..closed.clone() };
        assert_eq!(looked_at.visible(&changes), [6, 5, 4, 3, 2, 1]);
        assert_eq!(looked_at.toggled(&runs[1]), closed);
        assert_eq!(open.toggled(&runs[0]), closed);
    }
}
