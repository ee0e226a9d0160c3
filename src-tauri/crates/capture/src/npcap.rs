//! Whether Npcap is there (Windows). `wpcap.dll` is loaded at the first call of one of its functions, so that this program
//! starts without it; such a call would then end the program. So nothing is asked of libpcap before `present` has said yes.

use crate::event::Failure;

/// Whether the library that captures is there.
#[cfg(not(windows))]
pub fn present() -> Result<(), Failure> {
    Ok(())
}

/// Loads `wpcap.dll` from where Npcap puts it, never from the current folder or the search path.
#[cfg(windows)]
pub fn present() -> Result<(), Failure> {
    if windows::load() {
        return Ok(());
    }
    Err(Failure {
        mend: Some("winget install --exact --id Insecure.Npcap".into()),
        ..Failure::failed("Npcap is not installed, which is what captures on Windows: get it from https://npcap.com")
    })
}

#[cfg(windows)]
mod windows {
    #![allow(unsafe_code)]

    use std::ffi::OsString;
    use std::os::windows::ffi::OsStringExt;
    use std::ptr;

    use windows_sys::Win32::System::LibraryLoader::{LOAD_WITH_ALTERED_SEARCH_PATH, LoadLibraryExW, SetDllDirectoryW};
    use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;

    /// Once loaded it stays, and the delayed loading finds it by its name. Npcap in WinPcap's manner lies in the system's folder.
    pub fn load() -> bool {
        let mut system = [0_u16; 512];
        // SAFETY: the length is that of the buffer.
        let length = unsafe { GetSystemDirectoryW(system.as_mut_ptr(), system.len() as u32) } as usize;
        let Some(system) = system.get(..length).filter(|system| !system.is_empty()) else { return false };
        let system = OsString::from_wide(system);
        ["\\Npcap", ""].into_iter().any(|inner| {
            let wide = |tail: &str| -> Vec<u16> {
                let mut wide: Vec<u16> = std::os::windows::ffi::OsStrExt::encode_wide(system.as_os_str()).collect();
                wide.extend(inner.encode_utf16().chain(tail.encode_utf16()).chain([0]));
                wide
            };
            let (folder, library) = (wide(""), wide("\\wpcap.dll"));
            // SAFETY: both texts end with a zero; the path is absolute, and what lies there only an administrator can put there.
            unsafe {
                SetDllDirectoryW(folder.as_ptr());
                !LoadLibraryExW(library.as_ptr(), ptr::null_mut(), LOAD_WITH_ALTERED_SEARCH_PATH).is_null()
            }
        })
    }
}
