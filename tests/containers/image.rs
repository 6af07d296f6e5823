//! What the image is, before anything runs in it; and the other builder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::docker::docker;
use crate::images::{classic_builder, images, root};
use crate::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("its_settings_are_the_documented_ones", settings),
        test("it_holds_nothing_to_build_with", nothing_to_build_with),
        test("every_user_can_read_what_is_installed_and_it_is_compiled", readable_and_compiled),
        test("the_binary_needs_no_library", static_binary),
        test("buildkit_builds_it_too_around_a_ready_binary", buildkit),
    ]
}

fn inspect(image: &str, format: &str) -> String {
    docker(&["image", "inspect", "--format", format, image])
}

fn settings() {
    for (image, ports) in
        [(&images().runtime, "map[8000/tcp:{}]"), (&images().appservice, "map[2222/tcp:{} 8000/tcp:{}]")]
    {
        let expected = [
            ("{{.Config.Entrypoint}}", "[/usr/local/bin/pystart]"),
            ("{{.Config.WorkingDir}}", "/home/site/wwwroot"),
            ("{{.Config.StopSignal}}", "SIGTERM"),
            ("{{.Config.Healthcheck.Test}}", "[CMD /usr/local/bin/pystart health]"),
            ("{{.Config.ExposedPorts}}", ports),
            ("{{index .Config.Labels \"org.opencontainers.image.licenses\"}}", "MIT"),
            ("{{index .Config.Labels \"org.opencontainers.image.version\"}}", env!("CARGO_PKG_VERSION")),
        ];
        for (format, value) in expected {
            assert_eq!(inspect(image, format), value, "{format}");
        }
        let variables = inspect(image, "{{range .Config.Env}}{{println .}}{{end}}");
        for variable in ["PORT=8000", "PYTHONUNBUFFERED=1"] {
            assert!(variables.lines().any(|line| line == variable), "{variables}");
        }
        assert_eq!(variables.contains("SSH_PORT=2222"), *image == images().appservice, "{variables}");
    }
}

/// Runs a shell command in a new container of the image.
fn shell(image: &str, script: &str) -> String {
    docker(&["run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", script])
}

fn nothing_to_build_with() {
    let script = "for name in cc gcc g++ make cargo rustc rustup git; do command -v $name; done; \
                  ls -d /build /root/.cargo /usr/local/cargo 2> /dev/null; ls -A /tmp /var/lib/apt/lists";
    for image in [&images().runtime, &images().appservice] {
        assert_eq!(shell(image, script), "/tmp:\n\n/var/lib/apt/lists:");
    }
}

fn readable_and_compiled() {
    let script = "cd \"$(python -c 'import gunicorn, os; print(os.path.dirname(os.path.dirname(gunicorn.__file__)))')\" \
                  && find . ! -perm -o=r && for package in gunicorn flask werkzeug jinja2 click; do \
                  test -n \"$(find $package -name '*.pyc')\" || echo \"$package is not compiled\"; done; \
                  find /opt/defaultsite ! -perm -o=r; ls /opt/defaultsite/__pycache__ | grep -c pyc";
    assert_eq!(shell(&images().runtime, script), "1");
}

fn static_binary() {
    // Neither an interpreter nor a dynamic section: the kernel alone can start it.
    let script = "import struct; data = open('/usr/local/bin/pystart', 'rb').read(); \
                  offset, = struct.unpack_from('<Q', data, 32); size, count = struct.unpack_from('<HH', data, 54); \
                  print(sorted({struct.unpack_from('<I', data, offset + size * i)[0] for i in range(count)} & {2, 3}))";
    let found = docker(&["run", "--rm", "--entrypoint", "python3", &images().runtime, "-c", script]);
    assert_eq!(found, "[]", "2 is PT_DYNAMIC, 3 is PT_INTERP");
}

/// A configuration folder of the Docker command with Debian's plugin for BuildKit, unless the command has one.
fn buildkit_plugin() -> Option<PathBuf> {
    if Command::new("docker").args(["buildx", "version"]).output().is_ok_and(|output| output.status.success()) {
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("buildx");
    if !folder.join("cli-plugins/docker-buildx").exists() {
        fs::create_dir_all(&folder).unwrap();
        let volume = format!("{}:/config", folder.display());
        let script = "apt-get -qq update && cd /tmp && apt-get -qq download docker-buildx && dpkg -x docker-buildx*.deb x \
                      && mkdir -p /config/cli-plugins && cp x/usr/libexec/docker/cli-plugins/docker-buildx /config/cli-plugins/";
        docker(&["run", "--rm", "--network", "host", "--volume", &volume, &images().python, "sh", "-c", script]);
    }
    Some(folder)
}

fn buildkit() {
    // The build argument BINARY: an image with the binary, as it is made once for several Python versions.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("binary-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(
        folder.join("Dockerfile"),
        format!("FROM {} AS made\nFROM scratch\nCOPY --from=made /usr/local/bin/pystart /pystart\n", images().runtime),
    )
    .unwrap();
    let made = classic_builder().arg(&folder).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let id = String::from_utf8(made.stdout).unwrap();
    let binary = format!("pystart-test/binary:{}", &id.trim_start_matches("sha256:")[..12]);
    docker(&["tag", id.trim(), &binary]);
    fs::remove_dir_all(&folder).unwrap();

    for target in ["runtime", "appservice"] {
        let mut build = Command::new("docker");
        build.env("DOCKER_BUILDKIT", "1").args(["build", "--network", "host", "--quiet", "--target", target]);
        if let Some(folder) = buildkit_plugin() {
            build.env("DOCKER_CONFIG", folder);
        }
        build.args(["--build-arg", &format!("BINARY={binary}")]);
        build.args(["--build-arg", &format!("PYTHON_IMAGE={}", images().python)]).arg(root());
        let output = build.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let image = String::from_utf8(output.stdout).unwrap();
        let version = docker(&["run", "--rm", image.trim(), "--version"]);
        assert!(version.starts_with(concat!("pystart ", env!("CARGO_PKG_VERSION"), " (")), "{version}");
    }
}
