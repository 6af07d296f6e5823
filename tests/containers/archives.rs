//! What the platform's build leaves, in the image: archives of apps, under the users and restrictions of real deployments.

use std::path::Path;
use std::process::Command;

use crate::docker::{Container, docker};
use crate::images::images;
use crate::site::{Site, flask};
use crate::{Test, succeed, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("an_app_in_an_archive_is_served_to_root_and_to_another_user", any_user),
        test("a_restart_of_the_same_container_unpacks_nothing", restart),
        test("a_read_only_root_with_one_writable_folder_is_enough", read_only),
        test("a_folder_without_exec_is_told_of_with_the_option_to_change", without_exec),
    ]
}

/// The app root as the platform leaves it: an archive with its manifest, and no source. `flag` is that of GNU tar.
fn packed(name: &str, flag: &str) -> Site {
    let app = Site::new(&[("app.py", &flask("packed"))]);
    let site = Site::new(&[("oryx-manifest.toml", "CompressDestinationDir=\"true\"\nOperationId=\"1\"\n")]);
    pack(app.folder(), flag, &site.folder().join(name));
    site
}

fn pack(folder: &Path, flag: &str, archive: &Path) {
    succeed(Command::new("tar").arg("-C").arg(folder).arg(flag).arg("-cf").arg(archive).arg("."));
}

fn start(site: &Site, options: &[&str]) -> Container {
    Container::start(&[&["--volume", &site.mount()], options].concat(), &images().runtime, &[])
}

/// How often something was unpacked in this container.
fn times_unpacked(container: &Container) -> usize {
    container.logs().matches("pystart: unpacked ").count()
}

fn any_user() {
    for (name, flag) in [("output.tar.zst", "--zstd"), ("output.tar.gz", "--gzip")] {
        let site = packed(name, flag);
        for user in ["0:0", "10001:10001"] {
            let container = start(&site, &["--user", user]);
            assert_eq!(container.first_200(), "packed", "{name} as {user}");
            let uid = user.split(':').next().unwrap_or_default();
            let owners =
                container.exec_text(&["sh", "-c", "stat -c %u /tmp/pystart-*/*/app /tmp/pystart-*/*/app/app.py"]);
            assert!(owners.lines().count() == 2 && owners.lines().all(|owner| owner == uid), "{user}: {owners}");
            assert_eq!(container.stop(), 0);
        }
    }
}

fn restart() {
    let site = packed("output.tar.zst", "--zstd");
    let container = start(&site, &["--user", "10001:10001"]);
    for _ in 0..2 {
        assert_eq!(container.first_200(), "packed");
        assert_eq!(times_unpacked(&container), 1, "{}", container.logs());
        docker(&["restart", "--time", "40", &container.name]);
    }
    assert_eq!(container.first_200(), "packed");
    assert_eq!(times_unpacked(&container), 1, "{}", container.logs());
}

fn read_only() {
    let site = packed("output.tar.gz", "--gzip");
    for user in ["0:0", "10001:10001"] {
        let options = ["--read-only", "--tmpfs", "/tmp:exec", "--cap-drop", "ALL", "--user", user];
        let container = start(&site, &options);
        assert_eq!(container.first_200(), "packed", "as {user}");
        assert_eq!(times_unpacked(&container), 1);
        assert_eq!(container.stop(), 0);
    }
}

fn without_exec() {
    let site = packed("output.tar.zst", "--zstd");
    let options = ["--volume", &site.mount(), "--read-only", "--tmpfs", "/tmp", "--user", "10001:10001"];
    let container = Container::start_unpublished(&options, &images().runtime, &[]);
    assert_eq!(container.wait(), 1);
    let logs = container.logs();
    assert!(logs.contains("`/tmp` is mounted `noexec`") && logs.contains("--tmpfs /tmp:exec"), "{logs}");
}
