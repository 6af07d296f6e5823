//! An app root with an environment that is made of a few files, so that every machine prints the same.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::python::App;

/// An app root, and the folder of an image around it.
pub(crate) struct Scene {
    pub(crate) app: App,
    /// What is on `PATH`: empty unless a case fills it.
    pub(crate) bin: App,
    path: PathBuf,
}

impl Scene {
    /// One with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let bin = App::new(&[]);
        Self { app: App::new(files), path: bin.root.clone(), bin }
    }

    /// The same with `antenv`, in which gunicorn seems to be installed.
    pub(crate) fn with_gunicorn(files: &[(&str, &str)]) -> Self {
        let scene = Self::new(files);
        let site = "antenv/lib/python3.11/site-packages";
        scene.app.write("antenv/pyvenv.cfg", "home = /usr/local/bin\nversion = 3.11.4\n");
        scene.app.write(&format!("{site}/gunicorn/__init__.py"), "version_info = (27, 0, 1)\n");
        scene.program("antenv/bin/python", "#!/bin/sh\n");
        scene.program("antenv/bin/gunicorn", "#!/usr/bin/env python\n");
        scene
    }

    /// One with the packages of the tests on `PATH`.
    pub(crate) fn with_packages(files: &[(&str, &str)]) -> Self {
        Self { path: crate::python::image(), ..Self::new(files) }
    }

    /// An executable file of the app.
    pub(crate) fn program(&self, name: &str, text: &str) {
        self.app.write(name, text);
        fs::set_permissions(self.app.root.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What a call prints, as it would be seen in the image.
    pub(crate) fn call(&self, words: &[&str], variables: &[(&str, &str)]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pystart"));
        command.args(words).current_dir("/").stdin(Stdio::null()).env_clear();
        command.env("PYSTART_APP_ROOT", &self.app.root).env("PATH", &self.path).env("HOME", &self.bin.root);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let mut text = String::new();
        for bytes in [&output.stdout, &output.stderr] {
            text.push_str(&String::from_utf8_lossy(bytes));
        }
        let call: Vec<_> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = [call, vec!["pystart".to_owned()], words.iter().map(|word| (*word).to_owned()).collect()].concat();
        let status = output.status.code().expect("it ends by itself");
        self.as_in_the_image(&format!("$ {}\n{text}[status {status}]\n", call.join(" ")))
    }

    fn as_in_the_image(&self, text: &str) -> String {
        let packages = crate::python::environment();
        let lib = fs::read_dir(packages.join("lib")).unwrap().next().unwrap().unwrap().file_name();
        let version = crate::python::version();
        let replace = |text: String, from: &Path, to: &str| text.replace(from.to_str().unwrap(), to);
        let text = replace(text.to_owned(), &self.app.root, "/home/site/wwwroot");
        let text = replace(text, &self.bin.root, "/usr/local/bin");
        let text = replace(text, packages, "/opt/packages");
        let text = text.replace(lib.to_str().unwrap(), "python3.N").replace(&version, "3.N.N");
        without_the_other_user(&with_the_default_site_of_the_image(&text))
    }
}

/// Where the image has no default site it goes into a private folder, whose name nobody can guess.
fn with_the_default_site_of_the_image(text: &str) -> String {
    const PRIVATE: &str = "/tmp/pystart-defaultsite-";
    let mut parts = text.split(PRIVATE);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        whole.push_str("/opt/defaultsite");
        whole.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit() || digit == '-'));
    }
    whole
}

/// The tests may run where PID 1 is a program of somebody else, about which there is a notice.
fn without_the_other_user(text: &str) -> String {
    const NOTICE: &str = "PID 1 runs as another user";
    let Some(at) = text.find(NOTICE) else { return text.to_owned() };
    // In JSON it is an object of a list, in text two lines of a section.
    let (before, notice, after) = if text.contains("\n{\n") {
        let (start, end) = (text[..at].rfind("    {\n").unwrap(), at + text[at..].find("\n    }").unwrap() + 6);
        (&text[..start], ",\n", &text[end..])
    } else {
        let start = text[..at].rfind('\n').unwrap() + 1;
        let end = text[at..].match_indices('\n').nth(1).map_or(text.len(), |(line, _)| at + line + 1);
        (&text[..start], "", &text[end..])
    };
    let whole = format!("{before}{}", after.strip_prefix(notice).unwrap_or(after));
    whole
        .replace("Worth knowing\n\n", "")
        .replace("\nWorth knowing\n[status", "[status")
        .replace("\"caveats\": [\n\n  ]", "\"caveats\": []")
}
