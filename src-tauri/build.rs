//! Configuration, icons and permissions go into the program; so does the page, or a word on how to build it.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=../ui/dist");
    if !Path::new("../ui/dist/index.html").is_file() {
        println!("cargo::warning=ui/dist is not there: the window will say how to build the page");
        println!(r#"cargo::rustc-env=TAURI_CONFIG={{"build":{{"frontendDist":"page-missing"}}}}"#);
    }
    tauri_build::build();
}
