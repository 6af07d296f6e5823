//! Which package has a module, whether the app asks for it, and how to get it. Pure.

use std::path::PathBuf;

use crate::python::requirements::normalised;

/// What is known about the packages of the app, gathered before anything is diagnosed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Packages {
    /// The virtual environment in use.
    pub(super) environment: Option<PathBuf>,
    /// The Python versions it has packages for: `3.12`.
    pub(super) versions: Vec<String>,
    /// The file that lists what the app needs, and its text with that of the files it names.
    pub(super) requirements: Option<(String, String)>,
    /// Folders and files of the app root, and of its folders, as module paths from there: `backend/config`.
    pub(super) modules: Vec<PathBuf>,
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

impl Packages {
    /// The next step for a package that is not installed.
    pub(super) fn how_to_install(&self, package: &str) -> String {
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

/// Names that several packages put their modules below: one that is missing there is a package of its own.
const NAMESPACES: [&str; 2] = ["azure", "google"];

/// Is this module a part of the package that `top` is, so that the package itself is there when it is missing? Python
/// names the first part of a dotted name that it does not find.
pub(super) fn is_part_of_a_package(module: &str, top: &str) -> bool {
    module.len() > top.len() && !NAMESPACES.contains(&top)
}

/// The package to install for a module.
pub(super) fn package_of(module: &str) -> &str {
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_table_is_sorted_so_that_it_stays_readable() {
        assert!(PACKAGES.is_sorted_by_key(|(module, _)| *module));
    }
}
