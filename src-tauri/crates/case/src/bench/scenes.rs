//! Scenes: timed scripts of commands.

use rusqlite::params;

use crate::{Case, Result};

/// A scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    pub name: String,
    /// JSON, as whoever plays it reads it.
    pub steps: String,
    /// When it was last changed, ns since 1970 UTC.
    pub changed: i64,
}

impl Case {
    pub fn scene_keep(&self, scene: &Scene) -> Result<()> {
        let sql = "INSERT INTO scene (name, steps, changed) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET steps = ?2, changed = ?3";
        self.write(|db| Ok(db.execute(sql, params![scene.name, scene.steps, scene.changed]).map(|_| ())?))
    }

    pub fn scenes(&self) -> Result<Vec<Scene>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT name, steps, changed FROM scene ORDER BY name")?;
            let rows = statement
                .query_map([], |row| Ok(Scene { name: row.get(0)?, steps: row.get(1)?, changed: row.get(2)? }))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// False if there was none.
    pub fn scene_delete(&self, name: &str) -> Result<bool> {
        self.write(|db| Ok(db.execute("DELETE FROM scene WHERE name = ?", [name])? > 0))
    }
}
