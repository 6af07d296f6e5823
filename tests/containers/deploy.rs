//! The files under `deploy/`: against the real schemas, against the restricted profile, and started.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::commands::by;
use crate::docker::until;
use crate::images::{images, root};
use crate::site::{Site, flask};
use crate::{Test, http, program, test, test_with};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("the_kubernetes_file_fits_the_schemas", kubernetes_schemas),
        test("the_pods_meet_the_restricted_profile_and_stop_in_time", restricted),
        test_with(program(&["docker-compose"]), "the_compose_file_fits_its_schema_and_serves_the_app", |_| compose()),
    ]
}

/// A virtual environment with Kubernetes' own schemas (of every supported version) and their validator.
fn tools() -> &'static Path {
    const PACKAGE: &str = "kubernetes-validate==1.37.0";
    static TOOLS: OnceLock<PathBuf> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE);
        let complete = folder.join("complete");
        if !complete.exists() {
            check(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
            check(Command::new(folder.join("bin/pip")).args(["install", "--quiet", PACKAGE]));
            std::fs::write(complete, "").unwrap();
        }
        folder
    })
}

/// Runs to success; standard output.
fn check(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn kubernetes_schemas() {
    // The oldest and the newest version that are supported.
    for version in ["1.34", "1.37"] {
        let mut validate = Command::new(tools().join("bin/kubernetes-validate"));
        check(validate.args(["--strict", "--kubernetes-version", version]).arg(root().join("deploy/kubernetes.yaml")));
    }
}

fn restricted() {
    let mut python = Command::new(tools().join("bin/python"));
    python.arg(root().join("tests/containers/pod_security.py")).arg(root().join("deploy/kubernetes.yaml"));
    check(&mut python);
}

/// A Compose project; taken down when dropped.
struct Project<'a> {
    name: String,
    site: &'a Site,
}

impl Project<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut compose = Command::new("docker-compose");
        compose.args(["--project-name", &self.name, "--file"]).arg(root().join("deploy/compose.yaml"));
        compose.arg("--project-directory").arg(self.site.folder()).args(words);
        compose.env("SITE_IMAGE", &images().runtime).env("SITE_SOURCE", self.site.folder()).env("SITE_PORT", "0");
        compose
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        let _ = self.command(&["down", "--volumes", "--timeout", "5"]).output();
    }
}

fn compose() {
    // What is run below: by the program of that name, with the image and the app of the tests.
    const TYPED: &str = "docker compose --file deploy/compose.yaml --project-directory . up";
    assert!(by("tests/containers/deploy.rs::compose").iter().all(|typed| *typed == TYPED));
    let site = Site::new(&[("app.py", &flask("composed"))]);
    let project = Project { name: format!("pystart-test-{}", std::process::id()), site: &site };
    check(&mut project.command(&["config", "--quiet"]));
    check(&mut project.command(&["up", "--detach"]));
    let address = check(&mut project.command(&["port", "site", "8000"]));
    let port = address.trim().rsplit(':').next().unwrap().parse().unwrap();
    let page = until("the composed app", || http::get(port, "/").ok().filter(|answer| answer.status == 200));
    assert_eq!(page.body, "composed");
    check(&mut project.command(&["stop"]));
    let id = check(&mut project.command(&["ps", "--quiet"]));
    assert_eq!(crate::docker::docker(&["inspect", "--format", "{{.State.ExitCode}}", id.trim()]), "0");
}
