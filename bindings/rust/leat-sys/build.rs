//! Finds libleat.so by pkg-config, or in the folder LEAT_LIB_DIR. Images (a target without a system, or the feature `image`)
//! have no libraries to be found: their linker command names leat's archives.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=LEAT_LIB_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") || env::var_os("CARGO_FEATURE_IMAGE").is_some() {
        return;
    }
    let mut modules = vec![("leat-shared", "leat")];
    if env::var_os("CARGO_FEATURE_OPENSSL").is_some() {
        modules.insert(0, ("leat-shared-crypto-openssl", "leat-crypto-openssl"));
    }
    if let Ok(folder) = env::var("LEAT_LIB_DIR") {
        println!("cargo:rustc-link-search=native={folder}");
        for (_, library) in modules {
            println!("cargo:rustc-link-lib=dylib={library}");
        }
        return;
    }
    for (module, _) in modules {
        let found = Command::new("pkg-config").args(["--libs", module]).output();
        let flags = match &found {
            Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout),
            _ => panic!("pkg-config finds no {module}: install leat, and set PKG_CONFIG_PATH or LEAT_LIB_DIR"),
        };
        for flag in flags.split_whitespace() {
            if let Some(folder) = flag.strip_prefix("-L") {
                println!("cargo:rustc-link-search=native={folder}");
            } else if let Some(library) = flag.strip_prefix("-l") {
                println!("cargo:rustc-link-lib=dylib={library}");
            }
        }
    }
}
