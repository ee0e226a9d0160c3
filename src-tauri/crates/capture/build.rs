//! On Windows, what links this program with Npcap: an import library, made here of the names in `windows/wpcap.def`, so that
//! building takes no kit of Npcap's; and delayed loading, so that the program starts where Npcap is not installed.

fn main() {
    println!("cargo:rerun-if-changed=windows/wpcap.def");
    #[cfg(windows)]
    on_windows::link();
    #[cfg(not(windows))]
    elsewhere::link();
}

#[cfg(windows)]
mod on_windows {
    use std::env::var;

    pub fn link() {
        let (Ok(out), Ok(target)) = (var("OUT_DIR"), var("TARGET")) else { return };
        if !target.ends_with("msvc") {
            return;
        }
        let machine = if target.starts_with("aarch64") { "arm64" } else { "x64" };
        let mut lib = find_msvc_tools::find(&target, "lib.exe").expect("lib.exe of the C++ build tools");
        let status = lib
            .args(["/nologo", "/def:windows/wpcap.def"])
            .args([format!("/machine:{machine}"), format!("/out:{out}\\wpcap.lib")])
            .status();
        assert!(status.is_ok_and(|status| status.success()), "lib.exe made no import library");
        println!("cargo:rustc-link-search=native={out}");
        println!("cargo:rustc-link-lib=delayimp");
        println!("cargo:rustc-link-arg=/DELAYLOAD:wpcap.dll");
    }
}

/// From another system with MinGW's tools.
#[cfg(not(windows))]
mod elsewhere {
    use std::env::var;
    use std::process::Command;

    pub fn link() {
        let (Ok(out), Ok(target)) = (var("OUT_DIR"), var("TARGET")) else { return };
        if target != "x86_64-pc-windows-gnu" {
            return;
        }
        let made = Command::new("x86_64-w64-mingw32-dlltool")
            .args(["-d", "windows/wpcap.def", "-y", &format!("{out}/libwpcap.a")])
            .status();
        if made.is_ok_and(|status| status.success()) {
            println!("cargo:rustc-link-search=native={out}");
        }
    }
}
