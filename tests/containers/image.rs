//! What the image is, before anything runs in it.

use crate::docker::docker;
use crate::images::images;
use crate::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("its_settings_are_the_documented_ones", settings),
        test("it_holds_nothing_to_build_with", nothing_to_build_with),
        test("every_user_can_read_what_is_installed_and_it_is_compiled", readable_and_compiled),
        test("the_binary_needs_no_library_and_names_what_it_is_made_from", static_binary),
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
            ("{{.Config.Healthcheck.Test}}", "[CMD /usr/local/bin/pystart health --live]"),
            ("{{.Config.ExposedPorts}}", ports),
            ("{{index .Config.Labels \"org.opencontainers.image.licenses\"}}", "MIT"),
            ("{{index .Config.Labels \"org.opencontainers.image.version\"}}", env!("CARGO_PKG_VERSION")),
            ("{{index .Config.Labels \"org.opencontainers.image.base.name\"}}", &images().python),
        ];
        for (format, value) in expected {
            assert_eq!(inspect(image, format), value, "{format}");
        }
        let variables = inspect(image, "{{range .Config.Env}}{{println .}}{{end}}");
        for variable in ["PORT=8000", "PYTHONUNBUFFERED=1", "WEB_CONCURRENCY=auto"] {
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
                  ls -d /build /root/.cargo /usr/local/cargo 2> /dev/null; ls -A /tmp /var/lib/apt/lists; find /var/cache/apt -size +8k 2> /dev/null; true";
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
                  print(sorted({struct.unpack_from('<I', data, offset + size * i)[0] for i in range(count)} & {2, 3}), b'.dep-v0' in data)";
    let found = docker(&["run", "--rm", "--entrypoint", "python3", &images().runtime, "-c", script]);
    assert_eq!(found, "[] True", "2 is PT_DYNAMIC, 3 is PT_INTERP");
}
