//! The image under restrictions: read-only root, any user, no capabilities, no network, another init; and app
//! folders that are not as they should be.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::docker::{Container, until};
use crate::images::images;
use crate::site::{DEFAULT_SITE, ROOT, Site, flask};
use crate::{Test, test};

/// What the restricted Pod Security profile comes to, and more.
pub(crate) const EVERYTHING: [&str; 9] =
    ["--read-only", "--tmpfs", "/tmp", "--user", "12345:0", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];

pub(crate) fn tests() -> Vec<Test> {
    let rows: [(&str, &'static [&'static str]); 6] = [
        ("a_read_only_root_with_tmp", &["--read-only", "--tmpfs", "/tmp"]),
        ("a_read_only_root_without_tmp", &["--read-only"]),
        ("any_user", &["--user", "12345:0"]),
        ("a_user_and_a_group_that_nobody_knows", &["--user", "12345:54321"]),
        ("no_capabilities", &["--cap-drop", "ALL"]),
        ("everything_at_once", &EVERYTHING),
    ];
    let mut tests = Vec::new();
    for (name, options) in rows {
        tests.push(test(format!("{name}_serves_an_app"), move || serves_an_app(options)));
        tests.push(test(format!("{name}_serves_the_default_site"), move || serves_the_default_site(options)));
    }
    tests.push(test("without_a_network_the_health_check_still_answers", no_network));
    tests.push(test("under_another_init_the_app_runs_and_stops", another_init));
    tests.push(test("a_missing_app_folder_gets_the_default_site", missing));
    tests.push(test("an_unreadable_app_folder_gets_the_default_site_and_a_reason", unreadable));
    tests.push(test("a_mounted_source_folder_is_built_and_served", mounted_source));
    tests.push(test("an_image_without_the_default_site_serves_its_own_copy", no_default_site));
    tests
}

fn serves_an_app(options: &[&str]) {
    let site = Site::new(&[("app.py", &flask("app"))]);
    let mount = site.mount();
    let container = Container::start(&[&["--volume", &mount], options].concat(), &images().runtime, &[]);
    assert_eq!(container.first_200(), "app");
    assert_no_errors(&container);
    assert_eq!(container.stop(), 0);
}

fn serves_the_default_site(options: &[&str]) {
    let container = Container::start(options, &images().runtime, &[]);
    assert!(container.first_200().contains(DEFAULT_SITE));
    assert_no_errors(&container);
    assert_eq!(container.stop(), 0);
}

/// gunicorn tells of a control socket, a temporary folder or a home that it could not use as errors.
fn assert_no_errors(container: &Container) {
    let logs = container.logs();
    assert!(!logs.contains("[ERROR]") && !logs.contains("Traceback"), "{logs}");
}

fn no_network() {
    let site = Site::new(&[("app.py", &flask("app"))]);
    let mount = site.mount();
    let options = ["--volume", &mount, "--network", "none", "--health-interval", "1s"];
    let container = Container::start_unpublished(&options, &images().runtime, &[]);
    until("the health check to say healthy", || {
        (container.inspect("{{.State.Health.Status}}") == "healthy").then_some(())
    });
    assert!(container.exec(&["pystart", "health"]).status.success());
    assert_eq!(container.stop(), 0);
}

fn another_init() {
    let site = Site::new(&[("app.py", &flask("app"))]);
    let mount = site.mount();
    let container = Container::start(&["--volume", &mount, "--init"], &images().runtime, &[]);
    assert_eq!(container.first_200(), "app");
    assert_ne!(container.first_process().name, "pystart");
    // docker-init exits with the status of its child.
    assert_eq!(container.stop(), 0);
}

fn missing() {
    let container = Container::start(&["--env", "HOME_SITE=/nowhere"], &images().runtime, &[]);
    assert!(container.first_200().contains(DEFAULT_SITE));
    assert!(container.logs().contains("/nowhere"), "{}", container.logs());
}

fn unreadable() {
    let site = Site::new(&[("app.py", &flask("app"))]);
    fs::set_permissions(site.folder(), fs::Permissions::from_mode(0o700)).unwrap();
    let mount = site.mount();
    let container = Container::start(&["--volume", &mount, "--user", "12345:12345"], &images().runtime, &[]);
    assert!(container.first_200().contains(DEFAULT_SITE));
    assert!(container.logs().to_lowercase().contains("permission denied"), "{}", container.logs());
}

fn mounted_source() {
    let app = "import bottle\napp = bottle.Bottle()\n\n@app.get('/')\ndef home():\n    return 'built'\n";
    let site = Site::new(&[("app.py", app), ("requirements.txt", "bottle==0.13.4\n")]);
    let mount = site.mount_writable();
    // The host's network, for the package index; so the port must be one that is free on the host.
    let port = crate::ports::free_port();
    let variable = format!("PORT={port}");
    let options = ["--volume", &mount, "--network", "host", "--env", &variable, "--env", "PYSTART_BUILD=1"];
    let container = Container::start_unpublished(&options, &images().runtime, &[]);
    let page = until("the built app", || {
        assert!(container.is_running(), "the container has ended:\n{}", container.logs());
        crate::http::get(port, "/").ok().filter(|answer| answer.status == 200)
    });
    assert_eq!(page.body, "built");
    assert!(site.folder().join("antenv/pyvenv.cfg").is_file());
    assert_eq!(container.stop(), 0);
}

fn no_default_site() {
    // A tmpfs hides the image's copy.
    let container = Container::start(&["--tmpfs", "/opt/defaultsite"], &images().runtime, &[]);
    assert!(container.first_200().contains(DEFAULT_SITE));
    let folders = container.exec_text(&["sh", "-c", "ls -d /tmp/pystart-defaultsite-0-*"]);
    assert_eq!(folders.lines().count(), 1, "{folders}");
    assert!(container.exec_text(&["ls", ROOT]).is_empty());
}
