//! From nothing to an app that answers, by what README and docs/install.md tell to type; tests/containers/pages.rs has the
//! ways through images.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::commands::by;
use crate::ports::free_port;
use crate::python::{self, App, page_of};
use crate::{programs, root, succeed};

/// What the app of docs/install.md answers.
const HELLO: &str = "Hello\n";

/// A shell in this folder, with this search path, that reaches the index as the tests do.
fn shell(folder: &Path, line: &str, path: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-ec", line]).current_dir(folder).env_clear().env("PATH", path).env("HOME", folder);
    shell.envs(env::vars().filter(|(name, _)| name.starts_with("PIP_") || name.to_lowercase().ends_with("_proxy")));
    shell
}

/// Python without a package, and what every machine has.
fn path() -> String {
    format!("{}:/usr/local/bin:/usr/bin:/bin", python::bare_python().display())
}

/// The first page of what this line starts.
fn page(folder: &Path, line: &str, path: &str) -> String {
    let port = free_port();
    page_of(shell(folder, line, path).env("PORT", port.to_string()), port)
}

/// The app of docs/install.md, made as it says, and what is typed next.
fn hello() -> (App, Vec<&'static str>) {
    let typed = by("tests/packaging/ways.rs::a_wheel_in_an_environment");
    let (app, next) = typed.split_at(3);
    let folder = App::new(&[]);
    assert_eq!(app[0], "mkdir hello && cd hello");
    succeed(&mut shell(&folder.root, &app[1..].join("\n"), &path()));
    (folder, next.to_vec())
}

#[test]
fn a_wheel_in_an_environment() {
    let (folder, typed) = hello();
    let (start, before) = typed.split_last().unwrap();
    let mut install = shell(&folder.root, &before.join("\n"), &path());
    // Where the index would have it.
    let wheels = programs::wheel().parent().unwrap().display().to_string();
    let others = env::var("PIP_FIND_LINKS").unwrap_or_default();
    succeed(install.env("PIP_FIND_LINKS", format!("{wheels} {others}")));
    assert_eq!(page(&folder.root, start, &path()), HELLO);
}

#[test]
fn a_file_of_a_release() {
    let (folder, _) = hello();
    let bin = folder.root.join("bin");
    fs::create_dir(&bin).unwrap();
    // As the release workflow writes them: one file for everything, of which not all is downloaded.
    let name = |architecture: &str| format!("pystart-{architecture}-linux");
    fs::copy(programs::native(), folder.root.join(name(programs::NATIVE))).unwrap();
    fs::write(folder.root.join(name(programs::FOREIGN)), "").unwrap();
    succeed(&mut shell(&folder.root, "sha256sum -- pystart-* > SHA256SUMS", &path()));
    fs::remove_file(folder.root.join(name(programs::FOREIGN))).unwrap();

    let typed = by("tests/packaging/ways.rs::a_file_of_a_release").join("\n");
    // Into a folder of the test instead of the machine's.
    let typed = typed.replace("x86_64", programs::NATIVE).replace("sudo install ", "install ");
    let typed = typed.replace("/usr/local/bin/", &format!("{}/", bin.display()));
    assert_eq!(page(&folder.root, &typed, &format!("{}:{}", bin.display(), path())), HELLO);
}

/// The example that the README starts, as a copy: it is built in its folder.
fn example() -> App {
    let read = |name: &str| fs::read_to_string(root().join("examples/flask").join(name)).unwrap();
    App::new(&[("app.py", &read("app.py")), ("requirements.txt", &read("requirements.txt"))])
}

const EXAMPLE: &str = "Hello from Flask, started by pystart.\n";

/// A shell in the checkout, with the cargo of the tests.
fn in_the_checkout(line: &str) -> Command {
    let mut shell = Command::new("sh");
    let cargo = Path::new(env!("CARGO")).parent().unwrap().display();
    shell.args(["-ec", line]).current_dir(root());
    shell.env("PATH", format!("{cargo}:{}", env::var("PATH").unwrap_or_default()));
    shell.env("CARGO_TARGET_DIR", programs::target_folder());
    shell
}

#[test]
fn a_try_with_cargo() {
    let app = example();
    // Before the clock runs that a page is waited for by.
    succeed(&mut in_the_checkout("cargo build --quiet --locked --bin pystart"));
    for line in by("tests/packaging/ways.rs::a_try_with_cargo") {
        let line = line.replace("examples/flask", app.root.to_str().unwrap());
        let port = free_port();
        let mut cargo = in_the_checkout(&line);
        assert_eq!(page_of(cargo.env("PORT", port.to_string()), port), EXAMPLE);
    }
}

/// Without the musl target, which `cargo install` does not ask for.
#[test]
fn the_sources() {
    let [install, compile] = by("tests/packaging/ways.rs::the_sources")[..] else { panic!("two ways are known") };
    let app = example();
    let folder = App::new(&[]);
    // The profile of the tests: everything but the last step is compiled already.
    let options = format!(" --quiet --debug --no-track --root {}", folder.root.display());
    succeed(&mut in_the_checkout(&(install.to_owned() + &options)));
    let program = folder.root.join("bin/pystart");
    let version = succeed(Command::new(&program).arg("--version"));
    assert!(version.ends_with("-linux-gnu)"), "{version}");
    let start = format!("{} run --build -C {}", program.display(), app.root.display());
    assert_eq!(page(&folder.root, &start, &path()), EXAMPLE);

    let made = succeed(&mut in_the_checkout(compile));
    assert_eq!(Path::new(&made), programs::native());
}
