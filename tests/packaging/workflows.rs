//! Hosted CI, the release workflow and the action, by linters that know what they may say and what is dangerous.

use std::fs;

use crate::{root, succeed, tools};

/// Every workflow.
fn workflows() -> Vec<std::path::PathBuf> {
    let folder = fs::read_dir(root().join(".github/workflows")).unwrap();
    let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 2, "CI and releases: {files:?}");
    files
}

#[test]
fn the_workflows_mean_what_they_say() {
    succeed(tools::command("actionlint").args(["-no-color"]).args(workflows()));
}

#[test]
fn the_workflows_are_pinned_and_have_no_more_rights_than_they_need() {
    let mut zizmor = tools::command("zizmor");
    // Offline: only what is in the files can fail the test.
    zizmor.args(["--offline", "--no-progress", "--quiet", "--persona", "regular", "--strict-collection"]);
    succeed(zizmor.args(workflows()).arg(root().join("action.yml")));
}

#[test]
fn the_action_is_short_enough_to_be_read_before_it_is_used() {
    let lines = fs::read_to_string(root().join("action.yml")).unwrap().lines().count();
    assert!(lines < 30, "{lines} lines");
}

#[test]
fn nothing_says_to_install_the_package_of_somebody_else() {
    // `pystart` on PyPI is another project.
    let files = succeed(std::process::Command::new("git").arg("-C").arg(root()).args(["ls-files", "-z"]));
    let install = ["pip install ", "pystart"].concat();
    for name in files.split_terminator('\0') {
        let text = String::from_utf8_lossy(&fs::read(root().join(name)).unwrap_or_default()).into_owned();
        for (at, _) in text.match_indices(&install) {
            let rest = &text[at + install.len()..];
            assert!(rest.starts_with("-server"), "{name}: {install}{}", rest.lines().next().unwrap_or_default());
        }
    }
}
