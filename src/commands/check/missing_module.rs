//! A module is not there: whether it left the standard library, lies elsewhere, or is not installed. Pure.

use std::path::Path;

use super::context::Context;
use super::lines::shortened;
use super::observation::{Exception, Observation, Python};
use super::packages::{is_part_of_a_package, package_of};
use super::problem::{Cause, Problem};

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

/// The problem behind a `ModuleNotFoundError`.
pub(super) fn diagnose(error: &Exception, seen: &Observation, context: &Context<'_>) -> Problem {
    let name = error.missing.as_deref().unwrap_or_default();
    let top = name.split('.').next().unwrap_or_default();
    let version = seen.python.as_ref().map_or("", Python::minor);
    let problem = Problem::new(Cause::ModuleNotFound, format!("module `{name}` is not installed"));
    let removed = REMOVED.iter().find(|(module, _)| *module == top);
    if let Some((_, since)) = removed.filter(|(_, since)| at_least(version, since)) {
        return problem
            .with_hint(format!("`{top}` left the standard library with Python {since}, and this is {version}"));
    }
    let packages = context.packages;
    if let Some(path) = packages.modules.iter().find(|path| path.file_stem().is_some_and(|stem| stem == top)) {
        return found_in_the_root(name, path, problem);
    }
    if is_part_of_a_package(name, top) {
        let package = package_of(top);
        return Problem {
            message: format!("the package of `{top}` is installed and has no module `{name}`"),
            ..problem
        }
        .with_hint(format!("look for a misspelt name, or ask for the release of `{package}` that has it"));
    }
    if let (Some(folder), Some(built)) = (&packages.environment, packages.versions.first())
        && !packages.versions.iter().any(|built| built == version)
    {
        let folder = shortened(&folder.display().to_string(), context.app_root);
        return problem.with_hint(format!(
            "`{folder}` is for Python {built}, this is {version}: run `pystart build`, or take the image of Python {built}"
        ));
    }
    problem.with_hint(packages.how_to_install(package_of(top)))
}

/// The module is the user's own: a name in it is missing, or it is looked for in the wrong folder.
fn found_in_the_root(name: &str, path: &Path, problem: Problem) -> Problem {
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

fn at_least(version: &str, since: &str) -> bool {
    let numbers = |text: &str| text.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    numbers(version) >= numbers(since)
}

#[cfg(test)]
mod tests {
    use super::super::packages::Packages;
    use super::*;

    fn hint(module: &str, python: &str, packages: &Packages) -> String {
        let error = Exception { missing: Some(module.into()), ..Exception::default() };
        let python = Python { version: python.into(), executable: "/p".into(), prefix: "/".into() };
        let seen = Observation { python: Some(python), ..Observation::default() };
        let context = Context { app_root: Path::new("/app"), packages, limit_seconds: 1.0 };
        diagnose(&error, &seen, &context).hint.unwrap_or_default()
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
            ("not listed", "rest_framework", &fitting, "add `djangorestframework` to requirements.txt"),
            ("a part of an installed package", "flask.nosuch", &fitting, "ask for the release of `flask` that has it"),
            (
                "a package below a common name",
                "google.cloud",
                &fitting,
                "add `google-api-python-client` to requirements.txt",
            ),
            ("another such name", "azure.identity", &fitting, "add `azure` to requirements.txt"),
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
    fn the_table_is_sorted_so_that_it_stays_readable() {
        assert!(REMOVED.is_sorted());
    }
}
