//! One setting of package indexes for both installers: what was said to one is said to the other. Pure.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::environ::Environ;

/// The same setting in both languages; where uv has had several names, the present one first.
struct Pair {
    pip: &'static str,
    uv: &'static [&'static str],
    /// What stands between two values.
    uv_separator: u8,
}

const fn pair(pip: &'static str, uv: &'static [&'static str], uv_separator: u8) -> Pair {
    Pair { pip, uv, uv_separator }
}

/// pip separates values by blanks.
const PIP_SEPARATOR: u8 = b' ';

const PAIRS: [Pair; 7] = [
    pair("PIP_CERT", &["SSL_CERT_FILE"], b' '),
    pair("PIP_CONSTRAINT", &["UV_CONSTRAINT"], b' '),
    pair("PIP_EXTRA_INDEX_URL", &["UV_INDEX", "UV_EXTRA_INDEX_URL"], b' '),
    pair("PIP_FIND_LINKS", &["UV_FIND_LINKS"], b','),
    pair("PIP_INDEX_URL", &["UV_DEFAULT_INDEX", "UV_INDEX_URL"], b' '),
    pair("PIP_KEYRING_PROVIDER", &["UV_KEYRING_PROVIDER"], b' '),
    pair("PIP_TRUSTED_HOST", &["UV_INSECURE_HOST"], b' '),
];

/// The variables that say where packages come from, and that are set: for messages.
#[must_use]
pub(super) fn set_variables(environ: &Environ) -> Vec<&'static str> {
    let indexes = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL"];
    let others = ["PIP_NO_INDEX", "UV_OFFLINE", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"];
    indexes.into_iter().chain(others).filter(|name| environ.filled(name).is_some()).collect()
}

/// What has to be added so that both installers know what one was told. `is_there` says whether a path is there: uv
/// takes a folder of packages that is missing for an error, pip does not.
#[must_use]
pub(super) fn translated(environ: &Environ, is_there: impl Fn(&OsStr) -> bool) -> Vec<(&'static str, OsString)> {
    let mut added = Vec::new();
    for Pair { pip, uv, uv_separator } in &PAIRS {
        let of_uv = uv.iter().find_map(|name| environ.filled(name));
        match (environ.filled(pip), of_uv) {
            (Some(value), None) => {
                let mut values = split(value, PIP_SEPARATOR);
                values.retain(|value| !value.as_bytes().starts_with(b"/") || is_there(value));
                if !values.is_empty() {
                    added.push((uv[0], values.join(OsStr::from_bytes(&[*uv_separator]))));
                }
            }
            (None, Some(value)) => {
                let values: Vec<_> = split(value, *uv_separator).iter().map(|value| without_name(value)).collect();
                added.push((*pip, values.join(OsStr::from_bytes(&[PIP_SEPARATOR]))));
            }
            _ => {}
        }
    }
    added
}

/// The files that bound the versions of everything that is installed.
#[must_use]
pub(super) fn constraints(environ: &Environ) -> Vec<OsString> {
    let values = ["PIP_CONSTRAINT", "UV_CONSTRAINT"].into_iter().filter_map(|name| environ.filled(name));
    // Both separate by blanks; what is at an address is read by the installer alone.
    let is_file = |value: &OsString| !value.as_bytes().windows(3).any(|window| window == b"://");
    values.flat_map(|value| split(value, PIP_SEPARATOR)).filter(is_file).collect()
}

fn split(value: &OsStr, separator: u8) -> Vec<OsString> {
    let parts = value.as_bytes().split(|byte| *byte == separator || byte.is_ascii_whitespace());
    parts.filter(|part| !part.is_empty()).map(|part| OsString::from_vec(part.to_vec())).collect()
}

/// uv's indexes may carry a name: `internal=https://...`.
fn without_name(value: &OsStr) -> OsString {
    let bytes = value.as_bytes();
    let scheme = bytes.windows(3).position(|window| window == b"://").unwrap_or_default();
    let name = bytes[..scheme].iter().position(|byte| *byte == b'=');
    OsString::from_vec(bytes[name.map_or(0, |at| at + 1)..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(pairs: &[(&str, &str)]) -> Vec<String> {
        let environ = pairs.iter().copied().collect();
        let all = translated(&environ, |path| path != "/missing");
        all.into_iter().map(|(name, value)| format!("{name}={}", value.display())).collect()
    }

    #[test]
    fn each_installer_learns_what_the_other_was_told() {
        type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
        let rows: [Row<'_>; 13] = [
            (&[("PIP_CERT", "/c.pem")], &["SSL_CERT_FILE=/c.pem"]),
            (&[("SSL_CERT_FILE", "/c.pem")], &["PIP_CERT=/c.pem"]),
            (&[("PIP_CONSTRAINT", "/c.txt")], &["UV_CONSTRAINT=/c.txt"]),
            (&[("PIP_INDEX_URL", "https://a")], &["UV_DEFAULT_INDEX=https://a"]),
            (&[("UV_DEFAULT_INDEX", "one=https://a?x=y")], &["PIP_INDEX_URL=https://a?x=y"]),
            (&[("UV_INDEX_URL", "https://a")], &["PIP_INDEX_URL=https://a"]),
            (&[("PIP_EXTRA_INDEX_URL", "https://a  https://b")], &["UV_INDEX=https://a https://b"]),
            (&[("UV_EXTRA_INDEX_URL", "https://a"), ("UV_INDEX", "b=https://b")], &["PIP_EXTRA_INDEX_URL=https://b"]),
            (&[("PIP_FIND_LINKS", "/w /missing https://c")], &["UV_FIND_LINKS=/w,https://c"]),
            (&[("UV_FIND_LINKS", "/w,/v")], &["PIP_FIND_LINKS=/w /v"]),
            (&[("PIP_FIND_LINKS", "/missing")], &[]),
            (
                &[("PIP_KEYRING_PROVIDER", "subprocess"), ("PIP_TRUSTED_HOST", "h")],
                &["UV_KEYRING_PROVIDER=subprocess", "UV_INSECURE_HOST=h"],
            ),
            (&[("PIP_INDEX_URL", "https://a"), ("UV_INDEX_URL", "https://b")], &[]),
        ];
        for (given, expected) in rows {
            assert_eq!(added(given), expected, "{given:?}");
        }
    }

    #[test]
    fn what_was_set_is_named_and_nothing_else() {
        let environ =
            [("HTTPS_PROXY", "http://u:secret@p"), ("PIP_INDEX_URL", "x"), ("UV_INDEX", "")].into_iter().collect();
        assert_eq!(set_variables(&environ), ["PIP_INDEX_URL", "HTTPS_PROXY"]);
    }
}
