//! What is typed into a session, and what stands in a start script, in a folder with a Django site.

use std::fs;

use crate::commands::by;
use crate::ports::free_port;
use crate::python::page_of;
use crate::scenes::Scene;

#[test]
fn an_ssh_session_and_a_start_script_do_what_the_pages_say() {
    let typed = by("tests/docs/shells.rs::an_ssh_session_and_a_start_script_do_what_the_pages_say");
    let (scripts, session): (Vec<&str>, Vec<&str>) = typed.into_iter().partition(|command| command.starts_with("#!"));
    let scene = Scene::new("django");
    let database = scene.root().join("database");

    let output = scene.command(&format!("set -e\n{}", session.join("\n")), 0).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::metadata(&database).unwrap().len() > 0, "nothing was migrated");

    for script in scripts {
        fs::remove_file(&database).unwrap();
        fs::write(scene.root().join("startup.sh"), script).unwrap();
        let port = free_port();
        let page = page_of(&mut scene.command("pystart startup.sh", port), port);
        assert!(page.ends_with("served by Django"), "{page}");
        assert!(fs::metadata(&database).unwrap().len() > 0, "nothing was migrated");
    }
}
