//! What this program may do, and giving it up.
//!
//! Opening an interface takes a privilege; nothing after that does. So once the interface is open every capability is
//! given up, for good: even a program that this one were tricked into starting could not have them (no_new_privs).
//! Root by `sudo` becomes whoever called it, so that the files are theirs and lie where they may write. Root by login, as in
//! a container, stays root, but without a capability: there is nobody else whose files they could be.

use crate::event::Failure;

/// Gives up everything, to be called before there are threads. `monitor`: taking a wireless interface out of monitor mode
/// again takes the right to configure networks, which is then the one that is kept.
#[cfg(target_os = "linux")]
pub fn give_up(monitor: bool) -> Result<(), Failure> {
    linux::give_up(monitor).map_err(|error| Failure::failed(format!("giving up privileges: {error}")))
}

/// Names of the capabilities in effect.
#[cfg(target_os = "linux")]
pub fn effective() -> Vec<String> {
    rustix::thread::capabilities(None)
        .map(|sets| sets.effective.iter_names().map(|(name, _)| format!("cap_{}", name.to_lowercase())).collect())
        .unwrap_or_default()
}

/// Rights to devices are those of the user here: a group's on macOS, everybody's or administrators' with Npcap.
#[cfg(not(target_os = "linux"))]
pub fn give_up(_: bool) -> Result<(), Failure> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub fn effective() -> Vec<String> {
    Vec::new()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::env;
    use std::io;

    use nix::unistd::{Gid as GroupId, Uid as UserId, User, getgrouplist};
    use rustix::process::{Gid, Uid, geteuid, getgid, getgroups, getuid};
    use rustix::thread::{
        CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities, set_keep_capabilities,
        set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
    };

    pub fn give_up(monitor: bool) -> io::Result<()> {
        set_no_new_privs(true)?;
        let kept = if monitor { CapabilitySet::NET_ADMIN } else { CapabilitySet::empty() };
        let kept = kept & rustix::thread::capabilities(None)?.permitted;
        if let Some((user, group, groups)) = real_user(geteuid(), env::var("SUDO_UID").ok(), env::var("SUDO_GID").ok())
        {
            set_keep_capabilities(!kept.is_empty())?;
            set_thread_groups(&groups)?;
            set_thread_res_gid(group, group, group)?;
            set_thread_res_uid(user, user, user)?;
        }
        // Fails on kernels before 4.3, where there are none.
        let _ = clear_ambient_capability_set();
        let kept = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
        Ok(set_capabilities(None, kept)?)
    }

    /// Whose the recording is, if this is root on somebody's behalf: the caller of a program with the setuid bit, or of sudo.
    fn real_user(effective: Uid, uid: Option<String>, gid: Option<String>) -> Option<(Uid, Gid, Vec<Gid>)> {
        if !effective.is_root() {
            return None;
        }
        if !getuid().is_root() {
            return Some((getuid(), getgid(), getgroups().unwrap_or_default()));
        }
        let user: u32 = uid?.parse().ok().filter(|uid| *uid != 0 && *uid != u32::MAX)?;
        let known = User::from_uid(UserId::from_raw(user)).ok().flatten();
        let group = match (gid.and_then(|gid| gid.parse().ok()).filter(|gid| *gid != u32::MAX), &known) {
            (Some(gid), _) => gid,
            (None, Some(known)) => known.gid.as_raw(),
            (None, None) => return None,
        };
        let groups = known
            .and_then(|known| std::ffi::CString::new(known.name).ok())
            .and_then(|name| getgrouplist(&name, GroupId::from_raw(group)).ok())
            .unwrap_or_else(|| vec![GroupId::from_raw(group)]);
        let groups = groups.into_iter().map(|group| Gid::from_raw(group.as_raw())).collect();
        Some((Uid::from_raw(user), Gid::from_raw(group), groups))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn who_it_is_for() {
            let root = Uid::from_raw(0);
            let ask = |effective, uid: &str, gid: &str| {
                let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
                real_user(effective, some(uid), some(gid)).map(|(uid, gid, _)| (uid.as_raw(), gid.as_raw()))
            };
            assert_eq!(ask(Uid::from_raw(1000), "1001", "1001"), None);
            if getuid().is_root() {
                assert_eq!(ask(root, "", ""), None);
                assert_eq!(ask(root, "0", "0"), None);
                assert_eq!(ask(root, "nonsense", "5"), None);
                assert_eq!(ask(root, "65534", "65534"), Some((65_534, 65_534)));
                assert_eq!(ask(root, "4294967295", "1"), None);
                assert_eq!(ask(root, "76543", ""), None, "nobody knows the group");
            }
        }
    }
}
