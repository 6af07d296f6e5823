//! Builds in containers: every form of a project from its sources alone, and an app whose package needs a compiler.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::docker::{Container, docker};
use crate::images::{builder, classic_builder, images, root};
use crate::ports::free_port;
use crate::site::Site;
use crate::{Test, http, succeed, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("a_package_is_compiled_in_one_image_and_served_in_another", compiled_and_served),
        test("what_has_to_be_compiled_and_cannot_be_is_named_with_the_way_out", not_compiled),
        test("every_form_of_a_project_is_built_and_served_from_its_sources_alone", every_form),
    ]
}

/// The target `build`: uv and compilers.
fn build_image() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let mut target = builder();
        target.args(["--target", "build", "--build-arg", &format!("PYTHON_IMAGE={}", images().python)]);
        built(target.args(["--build-arg", &format!("BINARY={}", images().binary)]).arg(root()))
    })
}

/// Real packages, of sources, in the image that has no compiler and no headers.
fn not_compiled() {
    let rows = [
        ("psycopg2==2.9.10", "`psycopg2` is compiled here and needs `pg_config`", "ask for `psycopg2-binary` instead"),
        ("mysqlclient==2.2.7", "`mysqlclient` is compiled here and needs `mysql_config`", "ask for `PyMySQL` instead"),
        ("psutil==7.0.0", "a package is compiled here, and there is no compiler", "ask for a release of it that"),
    ];
    let started = rows.map(|(requirement, cause, hint)| {
        let name = requirement.split('=').next().unwrap_or_default();
        let site = Site::new(&[("app.py", ""), ("requirements.txt", &format!("--no-binary {name}\n{requirement}\n"))]);
        let options = ["--network", "host", "--volume", &site.mount_writable()];
        let container = Container::start_unpublished(&options, &images().runtime, &["build"]);
        (site, container, cause, hint)
    });
    let deadline = Instant::now() + Duration::from_mins(8);
    for (_site, container, cause, hint) in &started {
        while container.is_running() {
            assert!(Instant::now() < deadline, "{}", container.logs());
            std::thread::sleep(Duration::from_millis(20));
        }
        let (status, logs) = (container.wait(), container.logs());
        let told = logs.split_once("pystart: error: ").map_or("", |(_, rest)| rest);
        assert_eq!(status, 1, "{logs}");
        assert!(told.contains(cause) && told.contains(&format!("\npystart: hint: {hint}")), "{logs}");
        assert!(told.trim_end().ends_with("build with the image's target `build`"), "{logs}");
    }
}

/// The projects of tests/build, with uv or with pip, and the file that each is built from.
const PROJECTS: [(&str, bool, &str); 12] = [
    ("hashes", false, "requirements/production.txt"),
    ("package", true, "pyproject.toml"),
    ("pdm", true, "pdm.lock"),
    ("pipenv", false, "Pipfile.lock"),
    ("pipenv-unlocked", true, "Pipfile"),
    ("poetry", true, "poetry.lock"),
    ("poetry-unlocked", false, "pyproject.toml"),
    ("project", false, "pyproject.toml"),
    ("pylock", true, "pylock.toml"),
    ("setup", false, "setup.py"),
    ("subfolder", true, "backend/requirements.txt"),
    ("uv", false, "uv.lock"),
];

fn every_form() {
    let projects = root().join("tests/build/projects");
    let mut known: Vec<_> =
        fs::read_dir(&projects).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    known.sort();
    assert_eq!(known, PROJECTS.map(|(name, ..)| name));
    // What the tools fetch and make is shared, and kept from one run to the next.
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build-cache-of-containers");
    fs::create_dir_all(&cache).unwrap();
    let cache = format!("{}:/cache", cache.display());
    let serve = |name: &str, has_uv: bool, source: &str| {
        let site = Site::empty();
        succeed(Command::new("cp").args(["-R", "--"]).arg(projects.join(name).join(".")).arg(site.folder()));
        let port = free_port();
        let set = format!("PORT={port}");
        let options = ["--network", "host", "--volume", &site.mount_writable(), "--volume", &cache, "--env", &set];
        let settings = ["--env", "PYSTART_CACHE_DIR=/cache", "--env", "PYSTART_BUILD=1"];
        let image = if has_uv { build_image() } else { &images().runtime };
        let container = Container::start_unpublished(&[&options[..], &settings].concat(), image, &[]);
        let deadline = Instant::now() + Duration::from_mins(8);
        while http::get(port, "/").ok().is_none_or(|answer| answer.status != 200) {
            assert!(container.is_running() && Instant::now() < deadline, "{name}:\n{}", container.logs());
            std::thread::sleep(Duration::from_millis(20));
        }
        let installer = if has_uv { "uv" } else { "pip" };
        let told = format!("antenv` from {source} with {installer} for Python ");
        assert!(container.logs().contains(&told), "{name}:\n{}", container.logs());
        assert_eq!(container.stop(), 0, "{name}");
    };
    // Two at a time: both are mostly waiting for the index.
    let (first, second) = PROJECTS.split_at(PROJECTS.len() / 2);
    std::thread::scope(|scope| {
        for half in [first, second] {
            scope.spawn(move || half.iter().for_each(|(name, has_uv, source)| serve(name, *has_uv, source)));
        }
    });
}

fn built(docker: &mut Command) -> String {
    let output = docker.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn compiled_and_served() {
    let build = build_image();
    let app = "import setproctitle\n\n\ndef app(environ, start_response):\n    start_response('200 OK', [])\n    \
               return [setproctitle.__name__.encode()]\n";
    let dockerfile = format!(
        "FROM {build} AS build\nCOPY app.py requirements.txt ./\nRUN pystart build\nFROM {}\n\
         COPY --from=build /home/site/wwwroot .\n",
        images().runtime
    );
    let site = Site::new(&[
        ("app.py", app),
        ("requirements.txt", "--no-binary setproctitle\nsetproctitle==1.3.4\n"),
        ("Dockerfile", &dockerfile),
    ]);
    let image = built(classic_builder().arg(site.folder()));
    let container = Container::start(&[], &image, &[]);
    assert_eq!(container.first_200(), "setproctitle");
    let found =
        container.exec_text(&["sh", "-c", "command -v gcc uv; ls antenv/lib/*/site-packages/setproctitle/*.so"]);
    assert!(found.starts_with("antenv/lib/") && found.lines().count() == 1, "{found}");
    drop(container);
    docker(&["rmi", "--force", &image]);
}
