//! The wheel and the source archive: what is in them, and that `pip install` of either gives a command that works.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::site::{PAGE, first_page, path_with};
use crate::{programs, python, root, succeed, tools};

/// A virtual environment that is removed in the end.
struct Environment(PathBuf);

impl Environment {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        Self(folder)
    }

    fn bin(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }

    /// `pip install` with gunicorn from this disk, pinned.
    fn pip_install(&self) -> Command {
        let mut pip = Command::new(self.bin("pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--find-links"]);
        pip.arg(python::environment().join("wheels"));
        pip
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One file of an archive, unpacked by Python.
fn member(archive: &Path, end: &str) -> Vec<u8> {
    let script = "import sys, zipfile; archive = zipfile.ZipFile(sys.argv[1]); \
                  name, = [name for name in archive.namelist() if name.endswith(sys.argv[2])]; \
                  sys.stdout.buffer.write(archive.read(name))";
    let output = Command::new("python3").args(["-c", script]).arg(archive).arg(end).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn the_wheel_is_for_any_linux_and_has_the_version_of_the_manifest() {
    let name = programs::wheel().file_name().unwrap().to_str().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let machine = programs::NATIVE;
    let expected = format!(
        "pystart_server-{version}-py3-none-manylinux2014_{machine}.manylinux_2_17_{machine}.musllinux_1_1_{machine}.whl"
    );
    assert_eq!(name, expected);
    let metadata = String::from_utf8(member(programs::wheel(), "METADATA")).unwrap();
    for line in ["Name: pystart-server", "Provides-Extra: gunicorn", "Provides-Extra: uvicorn", "License-File: LICENSE"]
    {
        assert!(metadata.lines().any(|found| found == line), "no {line:?} in {metadata}");
    }
}

#[test]
fn two_builds_in_different_folders_are_the_same_to_the_last_byte() {
    let (here, there) = (fs::read(programs::native()).unwrap(), member(programs::wheel(), "scripts/pystart"));
    assert!(
        here == there,
        "{} and the program in {} differ",
        programs::native().display(),
        programs::wheel().display()
    );
}

#[test]
fn the_program_names_no_folder_of_the_machine_that_compiled_it() {
    let program = fs::read(programs::native()).unwrap();
    for folder in [root().to_str().unwrap(), "/.cargo/registry"] {
        let is_there = program.windows(folder.len()).any(|window| window == folder.as_bytes());
        assert!(!is_there, "{folder} is in the program");
    }
}

#[test]
fn the_index_would_take_the_wheel_and_render_its_readme() {
    let said = succeed(tools::command("twine").args(["--no-color", "check", "--strict"]).arg(programs::wheel()));
    assert!(said.contains("PASSED"), "{said}");
}

#[test]
fn the_wheel_installed_with_its_extra_starts_an_app() {
    let environment = Environment::new("from-wheel");
    let with_extra = format!("{}[gunicorn]", programs::wheel().display());
    succeed(environment.pip_install().args(["--no-index", &with_extra]));
    let program = environment.bin("pystart");
    // Called by its path, it is in the environment of the app; nothing on `PATH` is.
    for path in [path_with(&environment.0.join("bin")), "/usr/local/bin:/usr/bin:/bin".to_owned()] {
        assert_eq!(first_page(&mut Command::new(&program), &path), PAGE);
    }
    assert_eq!(fs::read(program).unwrap(), fs::read(programs::native()).unwrap());
}

#[test]
fn the_source_archive_can_be_installed() {
    let environment = Environment::new("from-sources");
    let folder = environment.0.join("dist");
    succeed(tools::command("maturin").args(["sdist", "--out"]).arg(&folder).current_dir(root()));
    let archive = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let name = format!("pystart_server-{}.tar.gz", env!("CARGO_PKG_VERSION"));
    assert_eq!(archive.file_name().unwrap().to_str(), Some(&*name));
    assert!(fs::metadata(&archive).unwrap().len() < 512 * 1024, "small enough to look through");
    // A quick build is enough to see that everything is there; it is kept between runs.
    let mut pip = environment.pip_install();
    pip.args(["--no-build-isolation", "--no-deps"]).arg(&archive).env("PATH", tools::path());
    pip.env("PYTHONPATH", tools::modules()).env("MATURIN_PEP517_ARGS", "--profile dev");
    succeed(pip.env("CARGO_TARGET_DIR", environment.0.with_file_name("from-archive")));
    let version = succeed(Command::new(environment.bin("pystart")).arg("--version"));
    assert!(version.starts_with(concat!("pystart ", env!("CARGO_PKG_VERSION"), " (")), "{version}");
}
