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

/// Where an export lies; only what lies directly in the folder, or in its `files`.
pub(crate) fn path(case: &Case, name: &str) -> Result<PathBuf> {
    let name = name.strip_prefix("exports/").unwrap_or(name);
    let folder = case.dir().join("exports");
    let (folder, inner) = match name.strip_prefix("files/") {
        Some(inner) => (crate::files::folder(&folder), inner),
        None => (folder, name),
    };
    let mut parts = Path::new(inner).components();
    let (Some(Component::Normal(file)), None) = (parts.next(), parts.next()) else {
        return Err(Error::invalid(format!("'{name}' is no file of the exports folder")));
    };
    if folder.is_symlink() {
        return Err(Error::missing(format!("there is no export '{name}'")));
    }
    let path = folder.join(file);
    // A link there could lead anywhere.
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => Ok(path),
        _ => Err(Error::missing(format!("there is no export '{name}'"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_files_of_the_folder_itself() {
        let folder = tempfile::tempdir().unwrap();
        let app = App::new(Some(folder.path().join("settings")));
        app.call("case_new", json!({ "dir": folder.path().join("case"), "name": "x" })).unwrap();
        let case = app.open_case().unwrap();
        std::fs::write(case.dir().join("exports/a.pcapng"), "a").unwrap();
        std::fs::create_dir(case.dir().join("exports/inner")).unwrap();
        std::fs::create_dir(case.dir().join("exports/files")).unwrap();
        std::fs::write(case.dir().join("exports/files/b.bin"), "b").unwrap();
        assert!(path(&case, "files/b.bin").is_ok() && path(&case, "exports/files/b.bin").is_ok());
        for name in ["files", "files/", "files/..", "files/../a.pcapng", "files/c.bin", "b.bin"] {
            assert!(path(&case, name).is_err(), "{name}");
        }
        assert!(path(&case, "a.pcapng").is_ok() && path(&case, "exports/a.pcapng").is_ok());
        let whole = case.dir().join("case.db").display().to_string();
        for name in
            ["", ".", "..", "../case.db", "exports/../../case.db", "inner", "inner/../a.pcapng", "b.pcapng", &whole]
        {
            assert!(path(&case, name).is_err(), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(case.dir().join("case.db"), case.dir().join("exports/link")).unwrap();
            assert!(path(&case, "link").is_err());
        }
    }
}
