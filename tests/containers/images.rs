//! The images under test, each built once per run. Docker's own cache makes a second run quick.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// What the tests run.
pub(crate) struct Images {
    /// The stand-in for the official Python image.
    pub(crate) python: String,
    /// The target `binary`.
    pub(crate) binary: String,
    /// The target `runtime`.
    pub(crate) runtime: String,
    /// The target `appservice`.
    pub(crate) appservice: String,
}

/// Builds the Dockerfile, whole, on the stand-ins; the first caller waits, and so does everyone else.
pub(crate) fn images() -> &'static Images {
    static IMAGES: OnceLock<Result<Images, String>> = OnceLock::new();
    IMAGES.get_or_init(build).as_ref().unwrap_or_else(|error| panic!("{error}"))
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The stand-ins for the official images, of Python and of Rust.
fn stand_ins() -> Result<[String; 2], String> {
    static NAMES: OnceLock<Result<[String; 2], String>> = OnceLock::new();
    let make = || {
        let names = run(&mut Command::new(root().join("tests/images/stand-ins.sh")))?;
        let name = |key: &str| {
            let found = names.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            found.map(str::to_owned).ok_or_else(|| format!("no {key} in {names:?}"))
        };
        Ok([name("PYTHON_IMAGE")?, name("RUST_IMAGE")?])
    };
    NAMES.get_or_init(make).clone()
}

/// `docker build` of the Dockerfile on the stand-ins, without the folder.
pub(crate) fn from_checkout() -> Command {
    let [python, rust] = stand_ins().unwrap_or_else(|error| panic!("{error}"));
    let mut docker = builder();
    docker.args(["--build-arg", &format!("PYTHON_IMAGE={python}"), "--build-arg", &format!("RUST_IMAGE={rust}")]);
    // An image that holds `/pystart` already: minutes less, for who works on these tests.
    if let Ok(binary) = std::env::var("TEST_BINARY_IMAGE") {
        docker.args(["--build-arg", &format!("BINARY={binary}")]);
    }
    docker
}

fn build() -> Result<Images, String> {
    let [python, _] = stand_ins()?;
    let target = |target: &str| {
        let id = run(from_checkout().args(["--target", target]).arg(root()))?.trim().to_owned();
        // Named after its content, so that two runs at once agree, and a name keeps the cached layers alive.
        let tag = format!("pystart-test/{target}:{}", id.trim_start_matches("sha256:").get(..12).unwrap_or("latest"));
        let mut docker = Command::new("docker");
        docker.args(["tag", &id, &tag]);
        run(&mut docker).map(|_| tag)
    };
    Ok(Images { binary: target("binary")?, appservice: target("appservice")?, runtime: target("runtime")?, python })
}

/// BuildKit: it makes the stages that are needed, several at a time, and no others.
pub(crate) fn builder() -> Command {
    let mut docker = Command::new("docker");
    with_buildkit(&mut docker).env("DOCKER_BUILDKIT", "1").args(["build", "--network", "host", "--quiet"]);
    docker
}

/// What every Docker engine builds with where the plugin for BuildKit is missing.
pub(crate) fn classic_builder() -> Command {
    let mut docker = Command::new("docker");
    docker.env("DOCKER_BUILDKIT", "0").args(["build", "--network", "host", "--quiet"]);
    docker
}

/// Several tests want the plugin at once; none may run one that another is still writing.
static TURN: Mutex<()> = Mutex::new(());

/// A configuration folder of the Docker command with Debian's plugin for BuildKit, unless the command has one.
fn buildkit_plugin(python: &str) -> Option<PathBuf> {
    if Command::new("docker").args(["buildx", "version"]).output().is_ok_and(|output| output.status.success()) {
        return None;
    }
    let _turn = TURN.lock();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("buildx");
    if !folder.join("cli-plugins/docker-buildx").exists() {
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        let volume = format!("{}:/config", folder.display());
        let script = "apt-get -qq update && cd /tmp && apt-get -qq download docker-buildx && dpkg -x docker-buildx*.deb x \
                      && mkdir -p /config/cli-plugins && cp x/usr/libexec/docker/cli-plugins/docker-buildx /config/cli-plugins/";
        crate::docker::docker(&["run", "--rm", "--network", "host", "--volume", &volume, python, "sh", "-c", script]);
    }
    Some(folder)
}

/// Lets this call of Docker use BuildKit.
pub(crate) fn with_buildkit(docker: &mut Command) -> &mut Command {
    if let Some(folder) = buildkit_plugin(&stand_ins().unwrap_or_else(|error| panic!("{error}"))[0]) {
        docker.env("DOCKER_CONFIG", folder);
    }
    docker
}

/// What a command printed, or all that it said when it failed.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!("{command:?}\n{}\n{}", text(&output.stdout), text(&output.stderr)))
}

/// A virtual environment that was made as `antenv` in the app root, with Django, Flask, FastAPI and its server,
/// aiohttp and gunicorn. Mounted there it is as good as new, mounted elsewhere its scripts have no interpreter.
pub(crate) fn antenv() -> &'static Path {
    const PACKAGES: [&str; 6] = [
        "django==5.2.19",
        "flask==3.1.3",
        "fastapi==0.165.0",
        "uvicorn==0.54.0",
        "uvicorn-worker==0.4.0",
        "aiohttp==3.14.5",
    ];
    static ANTENV: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let make = || {
        let python = &images().python;
        let key = format!("{}-{}", python.rsplit(':').next().unwrap_or_default(), PACKAGES.join("-"));
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("antenv").join(key);
        let folder = cache.join("antenv");
        if folder.join("complete").exists() {
            return Ok(folder);
        }
        let script = "python3 -m venv $0 && $0/bin/pip install --quiet \"$@\" \
                      && rm -rf /cache/antenv && cp -a $0 /cache/ && touch /cache/antenv/complete";
        std::fs::create_dir_all(&cache).map_err(|error| error.to_string())?;
        let mut docker = Command::new("docker");
        docker.args(["run", "--rm", "--network", "host", "--volume", &format!("{}:/cache", cache.display())]);
        docker.args([python, "sh", "-c", script, &format!("{}/antenv", crate::site::ROOT)]).args(PACKAGES);
        run(&mut docker).map(|_| folder)
    };
    ANTENV.get_or_init(make).as_deref().unwrap_or_else(|error| panic!("{error}"))
}
