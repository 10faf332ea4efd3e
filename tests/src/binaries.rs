//! Where the binaries are.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// `kleisd`.
pub fn kleisd() -> PathBuf {
    binary("kleisd")
}

/// `kleis`.
pub fn kleis() -> PathBuf {
    binary("kleis")
}

/// A binary of the same build as the test that runs: `target/debug/deps/TEST` stands beside `target/debug/NAME`.
fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let test = env::current_exe().unwrap();
        let folder = test.ancestors().nth(2).unwrap().to_owned();
        if !folder.join("kleisd").exists() || !folder.join("kleis").exists() {
            build(&folder);
        }
        folder
    });
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is missing: cargo build --bins",
        path.display()
    );
    path
}

/// `make test` has built them; whoever runs one test alone may not have.
fn build(folder: &Path) {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--quiet",
        "--locked",
        "--package",
        "kleis-server",
        "--package",
    ]);
    command
        .arg("kleis-cli")
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env("CARGO_TARGET_DIR", folder.parent().unwrap());
    assert!(
        command.status().unwrap().success(),
        "the binaries cannot be built"
    );
}
