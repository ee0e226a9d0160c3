//! Rules about the code, as tests. The lists here are the diagram.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may lean on whom. Arrows go one way: from the right to the left of the picture in ARCHITECTURE.md.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("dissect", &["model"]),
    ("evidence", &["model"]),
    ("case", &["model"]),
    ("device", &["model"]),
    ("app", &["model", "dissect", "evidence", "case", "device"]),
    ("server", &["app"]),
    ("cli", &["app", "server"]),
    ("capture", &[]),
];

/// What only one room may know.
const ONLY: &[(&str, &[&str])] = &[
    ("rusqlite", &["case"]),
    ("axum", &["server"]),
    ("tauri", &["lintel-desktop"]),
    ("notify", &["app"]),
    ("maxminddb", &["app"]),
    ("clap", &["cli", "capture"]),
    ("pcap", &["capture"]),
    ("pcap-parser", &["evidence"]),
    ("mqtt5", &["device"]),
    ("rumqttc", &["device"]),
    ("rcgen", &["device"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Names in the dependency sections of a room's manifest; of all sections, or without those for tests.
fn dependencies(manifest: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(manifest).unwrap();
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies") && !line.contains("dev-dependencies");
            continue;
        }
        let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
        if inside && !name.is_empty() && !name.starts_with('#') {
            names.insert(name.to_owned());
        }
    }
    names
}

fn manifests() -> Vec<(String, PathBuf)> {
    let crates = root().join("src-tauri/crates");
    let mut list: Vec<(String, PathBuf)> = fs::read_dir(crates)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path().join("Cargo.toml")))
        .filter(|(_, manifest)| manifest.exists())
        .collect();
    list.push(("lintel-desktop".into(), root().join("src-tauri/Cargo.toml")));
    list
}

#[test]
fn arrows_go_one_way() {
    let rooms: Vec<&str> = MAY_USE.iter().map(|(room, _)| *room).collect();
    for (room, manifest) in manifests() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == room) else {
            assert_eq!(room, "lintel-desktop", "the room {room} is not on the list of arrows");
            continue;
        };
        for used in dependencies(&manifest).iter().filter(|name| rooms.contains(&name.as_str())) {
            assert!(allowed.contains(&used.as_str()), "{room} must not use {used}");
        }
    }
}

#[test]
fn what_only_one_room_knows() {
    for (room, manifest) in manifests() {
        let used = dependencies(&manifest);
        for (library, allowed) in ONLY {
            assert!(!used.contains(*library) || allowed.contains(&room.as_str()), "{room} must not use {library}");
        }
    }
}

/// Source files under version control's eyes, by their endings.
fn sources(folder: &Path, endings: &[&str], into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap_or_default());
        if path.is_dir() {
            let skip = ["target", "node_modules", "dist", "paraglide", "gen", ".git", "test-results", "cache"];
            if !skip.contains(&name.as_str()) {
                sources(&path, endings, into);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            into.push(path);
        }
    }
}

#[test]
fn every_room_says_what_it_must_not_know() {
    for (room, manifest) in manifests().into_iter().filter(|(room, _)| room != "lintel-desktop") {
        let folder = manifest.parent().unwrap().join("src");
        let first = ["lib.rs", "main.rs"].iter().map(|name| folder.join(name)).find(|path| path.exists()).unwrap();
        let text = fs::read_to_string(first).unwrap();
        assert!(
            text.lines().take(14).any(|line| line.contains("Invariant:")),
            "{room} has no sentence 'Invariant: ...'"
        );
    }
}

#[test]
fn the_page_has_one_door() {
    let mut files = Vec::new();
    sources(&root().join("ui/src"), &[".ts", ".svelte"], &mut files);
    assert!(files.len() > 20, "the page's sources were not found");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.display();
        let inside = |folder: &str| file.components().any(|part| part.as_os_str() == folder);
        assert!(!text.contains("@tauri-apps") || inside("bridge"), "{name}: only bridge/ knows Tauri");
        assert!(!text.contains("{@html"), "{name}: nothing is rendered as HTML");
    }
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let mut files = Vec::new();
    sources(
        &root(),
        &[".rs", ".ts", ".svelte", ".toml", ".md", ".sh", ".py", ".yml", ".json", ".css", ".mjs"],
        &mut files,
    );
    assert!(files.len() > 100);
    let words = [concat!("/wo", "rk/"), concat!("registry.", "npmjs"), concat!("index.", "crates.io")];
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_default();
        for word in words {
            // Lock files name the public registry of a dependency in their own words.
            let lock = file.file_name().is_some_and(|name| name == "Cargo.lock");
            assert!(lock || !text.contains(word), "{} speaks of {word}", file.display());
        }
    }
}

#[test]
fn kinds_are_declared_once_and_well_named() {
    let mut names = BTreeSet::new();
    for kind in app::kinds() {
        let good = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        assert!(good(kind.name), "{}", kind.name);
        assert!(names.insert(kind.name), "{} is declared twice", kind.name);
        let base = [
            "kind",
            "ts",
            "time_kind",
            "evidence",
            "run",
            "frame",
            "offset",
            "length",
            "uid",
            "src",
            "dst",
            "subject",
            "pieces",
        ];
        let mut fields = BTreeSet::new();
        for (field, about) in kind.fields {
            assert!(good(field) && !base.contains(field), "{}.{field} hides a column that all facts have", kind.name);
            assert!(fields.insert(field), "{}.{field} is declared twice", kind.name);
            assert!(!about.is_empty(), "{}.{field} is not explained", kind.name);
        }
    }
    assert!(names.len() > 25);
}
