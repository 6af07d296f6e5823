//! Every system call fails once, and a stop comes at every moment: `run` (as it hands over and as init), `explain`, `build`,
//! `env` and `health` never hang, never panic, never end with a wrong status, and either do what they would have done or say what
//! failed.
//!
//! By default a sample is taken; with `FAULTS=all` every call fails with every error, and the table of
//! `docs/testing.md` is printed. Of a command with very many calls that is a larger sample; `FAULTS=every` takes all of them.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and prints its table")]

#[cfg(target_arch = "x86_64")]
mod calls;
#[cfg(target_arch = "x86_64")]
mod stops;
#[cfg(target_arch = "x86_64")]
mod tracer;

#[cfg(target_arch = "x86_64")]
mod scene {
    use std::fs::{self, File};
    use std::io::Read as _;
    use std::net::TcpListener;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::tracer::{Meddling, Outcome, run};

    /// Is every call to fail, or a sample?
    pub(crate) fn is_whole() -> bool {
        std::env::var_os("FAULTS").is_some_and(|value| value == "all" || value == "every")
    }

    /// Is every call to fail also where that takes an hour?
    pub(crate) fn is_patient() -> bool {
        std::env::var_os("FAULTS").is_some_and(|value| value == "every")
    }

    /// A port that nobody listens on.
    pub(crate) fn free_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    /// A Python that makes environments without a package, as quickly as can be.
    const PYTHON: &str = "#!/bin/sh\ncase \"$*\" in\n\
        *find_spec*) printf '3.12.1\\ncpython-312 x /p\\n\\nTrue\\n' ;;\n\
        *venv*) for last; do :; done; /bin/mkdir -p \"$last/bin\" \"$last/lib/python3.12/site-packages\"\n\
        : > \"$last/pyvenv.cfg\"; /bin/cp \"$0\" \"$last/bin/python\" ;;\nesac\n";

    /// An app, and a gunicorn that does next to nothing. Removed in the end.
    pub(crate) struct Scene {
        pub(crate) folder: PathBuf,
    }

    fn program(path: &Path, content: &[u8]) {
        fs::write(path, content).unwrap();
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Is this an environment that a build has made, whole or not at all?
    pub(crate) fn is_environment(folder: &Path) -> bool {
        let parts = ["bin/python", "pyvenv.cfg", "lib/python3.12/site-packages", "pystart-build"];
        let there = parts.iter().filter(|part| folder.join(part).exists()).count();
        assert!(there == 0 || there == parts.len(), "half an environment: {there} of {} parts", parts.len());
        assert_eq!(folder.exists(), there > 0, "an empty environment");
        there > 0
    }

    impl Scene {
        /// The server is this program under the name `gunicorn`, or `server` for a custom command.
        pub(crate) fn new(server: &str) -> Self {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{}-{number}", std::process::id()));
            fs::create_dir_all(folder.join("root")).unwrap();
            fs::create_dir_all(folder.join("bin")).unwrap();
            fs::create_dir_all(folder.join("tmp")).unwrap();
            fs::write(folder.join("root/app.py"), "from flask import Flask\napp = Flask(__name__)\n").unwrap();
            for name in ["gunicorn", "server"] {
                program(&folder.join("bin").join(name), &fs::read(server).unwrap());
            }
            Self { folder }
        }

        /// With what a build takes.
        pub(crate) fn with_build_tools() -> Self {
            let scene = Self::new("/bin/true");
            program(&scene.folder.join("bin/python3"), PYTHON.as_bytes());
            program(&scene.folder.join("bin/uv"), &fs::read("/bin/true").unwrap());
            fs::write(scene.folder.join("root/requirements.txt"), "flask\n").unwrap();
            scene
        }

        /// The environment that a build has made, whole or not at all: is there one?
        pub(crate) fn has_environment(&self) -> bool {
            is_environment(&self.folder.join("root/antenv"))
        }

        /// `pystart` with these arguments, for the app, in an environment with nothing else.
        pub(crate) fn play(&self, arguments: &[&str], port: u16, meddling: Meddling) -> (Outcome, String, String) {
            // Each build is the first.
            for folder in ["root/antenv", "root/.antenv.building", "tmp/pystart"] {
                let _ = fs::remove_dir_all(self.folder.join(folder));
            }
            let mut command = Command::new(env!("CARGO_BIN_EXE_pystart"));
            command.args(arguments).current_dir(self.folder.join("root")).env_clear();
            command.env("PATH", self.folder.join("bin")).env("HOME", "/").env("TMPDIR", self.folder.join("tmp"));
            command.env("XDG_CACHE_HOME", self.folder.join("tmp"));
            command.env("HOME_SITE", self.folder.join("root")).env("PORT", port.to_string()).env("PYSTART_GRACE", "1");
            let open = |name: &str| {
                File::options().create(true).truncate(true).read(true).write(true).open(self.folder.join(name)).unwrap()
            };
            let (output, errors) = (open("output"), open("errors"));
            let outcome = run(&mut command, &output, &errors, meddling);
            let text = |name: &str| {
                let mut text = Vec::new();
                File::open(self.folder.join(name)).unwrap().read_to_end(&mut text).unwrap();
                String::from_utf8_lossy(&text).into_owned()
            };
            (outcome, text("output"), text("errors"))
        }
    }

    impl Drop for Scene {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
