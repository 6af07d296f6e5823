//! The image with the binary alone, and what it is for: `COPY --from` into any base, and builds that compile nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::docker::{Container, docker};
use crate::images::{builder, classic_builder, images, root};
use crate::site::{Site, flask};
use crate::{Test, programs, succeed, test};

/// A name that no registry has: a build that asks for it fails.
const NO_IMAGE: &str = "pystart-test/there-is-no-such-image";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("the_image_holds_the_binary_alone", binary_alone),
        test("copied_into_a_slim_image_it_starts_the_app", slim),
        test("the_wheel_installed_into_a_slim_image_starts_the_app", wheel),
        test("an_environment_on_path_sees_the_packages_of_its_python_where_it_says_so", environment_on_path),
        test("copied_into_busybox_it_starts_a_command_as_its_init", busybox),
        test("copied_into_scratch_with_a_root_it_starts_the_app", scratch),
        test("with_a_ready_binary_nothing_is_compiled", compiles_nothing),
    ]
}

fn binary_alone() {
    let name = format!("pystart-test-binary-{}", std::process::id());
    docker(&["create", "--name", &name, &images().binary]);
    let list = Command::new("sh").args(["-c", &format!("docker export {name} | tar --list")]).output().unwrap();
    docker(&["rm", &name]);
    let list = String::from_utf8(list.stdout).unwrap();
    // What the engine itself puts into every container.
    let of_the_engine = ["dev/", "etc/", "proc/", "sys/", ".dockerenv"];
    let files: Vec<_> = list.lines().filter(|name| !of_the_engine.iter().any(|own| name.starts_with(own))).collect();
    assert_eq!(files, ["pystart"]);
    let version = docker(&["run", "--rm", &images().binary, "--version"]);
    assert!(version.starts_with(concat!("pystart ", env!("CARGO_PKG_VERSION"), " (")), "{version}");
}

/// An image made from this Dockerfile, in which BINARY stands for the image with the binary; removed when dropped.
struct Image {
    id: String,
    context: PathBuf,
}

impl Image {
    fn build(dockerfile: &str, add: impl FnOnce(&Path)) -> Self {
        let site = Site::empty();
        let context = site.folder().with_extension("context");
        fs::create_dir_all(&context).unwrap();
        let dockerfile = dockerfile.replace("BINARY", &images().binary).replace("PYTHON", &images().python);
        fs::write(context.join("Dockerfile"), dockerfile).unwrap();
        add(&context);
        let output = classic_builder().arg(&context).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { id: String::from_utf8(output.stdout).unwrap().trim().to_owned(), context }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.context);
        let _ = Command::new("docker").args(["rmi", "--force", &self.id]).output();
    }
}

fn slim() {
    // As docs/image.md has it.
    let image = Image::build(
        "FROM PYTHON\n\
         RUN pip install --no-cache-dir --root-user-action=ignore flask==3.1.3 gunicorn==27.0.1\n\
         COPY --from=BINARY /pystart /usr/local/bin/pystart\n\
         WORKDIR /home/site/wwwroot\n\
         COPY app.py .\n\
         ENTRYPOINT [\"pystart\"]\n",
        |context| fs::write(context.join("app.py"), flask("copied into slim")).unwrap(),
    );
    let container = Container::start(&[], &image.id, &[]);
    assert!(container.first_200().contains("copied into slim"));
    assert_eq!(container.stop(), 0);
}

/// Nothing but the environment's programs is on the search path: its Python, and gunicorn and Flask beside that, are found
/// by what the environment says of itself.
fn environment_on_path() {
    for (option, answers) in [("--system-site-packages", true), ("--without-pip", false)] {
        let image = Image::build(
            &format!(
                "FROM PYTHON\n\
                 RUN pip install --no-cache-dir --root-user-action=ignore flask==3.1.3 gunicorn==27.0.1 \
                 && python3 -m venv --without-pip {option} /opt/venv\n\
                 COPY --from=BINARY /pystart /pystart\n\
                 COPY app.py /home/site/wwwroot/\n\
                 ENV PATH=/opt/venv/bin\n\
                 ENTRYPOINT [\"/pystart\"]\n"
            ),
            |context| fs::write(context.join("app.py"), flask("seen by the environment")).unwrap(),
        );
        let explained = docker(&["run", "--rm", &image.id, "explain"]);
        assert_eq!(explained.contains("/opt/venv/bin/python -m gunicorn --bind=0.0.0.0"), answers, "{explained}");
        if answers {
            let container = Container::start(&[], &image.id, &[]);
            assert!(container.first_200().contains("seen by the environment"));
            assert_eq!(container.stop(), 0);
        }
    }
}

fn wheel() {
    let wheel = programs::wheel();
    let image = Image::build(
        "FROM PYTHON\n\
         COPY *.whl /tmp/\n\
         RUN pip install --no-cache-dir --root-user-action=ignore /tmp/*.whl flask==3.1.3 gunicorn==27.0.1\n\
         WORKDIR /home/site/wwwroot\n\
         COPY app.py .\n\
         ENTRYPOINT [\"pystart\"]\n",
        |context| {
            fs::copy(wheel, context.join(wheel.file_name().unwrap())).unwrap();
            fs::write(context.join("app.py"), flask("installed from the wheel")).unwrap();
        },
    );
    let container = Container::start(&[], &image.id, &[]);
    assert!(container.first_200().contains("installed from the wheel"));
    assert_eq!(container.stop(), 0);
}

fn busybox() {
    // Debian's static busybox, alone: no library, no Python.
    let image = Image::build(
        "FROM PYTHON AS debian\n\
         RUN apt-get update && cd /tmp && apt-get download busybox-static && dpkg-deb --extract *.deb /tmp/root\n\
         FROM scratch\n\
         COPY --from=debian /tmp/root/usr/bin/busybox /bin/busybox\n\
         COPY --from=debian /tmp/root/usr/bin/busybox /bin/sh\n\
         COPY --from=BINARY /pystart /usr/local/bin/pystart\n\
         COPY index.html /home/site/wwwroot/\n\
         ENV PATH=/usr/local/bin:/bin PORT=8000\n\
         ENTRYPOINT [\"pystart\"]\n\
         CMD [\"busybox\", \"httpd\", \"-f\", \"-p\", \"8000\"]\n",
        |context| fs::write(context.join("index.html"), "served by busybox").unwrap(),
    );
    let container = Container::start(&[], &image.id, &[]);
    assert!(container.first_200().contains("served by busybox"));
    let init = container.exec_text(&["busybox", "cat", "/proc/1/comm"]);
    assert_eq!(init.trim(), "pystart");
    assert_eq!(container.stop(), 143, "httpd has no handler of its own");
}

fn scratch() {
    let image = Image::build(
        "FROM PYTHON AS root\n\
         RUN pip install --no-cache-dir --root-user-action=ignore flask==3.1.3 gunicorn==27.0.1\n\
         FROM scratch\n\
         COPY --from=root / /\n\
         COPY --from=BINARY /pystart /pystart\n\
         COPY app.py /home/site/wwwroot/\n\
         ENTRYPOINT [\"/pystart\"]\n",
        |context| fs::write(context.join("app.py"), flask("copied into scratch")).unwrap(),
    );
    let container = Container::start(&[], &image.id, &[]);
    assert!(container.first_200().contains("copied into scratch"));
    assert_eq!(container.stop(), 0);
}

/// The build arguments for a ready binary; the image that would compile it cannot be had.
fn around_the_binary() -> [String; 6] {
    let argument = |name: &str, value: &str| ["--build-arg".to_owned(), format!("{name}={value}")];
    let pairs = [("BINARY", &*images().binary), ("PYTHON_IMAGE", &*images().python), ("RUST_IMAGE", NO_IMAGE)];
    let mut words = pairs.iter().flat_map(|(name, value)| argument(name, value));
    std::array::from_fn(|_| words.next().unwrap_or_default())
}

fn compiles_nothing() {
    let version = |image: &str| docker(&["run", "--rm", image, "--version"]);
    // BuildKit leaves out what is not needed; the classic builder makes every stage up to the one that is asked for.
    for (mut build, target) in [(builder(), "appservice"), (classic_builder(), "runtime")] {
        let image = succeed(build.args(["--target", target]).args(around_the_binary()).arg(root()));
        assert_eq!(version(&image), version(&images().binary), "{target}");
    }
}
