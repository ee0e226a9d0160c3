//! Where secrets are kept: in the system's vault (Keychain, Credential Manager), never in a case. Where there is none that a program may count on
//! (Linux without a desktop), in files beside the settings that their owner alone may read.

use std::path::{Path, PathBuf};

use crate::error::{Code, Error, Result};

/// The vault of this user on this machine.
pub(crate) struct Vault {
    /// Where files are, if there is no better place; none: nowhere.
    folder: Option<PathBuf>,
}

/// More is no key.
const LONGEST: u64 = 64 << 10;

impl Vault {
    /// `settings`: the folder for what is remembered between cases.
    pub fn new(settings: Option<&Path>) -> Vault {
        Vault { folder: settings.map(|settings| settings.join("keys")) }
    }

    pub fn get(&self, name: &str) -> Result<Option<String>> {
        let name = checked(name)?;
        #[cfg(any(windows, target_os = "macos"))]
        if let Some(secret) = system::get(name)? {
            return Ok(Some(secret));
        }
        let Some(path) = self.path(name) else { return Ok(None) };
        match std::fs::metadata(&path) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(failed("reading", name, &why)),
            Ok(about) if about.len() > LONGEST => Err(failed("reading", name, &"it is too long for a key")),
            Ok(_) => std::fs::read_to_string(&path).map(Some).map_err(|why| failed("reading", name, &why)),
        }
    }

    pub fn set(&self, name: &str, secret: &str) -> Result<()> {
        let name = checked(name)?;
        #[cfg(any(windows, target_os = "macos"))]
        return system::set(name, secret);
        #[cfg(not(any(windows, target_os = "macos")))]
        {
            let path = self.path(name).ok_or_else(|| failed("keeping", name, &"there is no folder for settings"))?;
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|why| failed("keeping", name, &why))?;
            }
            write(&path, secret).map_err(|why| failed("keeping", name, &why))
        }
    }

    pub fn remove(&self, name: &str) -> Result<()> {
        let name = checked(name)?;
        #[cfg(any(windows, target_os = "macos"))]
        system::remove(name)?;
        match self.path(name).map(std::fs::remove_file) {
            Some(Err(why)) if why.kind() != std::io::ErrorKind::NotFound => Err(failed("removing", name, &why)),
            _ => Ok(()),
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(name))
    }
}

/// Whole or not at all, and for its owner alone.
#[cfg(not(any(windows, target_os = "macos")))]
fn write(path: &Path, secret: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let new = path.with_extension("new");
    let mut file = options.open(&new)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

/// Names come from us: letters, digits and `-`.
fn checked(name: &str) -> Result<&str> {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if plain { Ok(name) } else { Err(Error::invalid(format!("the vault has no entry of the name '{name}'"))) }
}

fn failed(doing: &str, name: &str, why: &dyn std::fmt::Display) -> Error {
    Error::new(Code::Failed, format!("{doing} the secret {name} in this machine's vault: {why}"))
}

#[cfg(any(windows, target_os = "macos"))]
mod system {
    use std::sync::OnceLock;

    use keyring_core::{Entry, Error as Why};

    use super::{Result, failed};

    const SERVICE: &str = "Lintel";

    fn entry(name: &str) -> Result<Entry> {
        static STORE: OnceLock<std::result::Result<(), String>> = OnceLock::new();
        let ready = STORE.get_or_init(|| {
            #[cfg(windows)]
            let store = windows_native_keyring_store::Store::new();
            #[cfg(target_os = "macos")]
            let store = apple_native_keyring_store::keychain::Store::new();
            store.map(|store| keyring_core::set_default_store(store)).map_err(|why| why.to_string())
        });
        ready.as_ref().map_err(|why| failed("opening", name, why))?;
        Entry::new(SERVICE, name).map_err(|why| failed("opening", name, &why))
    }

    pub fn get(name: &str) -> Result<Option<String>> {
        match entry(name)?.get_password() {
            Ok(secret) => Ok(Some(secret)),
            Err(Why::NoEntry) => Ok(None),
            Err(why) => Err(failed("reading", name, &why)),
        }
    }

    pub fn set(name: &str, secret: &str) -> Result<()> {
        entry(name)?.set_password(secret).map_err(|why| failed("keeping", name, &why))
    }

    pub fn remove(name: &str) -> Result<()> {
        match entry(name)?.delete_credential() {
            Ok(()) | Err(Why::NoEntry) => Ok(()),
            Err(why) => Err(failed("removing", name, &why)),
        }
    }
}

#[cfg(all(test, not(any(windows, target_os = "macos"))))]
mod tests {
    use super::*;

    #[test]
    fn secrets_come_back_and_are_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::new(Some(folder.path()));
        assert_eq!(vault.get("a-1").unwrap(), None);
        vault.set("a-1", "first").unwrap();
        vault.set("a-1", "second").unwrap();
        assert_eq!(vault.get("a-1").unwrap().as_deref(), Some("second"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let about = std::fs::metadata(folder.path().join("keys/a-1")).unwrap();
            assert_eq!(about.permissions().mode() & 0o777, 0o600);
        }
        vault.remove("a-1").unwrap();
        vault.remove("a-1").unwrap();
        assert_eq!(vault.get("a-1").unwrap(), None);
        for name in ["", "../x", "a/b", "a.b"] {
            assert!(vault.set(name, "x").is_err(), "{name}");
        }
    }
}
