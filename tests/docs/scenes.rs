//! The folders in which commands of the documentation are run.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::python::{App, environment, python};

const FLASK: &str =
    "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.route(\"/\")\ndef index():\n    return \"Hello\"\n";

/// An app root that stands for `/home/site/wwwroot`.
pub(crate) struct Scene {
    app: App,
    bin: App,
}

impl Scene {
    /// The one of this name.
    pub(crate) fn new(name: &str) -> Self {
        let broken = format!("import pandas\n{FLASK}");
        let streamlit = "import streamlit as st\n\nst.title('Hello')\n";
        let files: &[(&str, &str)] = match name {
            "flask" => &[("app.py", FLASK), ("requirements.txt", "flask\ngunicorn\n")],
            "script" => &[("app.py", FLASK), ("startup.sh", "exec gunicorn app:app\n")],
            "broken" => &[("app.py", &broken), ("requirements.txt", "flask\ngunicorn\n")],
            "dashboard" => &[("dashboard.py", streamlit), ("requirements.txt", "streamlit\n")],
            _ => panic!("there is no scene `{name}`"),
        };
        let scene = Self { app: App::new(files), bin: App::new(&[]) };
        if name != "dashboard" {
            scene.make_environment();
        }
        symlink(env!("CARGO_BIN_EXE_pystart"), scene.bin.root.join("pystart")).unwrap();
        scene
    }

    /// `antenv` with the packages of the tests, as if it had been made here.
    fn make_environment(&self) {
        let antenv = self.app.root.join("antenv");
        let lib = fs::read_dir(environment().join("lib")).unwrap().next().unwrap().unwrap();
        let (packages, own) =
            (lib.path().join("site-packages"), antenv.join("lib").join(lib.file_name()).join("site-packages"));
        fs::create_dir_all(&own).unwrap();
        fs::create_dir_all(antenv.join("bin")).unwrap();
        for entry in fs::read_dir(packages).unwrap().map(Result::unwrap) {
            symlink(entry.path(), own.join(entry.file_name())).unwrap();
        }
        symlink(python().canonicalize().unwrap(), antenv.join("bin/python")).unwrap();
        fs::copy(environment().join("pyvenv.cfg"), antenv.join("pyvenv.cfg")).unwrap();
        let script = fs::read_to_string(environment().join("bin/gunicorn")).unwrap();
        let own = antenv.join("bin/gunicorn");
        fs::write(&own, script.replacen(environment().to_str().unwrap(), antenv.to_str().unwrap(), 1)).unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A command as a shell runs it in this folder.
    pub(crate) fn command(&self, line: &str, port: u16) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).current_dir(&self.app.root).stdin(Stdio::null()).env_clear();
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.bin.root.display()));
        command.env("PYSTART_APP_ROOT", &self.app.root).env("HOME", &self.bin.root).env("LC_ALL", "C");
        if port != 0 {
            command.env("PORT", port.to_string());
        }
        command
    }

    /// What was printed, with the names that the reader would see.
    pub(crate) fn as_in_the_image(&self, text: &str) -> String {
        let replace = |text: String, from: &Path, to: &str| text.replace(from.to_str().unwrap(), to);
        let text = replace(text.to_owned(), &self.app.root, "/home/site/wwwroot");
        replace(text, &self.bin.root, "/usr/local/bin")
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> PathBuf {
        self.app.root.clone()
    }
}
