//! Steps 2 to 4: an app that was found, or that the configuration file names.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Making;
use crate::detect;
use crate::error::Failure;
use crate::gunicorn::options::CONFIG_FILE;
use crate::gunicorn::{self, Gunicorn, arguments};
use crate::model::Launch;
use crate::model::{Detection, Interface, Step, Verdict, WebApp};

impl Making<'_, '_> {
    /// Steps 2 to 5.
    pub(super) fn detected(&mut self) {
        let Detection { app, evidence, notices, near_misses } = detect::detect(self.files, &self.settings.app_root);
        self.decision.evidence.extend(evidence);
        self.decision.notices.extend(notices);
        match app.or_else(|| self.configured_app()) {
            Some(app) => {
                self.decision.step = app.step;
                if !app.folder.as_os_str().is_empty() {
                    self.decision.folder.push(&app.folder);
                }
                self.decision.target = Some(full_target(&app));
                self.decision.outcome = self.launch_app(&app);
                self.decision.app = Some(app);
            }
            None => self.default_site(near_misses),
        }
    }

    /// An app that no rule finds, but that the configuration file names.
    fn configured_app(&self) -> Option<WebApp> {
        let own = self.user.wsgi_app.as_deref()?;
        let (module, object) = own.split_once(':').unwrap_or((own, "application"));
        Some(WebApp {
            step: Step::Other,
            framework: "WSGI",
            module: module.to_owned(),
            object: Some(object.to_owned()),
            folder: PathBuf::new(),
            file: PathBuf::from(CONFIG_FILE),
            interface: Interface::Wsgi,
            reason: format!("`wsgi_app` in `{CONFIG_FILE}`"),
        })
    }

    fn launch_app(&mut self, app: &WebApp) -> Result<Launch, Failure> {
        let gunicorn = Gunicorn::find(self.files, &self.decision.python)?;
        let class = if self.user.sets("worker_class") {
            None
        } else {
            gunicorn::worker_class(app.interface, &gunicorn, self.files, &self.decision.python)?
        };
        let mut argv = gunicorn.words.clone();
        argv.extend(arguments::documented(&self.user, self.settings.port, &app.folder, class));
        argv.extend(self.own_config(&app.folder));
        match self.user.wsgi_app.clone() {
            Some(own) => {
                self.note(app.step, CONFIG_FILE, Verdict::Chosen, format!("its `wsgi_app` names `{own}`"));
                if let Some(folder) = &self.user.chdir {
                    self.decision.folder = self.settings.app_root.join(folder);
                }
                self.decision.target = Some(with_object(own));
            }
            None => argv.push(arguments::target(app).into()),
        }
        Ok(self.launch_gunicorn(gunicorn, argv))
    }

    /// The configuration file beside an app that is not in the root: gunicorn looks only where it is started.
    fn own_config(&self, folder: &Path) -> Option<OsString> {
        let file = folder.join(CONFIG_FILE);
        let is_wanted = !folder.as_os_str().is_empty()
            && !self.user.has_config
            && self.files.is_file(&self.settings.app_root.join(&file));
        is_wanted.then(|| arguments::with_path("--config=", &file))
    }
}

/// `module:object`, gunicorn's own default spelled out.
fn full_target(app: &WebApp) -> String {
    with_object(arguments::target(app))
}

/// gunicorn takes `application` where no object is named.
pub(super) fn with_object(target: String) -> String {
    if target.contains(':') { target } else { target + ":application" }
}
