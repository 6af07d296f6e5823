//! Each example is started as its reader would start it, and answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::format_collect, reason = "a test that panics has failed")]
#![allow(dead_code, reason = "the sites of other tests do more")]

#[path = "ports/mod.rs"]
mod ports;
#[path = "python/mod.rs"]
mod python;
#[path = "start/site.rs"]
mod site;

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use python::App;
use site::{Site, pystart};

/// A copy, since what is run in it leaves traces.
fn copy_of(name: &str) -> App {
    let app = App::new(&[]);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name), &app.root);
    app
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        // What a reader may have left in it.
        if ["antenv", "__pycache__"].iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// What the example says of itself.
fn greeting(name: &str) -> String {
    format!("Hello from {name}, started by pystart.\n")
}

/// A start in an image that has the packages, as an environment that everybody uses.
fn in_image(app: &App) -> Command {
    let mut command = pystart(&app.root);
    command.env("VIRTUAL_ENV", python::environment());
    command
}

#[test]
fn flask_is_served_from_nothing_but_sources() {
    let app = copy_of("flask");
    // As `cargo run -- run --build -C examples/flask` does, from the index.
    let mut command = pystart(&app.root);
    command.env("PATH", format!("{}:/usr/bin:/bin", python::bare_python().display()));
    // How the index is reached from this machine.
    command.envs(env::vars().filter(|(name, _)| name.starts_with("PIP_") || name.to_lowercase().ends_with("_proxy")));
    let mut site = Site::start(command.args(["run", "--build"]));
    assert_eq!(site.get("/"), greeting("Flask"));
    assert!(app.root.join("antenv/bin/gunicorn").exists());
}

#[test]
fn django_is_served() {
    let app = copy_of("django");
    assert_eq!(Site::start(&mut in_image(&app)).get("/"), greeting("Django"));
}

#[test]
fn fastapi_is_served() {
    let app = copy_of("fastapi");
    assert_eq!(Site::start(&mut in_image(&app)).get("/"), greeting("FastAPI"));
}

#[test]
fn what_a_procfile_declares_is_served() {
    let app = copy_of("procfile");
    assert_eq!(Site::start(&mut in_image(&app)).get("/"), greeting("the Procfile"));
}

/// Streamlit and what it needs to serve a page; pandas and the like come into play where a page shows tables.
const STREAMLIT: [&str; 17] = [
    "anyio==4.16.0",
    "blinker==1.9.0",
    "cachetools==8.0.2",
    "click==8.5.1",
    "h11==0.16.0",
    "idna==3.20",
    "itsdangerous==2.2.0",
    "packaging==26.3",
    "protobuf==7.36.2",
    "python-multipart==0.0.34",
    "starlette==1.10.0",
    "streamlit==1.67.0",
    "toml==0.10.2",
    "tornado==6.6.1",
    "typing_extensions==4.16.0",
    "uvicorn==0.54.0",
    "websockets==17.4",
];

#[test]
fn streamlit_is_served_by_its_own_server() {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("streamlit");
    let (stamp, wanted) = (environment.join("complete"), STREAMLIT.join(" "));
    if fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
        let _ = fs::remove_dir_all(&environment);
        assert!(Command::new("python3").args(["-m", "venv"]).arg(&environment).status().unwrap().success());
        let mut pip = Command::new(environment.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]);
        assert!(pip.args(STREAMLIT).status().unwrap().success());
        fs::write(stamp, wanted).unwrap();
    }
    let app = copy_of("streamlit");
    let mut command = pystart(&app.root);
    command.env("VIRTUAL_ENV", &environment).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    // Else it asks the world for this machine's address.
    command.env("STREAMLIT_BROWSER_SERVER_ADDRESS", "localhost").env("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false");
    let mut site = Site::start(&mut command);
    assert!(site.get("/").contains("<title>Streamlit</title>"));
    assert_eq!(site.get("/_stcore/health"), "ok");
    for line in ["pystart: app with its own server: app.py: is a Streamlit app; ", "init for streamlit run app.py"] {
        assert!(site.log().contains(line), "{}", site.log());
    }
    site.stop();
}
