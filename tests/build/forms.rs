//! Every form of a project, built by the real tools from a small project of its own, and served by the real gunicorn.
//!
//! Tools and packages come from the package index once; all tests and all runs share one cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ports::free_port;
use crate::python::{self, App, Running};
use crate::scene::{answered, packages, search_path};

/// A copy of a project of this repository.
fn project(name: &str) -> App {
    let app = App::new(&[]);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/build/projects").join(name), &app.root);
    app
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// `pystart` with uv or without, as the machine reaches the package index.
pub(crate) fn online(app: &App, has_uv: bool, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pystart"));
    let uv = if has_uv { format!("{}:", python::uv().display()) } else { String::new() };
    command.args(words).env("PATH", format!("{uv}{}:/usr/bin:/bin", search_path()));
    command.env("PYSTART_APP_ROOT", &app.root).env("PYSTART_CACHE_DIR", cache());
    // Of this process only what says how the package index is reached.
    let own =
        ["VIRTUAL_ENV", "PYTHONPATH", "PORT", "WEB_CONCURRENCY", "UV_CACHE_DIR", "PIP_CACHE_DIR", "PYSTART_BUILD"];
    for name in own {
        command.env_remove(name);
    }
    command
}

fn cache() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build-cache");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Builds a project and serves it; `made` is what the build leaves beside the sources.
fn serves(name: &str, has_uv: bool, source: &str, made: &[&str]) {
    let app = project(name);
    let before = names(&app.root);
    let port = free_port();
    let log = app.root.with_extension("log");
    let mut command = online(&app, has_uv, &["run", "--build", "--port", &port.to_string()]);
    let mut site = Running::start(command.stderr(fs::File::create(&log).unwrap()));
    let status = answered(port, &mut site);
    let text = fs::read_to_string(&log).unwrap();
    assert_eq!(status, 200, "{text}");
    let line = text.lines().find(|line| line.starts_with("pystart: built ")).expect("a line that says what was built");
    let installer = if has_uv { "uv" } else { "pip" };
    assert!(line.contains(&format!("antenv` from {source} with {installer} for Python ")), "{line}");
    assert!(packages(&app).join("itsdangerous").is_dir());
    assert!(!packages(&app).join("blinker").exists(), "what is for development stays out");
    assert_eq!(names(&app.root).iter().filter(|name| !before.contains(name)).collect::<Vec<_>>(), made, "left behind");
    fs::remove_file(&log).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // Serving leaves byte code of the app.
    let mut names: Vec<_> = entries.filter(|name| name != "__pycache__").collect();
    names.sort_unstable();
    names
}

#[test]
fn a_lock_of_uv() {
    serves("uv", true, "uv.lock", &["antenv"]);
}

#[test]
fn a_lock_of_uv_where_there_is_no_uv() {
    serves("uv", false, "uv.lock", &["antenv"]);
}

#[test]
fn a_lock_of_poetry() {
    serves("poetry", true, "poetry.lock", &["antenv"]);
}

#[test]
fn a_project_of_poetry_without_a_lock() {
    serves("poetry-unlocked", false, "pyproject.toml", &["antenv"]);
}

#[test]
fn a_lock_of_pdm() {
    serves("pdm", true, "pdm.lock", &["antenv"]);
}

#[test]
fn a_lock_of_pipenv() {
    serves("pipenv", false, "Pipfile.lock", &["antenv"]);
}

#[test]
fn a_pipfile_without_a_lock() {
    serves("pipenv-unlocked", true, "Pipfile", &["antenv"]);
}

#[test]
fn requirements_with_hashes_in_a_folder_of_them() {
    serves("hashes", false, "requirements/production.txt", &["antenv"]);
}

#[test]
fn requirements_beside_an_app_in_a_folder() {
    serves("subfolder", true, "backend/requirements.txt", &["antenv"]);
}

#[test]
fn a_lock_of_no_tool() {
    serves("pylock", true, "pylock.toml", &["antenv"]);
}

#[test]
fn a_project_with_dependencies() {
    serves("project", false, "pyproject.toml", &["antenv"]);
}

#[test]
fn a_package() {
    serves("package", true, "pyproject.toml", &["antenv", "site.egg-info"]);
}

#[test]
fn a_package_of_setuptools() {
    serves("setup", false, "setup.py", &["antenv", "site.egg-info"]);
}
