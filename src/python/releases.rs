//! Which releases of a package an app asks for, as far as it matters for what its names mean: from requirements files,
//! `pyproject.toml`, `Pipfile` and the lock files of Pipenv, Poetry, PDM and uv.

use super::requirements::{Line, lines, normalised};

/// The first two numbers of a release.
pub(crate) type Release = (u32, u32);

/// Files in which an app asks for packages, the surest word on a release first.
pub(crate) const FILES: [&str; 7] =
    ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.txt", "pyproject.toml", "Pipfile"];

/// What a file asks for of one package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// Bounds on the release: `==2.14`, `>=2`, `^2.9`.
    clauses: Vec<String>,
}

impl Requirement {
    /// Are only releases before this one allowed?
    #[must_use]
    pub(crate) fn is_before(&self, release: Release) -> bool {
        self.clauses.iter().any(|clause| bounds_below(clause, release))
    }

    fn from_clauses(text: &str) -> Self {
        let clauses = text.split(',').map(|clause| clause.trim().to_owned());
        Self { clauses: clauses.filter(|clause| !clause.is_empty()).collect() }
    }

    fn exactly(version: &str) -> Self {
        Self { clauses: vec![format!("=={version}")] }
    }
}

/// What a file asks for of a package; `None` if it does not mention it. `file` is the name of the file: it tells the
/// format.
#[must_use]
pub(crate) fn find(file: &str, text: &str, package: &str) -> Option<Requirement> {
    if !mentions(text, package) {
        return None;
    }
    match file {
        "Pipfile.lock" => in_pipfile_lock(text, package),
        "pyproject.toml" | "Pipfile" => text.lines().find_map(|line| in_toml_line(line, package)),
        "uv.lock" | "poetry.lock" | "pdm.lock" => in_package_tables(text, package),
        _ => in_requirements(text, package),
    }
}

/// Does a text have the first part of a package's name in it? Most lists do not, and need no closer look.
fn mentions(text: &str, package: &str) -> bool {
    let part = package.split(['-', '_', '.']).next().unwrap_or(package).as_bytes();
    let mut places = text.as_bytes().windows(part.len().max(1));
    places.any(|place| place.eq_ignore_ascii_case(part))
}

/// `connexion[swagger-ui]==2.14.2 ; python_version < "3.9"`, in a requirements file or alone.
fn in_requirements(text: &str, package: &str) -> Option<Requirement> {
    lines(text).find_map(|line| match line {
        Line::Package { name, rest } if is_same_name(name, package) => {
            let rest = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(rest, |(_, rest)| rest);
            Some(Requirement::from_clauses(rest.split(';').next().unwrap_or_default()))
        }
        _ => None,
    })
}

/// A requirement in quotes (PEP 621), or `dash = "^2.9"`, `dash = { version = "^2.9" }` (Poetry, Pipenv).
fn in_toml_line(line: &str, package: &str) -> Option<Requirement> {
    let (key, value) = line.split_once('=').map_or(("", line), |(key, value)| (key.trim().trim_matches('"'), value));
    if is_same_name(key, package) {
        let table = value.split_once("version").map_or(value, |(_, version)| version);
        return Some(Requirement::from_clauses(quoted(table).next().unwrap_or_default()));
    }
    // The name of the project itself is none.
    let strings = if key == "name" { "" } else { line };
    quoted(strings).find_map(|text| in_requirements(text, package))
}

/// The strings in a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    let quote = if line.contains('"') { '"' } else { '\'' };
    line.split(quote).skip(1).step_by(2)
}

/// `[[package]]` tables of uv, Poetry and PDM.
fn in_package_tables(text: &str, package: &str) -> Option<Requirement> {
    let value = |line: &str, key: &str| {
        let rest = line.strip_prefix(key)?.trim_start().strip_prefix('=')?;
        quoted(rest).next().map(str::to_owned)
    };
    let mut lines = text.lines();
    lines.find(|line| value(line, "name").is_some_and(|name| is_same_name(&name, package)))?;
    let version = lines.take_while(|line| !line.starts_with("[[")).find_map(|line| value(line, "version"));
    Some(version.map_or_else(Requirement::default, |version| Requirement::exactly(&version)))
}

fn in_pipfile_lock(text: &str, package: &str) -> Option<Requirement> {
    let lock: serde_json::Value = serde_json::from_str(text).ok()?;
    let packages = lock.get("default")?.as_object()?;
    let (_, entry) = packages.iter().find(|(name, _)| is_same_name(name, package))?;
    let version = entry.get("version").and_then(serde_json::Value::as_str).unwrap_or_default();
    Some(Requirement::from_clauses(version))
}

fn is_same_name(one: &str, other: &str) -> bool {
    // Most names differ in the first letter already.
    one.as_bytes().first().map(u8::to_ascii_lowercase) == other.as_bytes().first().map(u8::to_ascii_lowercase)
        && normalised(one) == normalised(other)
}

fn bounds_below(clause: &str, release: Release) -> bool {
    let operator = ["===", "==", "~=", "<=", "<", "^", "~"].into_iter().find(|operator| clause.starts_with(operator));
    let Some(operator) = operator else { return false };
    let mut numbers = clause[operator.len()..].trim().split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let asked = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    match operator {
        "<" => asked <= release,
        // `~=2.0` and `^2.0` allow what comes after within the same major.
        "~=" | "^" => (asked.0.saturating_add(1), 0) <= release,
        "~" => (asked.0, asked.1.saturating_add(1)) <= release,
        _ => asked < release,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `None`: not mentioned.
    fn is_before(file: &str, text: &str) -> Option<bool> {
        find(file, text, "dash").map(|requirement| requirement.is_before((3, 1)))
    }

    #[test]
    fn a_bound_on_the_release_is_read_from_requirements() {
        let cases = [
            ("dash==2.14.1", Some(true)),
            ("Dash == 3.0.4  # old", Some(true)),
            ("dash<3", Some(true)),
            ("dash<3.1", Some(true)),
            ("dash<=3.0", Some(true)),
            ("dash===2.14", Some(true)),
            ("dash>=2,<3.1", Some(true)),
            ("dash[diskcache]==2.0", Some(true)),
            ("dash~=2.0", Some(true)),
            ("dash==2.*; python_version < '3.9'", Some(true)),
            ("dash", Some(false)),
            ("dash>=2.0", Some(false)),
            ("dash==3.1.0", Some(false)),
            ("dash~=3.0", Some(false)),
            ("dash<4", Some(false)),
            ("dash-bootstrap-components==1.0", None),
            ("# dash==2.0", None),
        ];
        for (line, before) in cases {
            assert_eq!(is_before("requirements.txt", &format!("flask\n{line}\n")), before, "{line}");
        }
    }

    #[test]
    fn a_bound_on_the_release_is_read_from_project_files() {
        let cases = [
            ("dependencies = [\"flask\", \"dash>=2,<3\"]", Some(true)),
            ("    \"dash[diskcache]==2.14\",", Some(true)),
            ("    'dash==2.14',", Some(true)),
            ("dash = \"^2.9\"", Some(true)),
            ("dash = \"~3.0\"", Some(true)),
            ("dash = \"~3.1\"", Some(false)),
            ("dash = \"^3.0\"", Some(false)),
            ("dash = { version = \"^2.9\", extras = [\"celery\"] }", Some(true)),
            ("dash = {extras = [\"celery\"], version = \"==2.9\"}", Some(true)),
            ("dash = \"*\"", Some(false)),
            ("\"dash\" = \"2.0\"", Some(false)),
            ("name = \"dash\"", None),
            ("\"dash-daq\"", None),
        ];
        for (line, before) in cases {
            for file in ["pyproject.toml", "Pipfile"] {
                assert_eq!(is_before(file, &format!("[project]\n{line}\n")), before, "{line}");
            }
        }
    }

    #[test]
    fn a_lock_file_has_the_release() {
        let table = |version: &str| {
            format!(
                "[[package]]\nname = \"flask\"\nversion = \"3.0\"\n\n[[package]]\nname = \"Dash\"\n{version}\n[[package]]\nname = \"x\"\nversion = \"1\"\n"
            )
        };
        for file in ["uv.lock", "poetry.lock", "pdm.lock"] {
            assert_eq!(is_before(file, &table("version = \"2.14.1\"")), Some(true), "{file}");
            assert_eq!(is_before(file, &table("version = \"3.1.0\"")), Some(false), "{file}");
            assert_eq!(is_before(file, &table("")), Some(false), "{file}");
            assert_eq!(is_before(file, "[[package]]\nname = \"dashing\"\nversion = \"1\""), None, "{file}");
        }
        let pipfile =
            |version: &str| format!("{{\"_meta\": {{}}, \"default\": {{\"dash\": {{\"version\": \"{version}\"}}}}}}");
        assert_eq!(is_before("Pipfile.lock", &pipfile("==2.14.1")), Some(true));
        assert_eq!(is_before("Pipfile.lock", &pipfile("==3.2.0")), Some(false));
        assert_eq!(is_before("Pipfile.lock", "{"), None);
    }
}
