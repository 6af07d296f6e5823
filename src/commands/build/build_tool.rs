//! Tools that read the lock files of others: installed for builds only, pinned, each in an environment of its own in
//! the cache, and never in that of the app.

use std::path::Path;

use super::installer::Installer;
use super::step::Step;
use crate::digest::Digest;

/// The folder of the tools in the cache.
pub(super) const FOLDER: &str = "tools";

/// A tool from the package index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BuildTool {
    /// Its name.
    pub(super) name: &'static str,
    /// What is installed: the tool, and releases of what it needs that a newer one would break.
    pub(super) packages: &'static [&'static str],
    /// Variables that keep it from asking, from looking for updates and from making environments.
    pub(super) variables: &'static [(&'static str, &'static str)],
}

/// Poetry, with the plugin that exports its lock.
pub(super) const POETRY: BuildTool = BuildTool {
    name: "poetry",
    packages: &["poetry==2.5.1", "poetry-plugin-export==1.10.1"],
    variables: &[("POETRY_VIRTUALENVS_CREATE", "false"), ("POETRY_NO_INTERACTION", "1")],
};

/// The part of Poetry that reads `[tool.poetry]`.
pub(super) const POETRY_CORE: BuildTool =
    BuildTool { name: "poetry-core", packages: &["poetry-core==2.5.0"], variables: &[] };

/// PDM.
pub(super) const PDM: BuildTool = BuildTool {
    name: "pdm",
    packages: &["pdm==2.29.3"],
    variables: &[("PDM_IGNORE_SAVED_PYTHON", "1"), ("PDM_CHECK_UPDATE", "0"), ("PDM_NON_INTERACTIVE", "1")],
};

/// Pipenv.
pub(super) const PIPENV: BuildTool = BuildTool {
    name: "pipenv",
    packages: &["pipenv==2026.10.3"],
    variables: &[("PIPENV_VERBOSITY", "-1"), ("PIPENV_NOSPIN", "1"), ("PIPENV_YES", "1")],
};

/// uv, where the image has none and only uv can read the lock.
pub(super) const UV: BuildTool = BuildTool { name: "uv", packages: &["uv==0.13.9"], variables: &[] };

impl BuildTool {
    /// The name of its environment in the cache: one for each release and each interpreter.
    #[must_use]
    pub(super) fn folder_name(&self, interpreter: &str) -> String {
        let digest = Digest::of(self.packages.iter().copied().chain([interpreter])).to_string();
        format!("{}-{}", self.name, &digest[..16])
    }

    /// Installs it into an empty environment.
    pub(super) fn install(&self, installer: &dyn Installer, environment: &Path) -> Step {
        let words: Vec<_> = self.packages.iter().map(Into::into).collect();
        installer.install(environment, &words)
    }
}
