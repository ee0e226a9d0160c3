//! Scenes: timed scripts of commands, played to reproduce what devices do when told, with a capture beside them.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use ts_rs::TS;

use super::{commands, session, things};
use crate::commands::Nothing;
use crate::error::{Code, Error, Result};
use crate::jobs::{self, Ended, JobId, Tick};
use crate::state::{App, now};

const MOST_STEPS: usize = 10_000;
/// A day.
const LONGEST: u64 = 86_400_000;
const LOOK: Duration = Duration::from_millis(20);

/// One command of a scene.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct SceneStep {
    /// Milliseconds after the scene began.
    #[ts(type = "number")]
    pub after: u64,
    /// The thing's id.
    pub thing: String,
    pub command: String,
}

/// A scene.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct SceneText {
    pub name: String,
    pub steps: Vec<SceneStep>,
    /// RFC 3339 UTC; when saving it is not looked at.
    #[serde(default)]
    pub changed: String,
}

#[derive(Clone, Debug, Deserialize, Serialize, TS)]
pub struct SceneName {
    pub name: String,
}

/// Play a scene.
#[derive(Clone, Debug, Default, Deserialize, Serialize, TS)]
#[serde(default)]
pub struct SceneRun {
    pub name: String,
    /// The interface that is recorded beside it; empty: none.
    pub interface: String,
}

pub(crate) fn scenes(app: &App, _: Nothing) -> Result<Vec<SceneText>> {
    let rows = app.open_case()?.scenes()?;
    rows.into_iter()
        .map(|row| {
            let unread = |why| Error::new(Code::Failed, format!("reading the scene {}: {why}", row.name));
            let steps = serde_json::from_str(&row.steps).map_err(unread)?;
            Ok(SceneText { name: row.name.clone(), steps, changed: model::Time(row.changed).to_string() })
        })
        .collect()
}

pub(crate) fn scene_save(app: &App, request: SceneText) -> Result<Vec<SceneText>> {
    let name = request.name.trim();
    let invalid = |why: String| Err(Error::invalid(format!("saving the scene: {why}")));
    if name.is_empty() || name.len() > 200 {
        return invalid("it needs a name of at most 200 bytes".into());
    }
    if request.steps.is_empty() || request.steps.len() > MOST_STEPS {
        return invalid(format!("it needs 1 to {MOST_STEPS} steps"));
    }
    if request.steps.iter().any(|step| step.after > LONGEST) {
        return invalid("a step comes more than a day after the beginning".into());
    }
    // Each is checked as it would be sent.
    for step in &request.steps {
        let command = commands::ThingCommand { id: step.thing.clone(), command: step.command.clone(), dry: true };
        commands::thing_command(app, command).map_err(|why| why.while_doing("saving the scene"))?;
    }
    let mut steps = request.steps;
    steps.sort_by_key(|step| step.after);
    let steps = serde_json::to_string(&steps).unwrap_or_default();
    app.open_case()?.scene_keep(&case::Scene { name: name.to_owned(), steps, changed: now().0 })?;
    scenes(app, Nothing)
}

pub(crate) fn scene_delete(app: &App, request: SceneName) -> Result<Vec<SceneText>> {
    if !app.open_case()?.scene_delete(&request.name)? {
        return Err(Error::missing(format!("deleting: there is no scene {}", request.name)));
    }
    scenes(app, Nothing)
}

pub(crate) fn scene_run(app: &App, request: SceneRun) -> Result<JobId> {
    let doing = format!("playing the scene {}", request.name);
    let scene = scenes(app, Nothing)?.into_iter().find(|scene| scene.name == request.name);
    let scene = scene.ok_or_else(|| Error::missing(format!("{doing}: there is none of that name")))?;
    let session = session::running(app).map_err(|why| why.while_doing(&doing))?;
    let reason = session.may_change(&doing)?;
    let capture = match request.interface.trim() {
        "" => None,
        interface => {
            let authority = format!("scene {}: {reason}", scene.name);
            let started = app.call("capture_start", json!({ "interface": interface, "authority": authority }));
            Some(started.map_err(|why| why.while_doing(&doing))?["capture"].as_i64().unwrap_or_default())
        }
    };
    jobs::start(app, "scene", "steps", move |app, tick| {
        let played = play(app, &session, &scene, tick);
        if let Some(capture) = capture {
            let _ = app.call("capture_stop", json!({ "id": capture })); // it may have ended by itself, and says so itself
        }
        played
    })
}

fn play(app: &App, session: &session::Session, scene: &SceneText, tick: &Tick) -> Result<Ended> {
    let told = |what: &str| {
        let mut fields = Map::new();
        fields.insert("scene".into(), scene.name.clone().into());
        fields.insert("what".into(), what.into());
        session.tell("scene", None, fields)
    };
    tick.total(scene.steps.len() as u64);
    told("begun")?;
    let began = Instant::now();
    let mut absent = 0;
    for (n, step) in scene.steps.iter().enumerate() {
        let at = Duration::from_millis(step.after);
        while began.elapsed() < at {
            if tick.advance(0).is_err() {
                told("cancelled")?;
                return Err(Error::new(
                    Code::Cancelled,
                    format!("the scene {} was stopped after {n} steps", scene.name),
                ));
            }
            std::thread::sleep(LOOK.min(at.saturating_sub(began.elapsed())));
        }
        tick.at(format!("{} to {}", step.command, step.thing));
        let row = things::found(app, &step.thing)?;
        let sent = commands::send(session, &row, &step.command, Some(&scene.name))?;
        absent += u32::from(!sent.connected);
        tick.advance(1)?;
    }
    told("ended")?;
    let mut message = format!("{} commands of the scene {} sent", scene.steps.len(), scene.name);
    if absent > 0 {
        message.push_str(&format!("; for {absent} the thing was not connected"));
    }
    Ok(Ended { message, differs: absent > 0 })
}
