//! Before Rust 1.68 a program without std has to define what happens when memory is short.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let rustc = env::var("RUSTC").expect("cargo names its compiler");
    let said = Command::new(rustc).arg("--version").output().expect("the compiler runs");
    let text = String::from_utf8_lossy(&said.stdout); // "rustc 1.63.0"
    let minor = text.split('.').nth(1).and_then(|part| part.parse::<u32>().ok());
    let is_before = |limit| text.starts_with("rustc 1.") && minor.map_or(false, |minor| minor < limit);
    if is_before(68) {
        println!("cargo:rustc-cfg=wants_alloc_error_handler");
    }
    if !is_before(80) {
        println!("cargo:rustc-check-cfg=cfg(wants_alloc_error_handler)"); // or it warns of an unknown name
    }
}
