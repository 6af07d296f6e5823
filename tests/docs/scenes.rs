//! The folders in which commands of the documentation are run.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::python::{App, environment, python};

const FLASK: &str =
    "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.route(\"/\")\ndef index():\n    return \"Hello\"\n";

/// An app root that stands for `/home/site/wwwroot`.
pub(crate) struct Scene {
    app: App,
    bin: App,
    /// What is set in the container.
    variables: Vec<(&'static str, &'static str)>,
}

impl Scene {
    /// The one of this name.
    pub(crate) fn new(name: &str) -> Self {
        const REQUIREMENTS: (&str, &str) = ("requirements.txt", "flask\ngunicorn\n");
        let broken = format!("import pandas\n{FLASK}");
        let secret =
            "import os\nfrom flask import Flask\napp = Flask(__name__)\napp.secret_key = os.environ[\"SECRET_KEY\"]\n";
        // Without a package, so that the time is spent in the loop.
        let hang =
            "import time\n\ndef app(environ, start_response):\n    return []\n\nwhile True:\n    time.sleep(1)\n";
        let yaml = format!("import os\nimport yaml\n{FLASK}");
        let dashboard = "import streamlit as st\n\nst.title('Hello')\n";
        let manage = "import os, sys\nfrom django.core.management import execute_from_command_line\n\
                      os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'\nexecute_from_command_line(sys.argv)\n";
        let settings = "SECRET_KEY = 'x'\nALLOWED_HOSTS = ['*']\nROOT_URLCONF = 'mysite.urls'\n\
                        INSTALLED_APPS = ['django.contrib.contenttypes']\n\
                        DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'database'}}\n";
        let urls = "from django.http import HttpResponse\nfrom django.urls import path\n\
                    urlpatterns = [path('', lambda request: HttpResponse('served by Django'))]\n";
        let wsgi = "import os\nfrom django.core.wsgi import get_wsgi_application\n\
                    os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'\napplication = get_wsgi_application()\n";
        let files: &[(&str, &str)] = match name {
            "django" => &[
                ("manage.py", manage),
                ("mysite/__init__.py", ""),
                ("mysite/settings.py", settings),
                ("mysite/urls.py", urls),
                ("mysite/wsgi.py", wsgi),
            ],
            "flask" | "misspelled" => &[("app.py", FLASK), REQUIREMENTS],
            "script" | "script-started" => &[("app.py", FLASK), ("startup.sh", "exec gunicorn app:app\n")],
            "windows" => &[("app.py", FLASK), ("startup.sh", "exec gunicorn app:app\r\n")],
            "broken" => &[("app.py", &broken), REQUIREMENTS],
            "secret" => &[("app.py", secret), REQUIREMENTS],
            "hang" => &[("app.py", hang), REQUIREMENTS],
            "yaml" => &[("app.py", &yaml), ("requirements.txt", "flask\ngunicorn\npyyaml\n")],
            "dashboard" => &[("dashboard.py", dashboard), ("requirements.txt", "streamlit\n")],
            _ => panic!("there is no scene `{name}`"),
        };
        let variables: &[(&str, &str)] = match name {
            "misspelled" => &[("PYSTART_COMMAND", "gunicron app:app")],
            "script-started" | "windows" => &[("PYSTART_COMMAND", "startup.sh")],
            _ => &[],
        };
        let scene = Self { app: App::new(files), bin: App::new(&[]), variables: variables.to_vec() };
        scene.make_environment();
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
        let is_gunicorn = |name: &std::ffi::OsStr| name.to_str().is_some_and(|name| name.starts_with("gunicorn"));
        for entry in
            fs::read_dir(packages).unwrap().map(Result::unwrap).filter(|entry| !is_gunicorn(&entry.file_name()))
        {
            symlink(entry.path(), own.join(entry.file_name())).unwrap();
        }
        for entry in
            fs::read_dir(gunicorn()).unwrap().map(Result::unwrap).filter(|entry| is_gunicorn(&entry.file_name()))
        {
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
        command.envs(self.variables.iter().copied());
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

/// The gunicorn that the image has, which is newer than that of the other tests.
fn gunicorn() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let text = include_str!("../../image/requirements.txt");
        let wanted = text.lines().find(|line| line.starts_with("gunicorn==")).expect("the image has gunicorn");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(wanted);
        if !folder.join("complete").exists() {
            let mut pip = Command::new(python());
            pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "--target"]);
            assert!(pip.arg(&folder).arg(wanted).status().unwrap().success());
            fs::write(folder.join("complete"), "").unwrap();
        }
        folder
    })
}
