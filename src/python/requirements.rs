//! Requirements files of pip (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>): the one reader of
//! their lines.

/// What a line of a requirements file says. Comments, hashes and options that are none of ours are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// `connexion[swagger-ui]==2.14.2`: a package.
    Package {
        /// Its name as it is written.
        name: &'a str,
        /// Everything behind the name: extras, version, marker.
        rest: &'a str,
    },
    /// `-r FILE` or `-c FILE`: another file of this kind, relative to this one.
    Include(&'a str),
    /// `.`, `-e ./shop`, `file:shop`: a project on this disk, relative to the folder that pip is called in.
    Project(&'a str),
}

/// What the lines of a requirements file say.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.trim_start_matches('\u{feff}').lines().filter_map(line)
}

fn line(line: &str) -> Option<Line<'_>> {
    let line = line.trim();
    // A `#` begins a comment at the start of a line or behind a blank; in an address it does not.
    let end = [" #", "\t#"].iter().filter_map(|sign| line.find(sign)).min().unwrap_or(line.len());
    let line = if line.starts_with('#') { "" } else { line[..end].trim_end() };
    if let Some(file) = ["--requirement", "--constraint", "-r", "-c"].iter().find_map(|name| option(line, name)) {
        return (!file.contains("://")).then_some(Line::Include(file));
    }
    let place = ["--editable", "-e"].iter().find_map(|name| option(line, name)).unwrap_or(line);
    let place = place.strip_prefix("file:").unwrap_or(place);
    if place.starts_with(['.', '/']) {
        return Some(Line::Project(place.split(['[', ';']).next().unwrap_or(place).trim_end()));
    }
    let end = line.find(|letter: char| !(letter.is_alphanumeric() || "-_.".contains(letter))).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let is_name = !name.is_empty() && !name.starts_with('-') && !rest.starts_with(':');
    is_name.then(|| Line::Package { name, rest: rest.trim_start() })
}

/// The value of an option, `-r FILE`, `-rFILE` or `--requirement=FILE`.
fn option<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let value = line.strip_prefix(name)?;
    if name.starts_with("--") && !value.starts_with(['=', ' ', '\t']) {
        return None;
    }
    Some(value.trim_start_matches(['=', ' ', '\t'])).filter(|value| !value.is_empty())
}

/// A package's name as PEP 503 compares names: `Flask_Cors` is `flask-cors`.
#[must_use]
pub fn normalised(package: &str) -> String {
    let parts: Vec<_> = package.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_packages_files_and_projects_and_nothing_else() {
        let text = "\u{feff}-r base.txt\n-c=c.txt\n--requirement dev/x.txt # why\n-rnear.txt\nflask # -r no.txt\n\
                    -r https://x/y.txt\n.\n-e ./shop[extra]\n--editable ../lib ; python_version > '3'\nfile:./f\n\
                    -e git+https://x\n--constraints-no x\n# -r z\n#flask\n\n--hash=sha256:1\nhttps://x/y.whl\n\
                    Flask_Cors [x] >=3 ; a == 'b'\nshop @ https://x/y#egg=z\n";
        let package = |name, rest| Line::Package { name, rest };
        let expected = [
            Line::Include("base.txt"),
            Line::Include("c.txt"),
            Line::Include("dev/x.txt"),
            Line::Include("near.txt"),
            package("flask", ""),
            Line::Project("."),
            Line::Project("./shop"),
            Line::Project("../lib"),
            Line::Project("./f"),
            package("Flask_Cors", "[x] >=3 ; a == 'b'"),
            package("shop", "@ https://x/y#egg=z"),
        ];
        assert_eq!(lines(text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn names_are_compared_as_the_index_compares_them() {
        for name in ["Flask_Cors", "flask.cors", "FLASK--CORS"] {
            assert_eq!(normalised(name), "flask-cors", "{name}");
        }
    }
}
