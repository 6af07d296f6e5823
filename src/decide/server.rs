//! What every start has in common: the folder, the environment, and what each gunicorn gets.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::Making;
use crate::environ::Environ;
use crate::files::Access;
use crate::gunicorn::{Gunicorn, arguments};
use crate::model::Notice;
use crate::model::{Launch, Mode};
use crate::process::cgroup;
use crate::settings::{DEFAULT_PORT, Init, Workers};

impl Making<'_, '_> {
    pub(super) fn launch_gunicorn(&mut self, gunicorn: Gunicorn, argv: Vec<OsString>) -> Launch {
        let mut environ = self.app_environ(gunicorn.needs_lent_packages);
        let program = gunicorn.program.clone();
        self.decision.gunicorn = Some(gunicorn);
        self.notice_missing_byte_code();
        self.add_container_extras(&mut environ, self.settings.port);
        self.launch(program, argv, environ, true, false)
    }

    pub(super) fn launch(
        &self,
        program: PathBuf,
        argv: Vec<OsString>,
        mut environ: Environ,
        is_gunicorn: bool,
        is_shell: bool,
    ) -> Launch {
        let root = &self.settings.app_root;
        let can_be_entered = self.files.is_folder(root) && self.files.may(root, Access::Execute);
        let directory = if can_be_entered { root.clone() } else { PathBuf::from("/") };
        // gunicorn takes the name of its folder from here when it is the same one.
        if environ.get("PWD").is_some() {
            environ.set("PWD", directory.as_os_str());
        }
        let mode = match self.settings.init {
            Init::Never => Mode::Exec,
            Init::Auto if is_gunicorn => Mode::Exec,
            Init::Always | Init::Auto => Mode::Init,
        };
        Launch { program, argv, directory, environ, mode, is_shell }
    }

    /// The environment of everything that is started.
    pub(super) fn app_environ(&mut self, lends_packages: bool) -> Environ {
        let mut environ = self.settings.environ.clone();
        self.decision.python.enter(&mut environ, lends_packages);
        if environ.get("PYTHONUNBUFFERED").is_none() {
            environ.set("PYTHONUNBUFFERED", "1");
        }
        // Behind the platform's front end every request comes from it; elsewhere anybody could forge the headers.
        if self.settings.on_platform && environ.filled("FORWARDED_ALLOW_IPS").is_none() {
            environ.set("FORWARDED_ALLOW_IPS", "*");
        }
        if self.settings.workers == Workers::Auto {
            let capacity = cgroup::Capacity::of_this_container(self.files);
            environ.set("WEB_CONCURRENCY", capacity.workers().to_string());
            self.decision.notices.push(Notice { message: capacity.describe(), hint: None });
        }
        environ
    }

    /// The first answer takes two to three times as long when Python has to compile every package first. gunicorn
    /// stands for them all: who installs with byte code has it for gunicorn too. One system call.
    pub(super) fn notice_missing_byte_code(&mut self) {
        let gunicorn = self.decision.gunicorn.as_ref().filter(|gunicorn| gunicorn.from_environment);
        let Some(package) = gunicorn.and_then(|gunicorn| gunicorn.package.as_ref()) else { return };
        // Python may have been told to keep it elsewhere.
        if self.settings.environ.filled("PYTHONPYCACHEPREFIX").is_some() {
            return;
        }
        let is_missing =
            self.files.kind(&package.join("__pycache__")).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        if let Some(environment) = self.decision.python.environment.as_ref().filter(|_| is_missing) {
            self.decision.notices.push(Notice {
                message: format!(
                    "the packages in `{}` have no byte code: the first answer waits until Python has compiled them",
                    environment.name
                ),
                hint: Some("compile them once: `pystart build`, or `python -m compileall` on the environment".into()),
            });
        }
    }

    /// What every gunicorn gets.
    pub(super) fn add_container_extras(&mut self, environ: &mut Environ, port: Option<u16>) {
        self.decision.port = (!self.user.sets("bind")).then(|| port.unwrap_or(DEFAULT_PORT));
        let (files, python) = (self.files, &self.decision.python);
        let version = || self.decision.gunicorn.as_ref().and_then(|gunicorn| gunicorn.version(files, python));
        let extras = arguments::container_extras(files, &self.user, environ, &self.settings.app_root, version);
        if !extras.is_empty() {
            let joined = arguments::prepend(&extras, environ.filled("GUNICORN_CMD_ARGS"));
            environ.set("GUNICORN_CMD_ARGS", joined);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::decide::decide;
    use crate::files::Memory;
    use crate::settings::{Flags, Settings, table};

    #[test]
    fn missing_byte_code_is_noticed_where_gunicorn_comes_from_the_environment() {
        let site = "/site/antenv/lib/python3.12/site-packages/gunicorn";
        let image = Memory::default().program("/bin/python3", "").program("/bin/gunicorn", "\x7fELF");
        let bare = image.clone().file("/site/app.py", "");
        let raw = bare.clone().file("/site/antenv/pyvenv.cfg", "").file(format!("{site}/__init__.py"), "");
        let compiled = raw.clone().file(format!("{site}/__pycache__/__init__.cpython-312.pyc"), "");
        let elsewhere = [("PATH", "/bin"), ("PYTHONPYCACHEPREFIX", "/tmp/cache")];
        for (row, files, vars, wanted) in [
            ("raw", &raw, &elsewhere[..1], true),
            ("compiled", &compiled, &elsewhere[..1], false),
            ("kept elsewhere", &raw, &elsewhere[..], false),
            ("no environment", &bare, &elsewhere[..1], false),
        ] {
            let environ = vars.iter().copied().collect();
            let flags = Flags::default().with(&table::APP_ROOT.row, "/site");
            let settings = Settings::new(flags, &environ, Path::new("/")).unwrap();
            let decision = decide(&settings, files);
            assert!(decision.outcome.is_ok(), "{row}");
            let is_noticed = decision.notices.iter().any(|notice| notice.message.contains("no byte code"));
            assert_eq!(is_noticed, wanted, "{row}");
        }
    }
}
