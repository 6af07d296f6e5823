//! The list of packages that a build tool has printed, made fit for one installer or the other. Pure.

/// The default index is not repeated: where the user has set another one, it is that which counts.
const DEFAULT_INDEX: &str = "https://pypi.org/simple";

/// Cuts a list in two where some packages have hashes and some, from a repository or from this disk, have none: pip
/// takes hashes for all or for none.
pub(super) fn arranged(list: &str) -> Vec<String> {
    let (mut options, mut hashed, mut plain) = (String::new(), String::new(), String::new());
    for line in whole_lines(list) {
        let is_editable = ["-e", "--editable"].iter().any(|name| line.starts_with(name));
        let place = match &*line {
            "" => continue,
            line if line.starts_with('#') || is_default_index(line) => continue,
            line if line.starts_with('-') && !is_editable => &mut options,
            line if line.contains("--hash=") => &mut hashed,
            _ => &mut plain,
        };
        place.push_str(&line);
        place.push('\n');
    }
    let parts = [hashed, plain].into_iter().filter(|part| !part.is_empty());
    parts.map(|part| format!("{options}{part}")).collect()
}

/// Lines with their continuations.
fn whole_lines(list: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut begun = String::new();
    for line in list.lines() {
        let (text, goes_on) = line.strip_suffix('\\').map_or((line, false), |text| (text, true));
        begun.push_str(text.trim());
        if goes_on {
            begun.push(' ');
        } else {
            lines.push(std::mem::take(&mut begun));
        }
    }
    lines.push(begun);
    lines
}

fn is_default_index(line: &str) -> bool {
    let value = ["-i", "--index-url"].iter().find_map(|name| line.strip_prefix(name));
    value.is_some_and(|value| value.trim_matches(['=', ' ', '/']) == DEFAULT_INDEX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_without_hashes_are_installed_apart_from_those_with() {
        let list = "-i https://pypi.org/simple\n--extra-index-url https://x/y\n# made by\n\nflask==3 ; a \\\n    --hash=sha256:1 \\\n    \
                    --hash=sha256:2\nshop @ git+https://x\n-e ./lib\n";
        let hashed = "--extra-index-url https://x/y\nflask==3 ; a --hash=sha256:1 --hash=sha256:2\n";
        let plain = "--extra-index-url https://x/y\nshop @ git+https://x\n-e ./lib\n";
        assert_eq!(arranged(list), [hashed, plain]);
    }

    #[test]
    fn a_list_of_one_kind_is_one_file_and_an_empty_one_is_none() {
        assert_eq!(arranged("--index-url https://pypi.org/simple/\nflask\nshop"), ["flask\nshop\n"]);
        assert_eq!(
            arranged("--index-url=https://mirror/simple\nflask\n"),
            ["--index-url=https://mirror/simple\nflask\n"]
        );
        assert_eq!(arranged("# nothing\n--index-url https://pypi.org/simple\n"), [""; 0]);
    }
}
