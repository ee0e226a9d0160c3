//! A case to try things on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::{App, JobState};
use serde_json::{Value, json};

/// A fresh case in a folder that goes away with it.
pub struct Bench {
    pub app: Arc<App>,
    pub folder: tempfile::TempDir,
}

impl Bench {
    pub fn fresh() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let app = App::new(Some(folder.path().join("settings")));
        app.call("case_new", json!({ "dir": folder.path().join("case"), "name": "Hollis Street 14" })).unwrap();
        Bench { app, folder }
    }

    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("case.lintel")
    }

    /// Imports and waits; gives the job as it ended.
    pub fn import(&self, paths: &[&Path]) -> Value {
        self.job("evidence_add", json!({ "paths": paths }))
    }

    pub fn job(&self, command: &str, request: Value) -> Value {
        let id = self.app.call(command, request).unwrap()["id"].as_u64().unwrap();
        let job = self.app.wait(id as u32, &mut |_| {}).unwrap();
        assert_ne!(job.state, JobState::Failed, "{}", job.message);
        serde_json::to_value(job).unwrap()
    }

    /// All rows of a view where `field=value` holds.
    pub fn rows(&self, view: &str, filters: &[(&str, &str)]) -> Vec<Value> {
        let filters: Vec<Value> =
            filters.iter().map(|(field, value)| json!({ "field": field, "op": "=", "value": value })).collect();
        let (mut rows, mut after) = (Vec::new(), Value::Null);
        loop {
            let request = json!({ "view": view, "select": { "filters": filters }, "after": after, "limit": 3_000 });
            let page = self.app.call("rows", request).unwrap();
            rows.extend(page["rows"].as_array().unwrap().iter().cloned());
            after = page["next"].clone();
            if after.is_null() {
                return rows;
            }
        }
    }
}

/// Real files that do not belong to this project; tests that want them pass when they are not there.
pub fn real_samples() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples-real");
    let there = folder.join("expected").is_dir();
    if !there {
        eprintln!("skipped: the real samples are not here");
    }
    there.then_some(folder)
}
