//! Files in the case's `exports` folder: opened by whatever the system opens such files with.

use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use case::Case;
use serde::Deserialize;
use ts_rs::TS;

use crate::commands::Nothing;
use crate::error::{Code, Error, Result};
use crate::state::App;

/// A file in the case's `exports` folder, by its name there.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct ExportName {
    pub name: String,
}

/// Opens an export with the program that the system has for it.
pub(crate) fn export_open(app: &App, request: ExportName) -> Result<Nothing> {
    let path = path(&*app.open_case()?, &request.name)?;
    let mut opener = if cfg!(windows) {
        Command::new("explorer.exe")
    } else if cfg!(target_os = "macos") {
        Command::new("open")
    } else {
        Command::new("xdg-open")
    };
    let begun = opener.arg(&path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = begun.map_err(|why| {
        Error::new(Code::Failed, format!("opening {}: no program for it was found ({why})", path.display()))
    })?;
    // It ends when it likes; somebody has to hear of it.
    let _ = std::thread::Builder::new().name("opener".into()).spawn(move || child.wait());
    Ok(Nothing)
}

/// Where an export lies; only what lies directly in the folder.
pub(crate) fn path(case: &Case, name: &str) -> Result<PathBuf> {
    let name = name.strip_prefix("exports/").unwrap_or(name);
    let mut parts = Path::new(name).components();
    let (Some(Component::Normal(file)), None) = (parts.next(), parts.next()) else {
        return Err(Error::invalid(format!("'{name}' is no file of the exports folder")));
    };
    let path = case.dir().join("exports").join(file);
    // A link there could lead anywhere.
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => Ok(path),
        _ => Err(Error::missing(format!("there is no export '{name}'"))),
    }
}
