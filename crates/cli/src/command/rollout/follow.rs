use super::words;
use crate::command::runs::follow::next_event;
use crate::exit::{Exit, Failure};
use crate::remote::ControlPlane;
use crate::render::{Format, Output};
use downhaul_control::api::RolloutView;

/// Shows each stage as it is entered, until the rollout is over or waits for a person.
pub(super) async fn follow(view: RolloutView, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    let mut events = control.events().await.ok();
    let (mut view, mut shown, mut said) = (view, 0, String::new());
    loop {
        // Those gone back to are entered again.
        for mark in view.entered.iter().skip(shown) {
            let stage = mark.stage.checked_sub(1).and_then(|at| view.stages.get(at));
            if let Some(stage) = stage.filter(|_| output.format != Format::Json) {
                output.line(words::stage_line(stage, Format::Plain).replacen(&stage.state, &mark.change.at, 1))?;
            }
        }
        shown = view.entered.len();
        let standing = &view.summary.standing;
        if said != standing.words {
            said.clone_from(&standing.words);
            output.note(words::headline(&view.summary));
        }
        match standing.kind.as_str() {
            "baking" | "due" | "gates" => {}
            // What a gate reads may be better in a moment.
            "held" if !matches!(standing.held.as_deref(), Some("edited" | "frozen" | "killed" | "refused")) => {}
            kind => {
                let exit = if kind == "complete" { Exit::Done } else { Exit::NotGood };
                if output.format == Format::Json {
                    output.json(&view)?;
                }
                words::hints(&view).iter().for_each(|hint| output.note(hint));
                return Ok(exit);
            }
        }
        next_event(&mut events).await;
        // A server that restarts comes back, and the rollout goes on.
        if let Ok(next) = control.get::<RolloutView>(&["rollouts", &view.summary.id], &[]).await {
            view = next;
        }
    }
}
