//! `oryx-manifest.toml`: what the platform's build says about what it left.
//!
//! Lines `Key="value"`, the keys in any case. Whatever bytes are in the file, reading them comes to something: a line
//! that says nothing is passed over, and a value that could lead out of the app root counts as none.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// The name of the file.
pub const FILE: &str = "oryx-manifest.toml";

/// What a build said about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The version of Python it built for: `3.12.3`.
    pub python: Option<String>,
    /// The name of the virtual environment's folder, in the app root.
    pub environment: Option<OsString>,
    /// The folder of packages that stands in for an environment, relative to the app root.
    pub packages: Option<PathBuf>,
    /// The name of the archive that the environment is in, in the app root.
    pub environment_archive: Option<OsString>,
    /// The absolute path at which it was built.
    pub built_in: Option<PathBuf>,
    /// The app itself is in an archive.
    pub is_packed: bool,
    /// The build, and no other.
    pub operation: Option<String>,
}

impl Manifest {
    /// Reads the text of a manifest.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let mut manifest = Self::default();
        for (key, value) in text.trim_start_matches('\u{feff}').lines().filter_map(pair) {
            match key.to_ascii_lowercase().as_str() {
                "pythonversion" => manifest.python = Some(value),
                "virtualenvname" => manifest.environment = name(&value),
                "packagedir" => manifest.packages = relative(&value),
                "compressedvirtualenvfile" => manifest.environment_archive = name(&value),
                "sourcedirectoryinbuildcontainer" => manifest.built_in = absolute(&value),
                "compressdestinationdir" => manifest.is_packed = value.eq_ignore_ascii_case("true"),
                "operationid" => manifest.operation = Some(value),
                _ => {}
            }
        }
        manifest
    }
}

/// The key and the value of a line; none if there is none, or an empty one.
fn pair(line: &str) -> Option<(&str, String)> {
    let (key, rest) = line.split_once('=')?;
    let key = key.trim().trim_matches('"');
    let value = value(rest.trim());
    (!key.is_empty() && !key.starts_with(['#', '[']) && !value.is_empty()).then_some((key, value))
}

/// A string of TOML, basic (with escapes) or literal; anything else up to a comment, as it is.
fn value(text: &str) -> String {
    let mut letters = text.chars();
    let Some(quote @ ('"' | '\'')) = letters.next() else {
        return text.split('#').next().unwrap_or_default().trim().to_owned();
    };
    let mut value = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            letter if letter == quote => break,
            '\\' if quote == '"' => match letters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some('u') => value.extend(code_point(&mut letters, 4)),
                Some('U') => value.extend(code_point(&mut letters, 8)),
                Some(other) => value.push(other),
                None => {}
            },
            letter => value.push(letter),
        }
    }
    value
}

fn code_point(letters: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let digits: String = letters.by_ref().take(digits).collect();
    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
}

/// A name of something in the app root.
fn name(value: &str) -> Option<OsString> {
    let path = relative(value)?;
    (path.components().count() == 1).then(|| path.into_os_string())
}

/// A path below the app root.
fn relative(value: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for part in Path::new(value).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!path.as_os_str().is_empty() && !value.contains('\0')).then_some(path)
}

/// An absolute path without detours.
fn absolute(value: &str) -> Option<PathBuf> {
    let path: PathBuf = Path::new(value).components().collect();
    let has_detour = path.components().any(|part| part == Component::ParentDir);
    (path.is_absolute() && !has_detour && !value.contains('\0')).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_platforms_build_writes_is_read() {
        let text = "PythonVersion=\"3.12.3\"\nvirtualEnvName=\"antenv\"\r\npackagedir=\"__oryx_packages__\"\n\
                    compressedVirtualEnvFile=\"antenv.tar.gz\"\nSourceDirectoryInBuildContainer=\"/tmp/8dc1\"\n\
                    CompressDestinationDir=\"true\"\nOperationId=\"d1f5\"\nother=\"x\"\n";
        let expected = Manifest {
            python: Some("3.12.3".into()),
            environment: Some("antenv".into()),
            packages: Some("__oryx_packages__".into()),
            environment_archive: Some("antenv.tar.gz".into()),
            built_in: Some("/tmp/8dc1".into()),
            is_packed: true,
            operation: Some("d1f5".into()),
        };
        assert_eq!(Manifest::parse(text.as_bytes()), expected);
        assert!(Manifest::parse(text.to_ascii_uppercase().as_bytes()).is_packed, "keys in any case");
    }

    #[test]
    fn values_are_strings_of_toml_or_bare() {
        let version = |line: &str| Manifest::parse(line.as_bytes()).python;
        let rows = [
            ("PYTHONVERSION = \"3.12\" # why", Some("3.12")),
            ("\u{feff}pythonversion='3\\t'", Some("3\\t")),
            ("pythonversion=\"a\\\"b\\\\\\u0041\\n\\U0001F40D\\t\\r\"", Some("a\"b\\A\n\u{1f40d}\t\r")),
            ("\"pythonversion\"= 3.12 # bare", Some("3.12")),
            ("pythonversion=\"3.12", Some("3.12")),
            ("pythonversion=\"\\", None),
            ("pythonversion=\"\"", None),
            ("pythonversion", None),
            ("# pythonversion=\"3\"", None),
        ];
        for (line, expected) in rows {
            assert_eq!(version(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn a_value_that_leads_out_of_the_app_root_counts_as_none() {
        for value in ["..", "../x", "/x", "a/../b", ".", "a/b", "a\\u0000"] {
            let manifest = Manifest::parse(format!("virtualenvname=\"{value}\"\npackagedir=\"{value}\"").as_bytes());
            assert_eq!(manifest.environment, None, "{value}");
            assert_eq!(manifest.packages, (value == "a/b").then(|| "a/b".into()), "{value}");
        }
        for (value, path) in [("tmp/x", None), ("/tmp/../x", None), ("/tmp//x/", Some("/tmp/x"))] {
            let text = format!("sourceDirectoryInBuildContainer=\"{value}\"");
            assert_eq!(Manifest::parse(text.as_bytes()).built_in, path.map(Into::into), "{value}");
        }
    }

    #[test]
    fn any_bytes_come_to_something() {
        for text in [&b"\xff\xfe\0="[..], b"=\"", b"a=\"\\u12", b"\"\"=x", b"a=\"\\U00110000\"", b"\r\r\n=\n"] {
            assert_eq!(Manifest::parse(text), Manifest::default(), "{text:?}");
        }
    }
}
