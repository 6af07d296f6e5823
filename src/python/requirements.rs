//! Which release of a package `requirements.txt` asks for, as far as it matters for what its names mean.

/// The first two numbers of a release.
pub type Release = (u32, u32);

/// Does the text allow only releases of `package` before `release`?
#[must_use]
pub fn is_before(text: &str, package: &str, release: Release) -> bool {
    text.lines().any(|line| {
        let line = line.split('#').next().unwrap_or_default().trim();
        let end = line.find(|letter: char| !letter.is_alphanumeric() && !"-_.".contains(letter)).unwrap_or(line.len());
        let (name, rest) = line.split_at(end);
        if !name.replace('_', "-").eq_ignore_ascii_case(&package.replace('_', "-")) {
            return false;
        }
        let rest = rest.trim_start();
        // Extras: `connexion[swagger-ui]==2.14.2`.
        let rest = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(rest, |(_, rest)| rest);
        rest.split(';').next().unwrap_or_default().split(',').any(|clause| bounds_below(clause.trim(), release))
    })
}

fn bounds_below(clause: &str, release: Release) -> bool {
    let operator = ["===", "==", "~=", "<=", "<"].into_iter().find(|operator| clause.starts_with(operator));
    let Some(operator) = operator else { return false };
    let mut numbers = clause[operator.len()..].trim().split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let asked = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    match operator {
        "<" => asked <= release,
        // `~=2.0` allows what comes after within the same major.
        "~=" => asked.0 < release.0,
        _ => asked < release,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_on_the_release_is_read_from_requirements() {
        let cases = [
            ("dash==2.14.1", true),
            ("Dash == 3.0.4  # old", true),
            ("dash<3", true),
            ("dash>=2,<3.1", true),
            ("dash[diskcache]==2.0", true),
            ("dash~=2.0", true),
            ("dash==2.*; python_version < '3.9'", true),
            ("dash", false),
            ("dash>=2.0", false),
            ("dash==3.1.0", false),
            ("dash~=3.0", false),
            ("dash<4", false),
            ("dash-bootstrap-components==1.0", false),
            ("# dash==2.0", false),
        ];
        for (line, before) in cases {
            assert_eq!(is_before(&format!("flask\n{line}\n"), "dash", (3, 1)), before, "{line}");
        }
    }
}
