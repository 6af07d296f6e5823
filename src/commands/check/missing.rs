//! A module is not there: which package has it, whether it was asked for, and what stands in the way. Pure.

use std::path::PathBuf;

use super::diagnosis::{Cause, Problem, Surroundings};
use super::observation::{Exception, Observation};

/// What is known about the packages of the app, gathered before anything is diagnosed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packages {
    /// The virtual environment in use.
    pub environment: Option<PathBuf>,
    /// The Python versions it has packages for: `3.12`.
    pub versions: Vec<String>,
    /// The file that lists what the app needs, and its text.
    pub requirements: Option<(String, String)>,
    /// Folders and files of the app root, and of its folders, as module paths from there: `backend/config`.
    pub modules: Vec<PathBuf>,
}

/// Import name and package, where they differ by more than case and punctuation.
const PACKAGES: [(&str, &str); 26] = [
    ("MySQLdb", "mysqlclient"),
    ("OpenSSL", "pyOpenSSL"),
    ("PIL", "Pillow"),
    ("attr", "attrs"),
    ("bs4", "beautifulsoup4"),
    ("corsheaders", "django-cors-headers"),
    ("crispy_forms", "django-crispy-forms"),
    ("cv2", "opencv-python-headless"),
    ("dateutil", "python-dateutil"),
    ("debug_toolbar", "django-debug-toolbar"),
    ("decouple", "python-decouple"),
    ("dotenv", "python-dotenv"),
    ("environ", "django-environ"),
    ("fitz", "PyMuPDF"),
    ("flask_restful", "Flask-RESTful"),
    ("google", "google-api-python-client"),
    ("jose", "python-jose"),
    ("jwt", "PyJWT"),
    ("multipart", "python-multipart"),
    ("pkg_resources", "setuptools"),
    ("psycopg2", "psycopg2-binary"),
    ("rest_framework", "djangorestframework"),
    ("serial", "pyserial"),
    ("sklearn", "scikit-learn"),
    ("storages", "django-storages"),
    ("yaml", "PyYAML"),
];

/// Modules of the standard library and the version that no longer has them (PEP 594, PEP 632, "What's New").
const REMOVED: [(&str, &str); 12] = [
    ("asynchat", "3.12"),
    ("asyncore", "3.12"),
    ("cgi", "3.13"),
    ("cgitb", "3.13"),
    ("crypt", "3.13"),
    ("distutils", "3.12"),
    ("imghdr", "3.13"),
    ("imp", "3.12"),
    ("pipes", "3.13"),
    ("smtpd", "3.12"),
    ("sndhdr", "3.13"),
    ("telnetlib", "3.13"),
];

impl Packages {
    /// The next step for a package that is not installed.
    #[must_use]
    pub fn how_to_install(&self, package: &str) -> String {
        match &self.requirements {
            Some((file, text)) if lists(text, package) => match &self.environment {
                Some(_) => format!("`{package}` is in {file}, but not in the environment: run `pystart build`"),
                None => format!("`{package}` is in {file}, but no environment was built: run `pystart build`"),
            },
            Some((file, _)) => format!("add `{package}` to {file}, then run `pystart build`"),
            None => format!("add a requirements.txt with `{package}` in it, then run `pystart build`"),
        }
    }
}

/// The problem behind a `ModuleNotFoundError`.
pub(super) fn explain(error: &Exception, seen: &Observation, around: &Surroundings<'_>) -> Problem {
    let name = error.missing.as_deref().unwrap_or_default();
    let top = name.split('.').next().unwrap_or_default();
    let version = seen.python.as_ref().map_or("", |python| minor(&python.version));
    let problem = Problem::new(Cause::ModuleNotFound, format!("module `{name}` is not installed"));
    let removed = REMOVED.iter().find(|(module, _)| *module == top);
    if let Some((_, since)) = removed.filter(|(_, since)| at_least(version, since)) {
        return problem
            .with_hint(format!("`{top}` left the standard library with Python {since}, and this is {version}"));
    }
    let packages = around.packages;
    if let Some(path) = packages.modules.iter().find(|path| path.file_stem().is_some_and(|stem| stem == top)) {
        return in_the_root(name, path, problem);
    }
    if let (Some(folder), Some(built)) = (&packages.environment, packages.versions.first())
        && !packages.versions.iter().any(|built| built == version)
    {
        let folder = super::diagnosis::shortened(&folder.display().to_string(), around.app_root);
        return problem.with_hint(format!(
            "`{folder}` is for Python {built}, this is {version}: run `pystart build`, or take the image of Python {built}"
        ));
    }
    problem.with_hint(packages.how_to_install(package_of(top)))
}

/// The module is the user's own: a name in it is missing, or it is looked for in the wrong folder.
fn in_the_root(name: &str, path: &std::path::Path, problem: Problem) -> Problem {
    let place = path.display();
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(folder) => {
            let folder = folder.display();
            problem
                .with_hint(format!("it is `{place}`: start from there, with `--chdir {folder}` in the start command"))
        }
        None if name.contains('.') => Problem {
            message: format!("`{place}` has no module `{name}`"),
            ..problem.with_hint("look for a misspelt or undeployed file, or another package of the same name")
        },
        None => problem.with_hint(format!("`{place}` is in the app root: start from there, without `--chdir`")),
    }
}

/// The package to install for a module.
fn package_of(module: &str) -> &str {
    PACKAGES.iter().find(|(name, _)| *name == module).map_or(module, |(_, package)| package)
}

/// Does a list of requirements ask for a package? Any line that begins with its name, as PEP 503 compares names.
fn lists(requirements: &str, package: &str) -> bool {
    let wanted = normalised(package);
    requirements.split(['\n', '"', '\'']).any(|line| {
        let line = line.trim_start();
        let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(line.len());
        !line.is_empty() && normalised(&line[..end]) == wanted
    })
}

fn normalised(package: &str) -> String {
    let parts: Vec<_> = package.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_ascii_lowercase()
}

/// `3.12` of `3.12.1`.
pub(super) fn minor(version: &str) -> &str {
    let end = version.match_indices('.').nth(1).map_or(version.len(), |(at, _)| at);
    &version[..end]
}

fn at_least(version: &str, since: &str) -> bool {
    let numbers = |text: &str| text.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    numbers(version) >= numbers(since)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::observation::Python;
    use super::*;

    fn hint(module: &str, python: &str, packages: &Packages) -> String {
        let error = Exception { missing: Some(module.into()), ..Exception::default() };
        let python = Python { version: python.into(), executable: "/p".into(), prefix: "/".into() };
        let seen = Observation { python: Some(python), ..Observation::default() };
        let around = Surroundings { app_root: Path::new("/app"), packages, limit_seconds: 1.0 };
        explain(&error, &seen, &around).hint.unwrap_or_default()
    }

    #[test]
    fn the_reason_that_explains_most_is_given_first() {
        let listed = |text: &str| Some(("requirements.txt".to_owned(), text.to_owned()));
        let packages = Packages {
            environment: Some("/app/antenv".into()),
            versions: vec!["3.9".into()],
            requirements: listed("PyYAML==6\n"),
            modules: vec!["shop".into(), "backend/views.py".into()],
        };
        let fitting = Packages { versions: vec!["3.12".into()], ..packages.clone() };
        let rows = [
            ("gone from the library", "distutils.util", &packages, "left the standard library with Python 3.12"),
            ("the user's own, elsewhere", "views", &packages, "`--chdir backend`"),
            ("a part of the user's own", "shop.cart", &packages, "look for a misspelt or undeployed file"),
            ("another version", "yaml", &packages, "`antenv` is for Python 3.9, this is 3.12"),
            ("listed and not built", "yaml", &fitting, "but not in the environment: run `pystart build`"),
            ("not listed", "rest_framework.views", &fitting, "add `djangorestframework` to requirements.txt"),
            ("nothing lists anything", "yaml", &Packages::default(), "add a requirements.txt with `PyYAML`"),
        ];
        for (row, module, packages, expected) in rows {
            let hint = hint(module, "3.12.1", packages);
            assert!(hint.contains(expected), "{row}: {hint}");
        }
        for version in ["3.11.9", "3.9.2"] {
            assert!(!hint("distutils", version, &packages).contains("left the standard library"), "{version}");
        }
    }

    #[test]
    fn a_package_is_listed_however_its_name_is_spelt() {
        for text in
            ["Flask_Cors", "flask.cors>=3 # x", "  FLASK-CORS[x]==1", "deps = ['flask-cors~=1']", "a\nflask-cors"]
        {
            assert!(lists(text, "flask-cors"), "{text}");
        }
        for text in ["", "flask", "flask-cors-extra", "# flask-cors"] {
            assert!(!lists(text, "flask-cors"), "{text}");
        }
    }

    #[test]
    fn tables_are_sorted_so_that_they_stay_readable() {
        assert!(PACKAGES.is_sorted_by_key(|(module, _)| *module) && REMOVED.is_sorted());
    }
}
