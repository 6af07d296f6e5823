//! The help of the whole command and of each subcommand.

use crate::compare;
use crate::scene::Scene;

pub(crate) const NAMES: &[&str] =
    &["help", "help-run", "help-explain", "help-check", "help-build", "help-env", "help-health"];

#[test]
fn every_help_is_as_it_was_read_last() {
    let scene = Scene::new(&[]);
    for name in NAMES {
        let subcommand = name.strip_prefix("help-");
        let words: Vec<_> = subcommand.into_iter().chain(["--help"]).collect();
        compare(name, scene.call(&words, &[]));
    }
}

#[test]
fn every_subcommand_has_a_case() {
    let whole = pystart::cli::whole();
    let expected: Vec<_> =
        whole.get_subcommands().map(|subcommand| format!("help-{}", subcommand.get_name())).collect();
    assert_eq!(NAMES[1..], expected);
}
