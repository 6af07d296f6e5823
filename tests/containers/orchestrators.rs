//! The files under `deploy/` run by what they are for: Podman plays the Kubernetes file, a Swarm deploys the stack.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix::fcntl::{Flock, FlockArg};

use crate::commands::by;
use crate::docker::{self, docker, until};
use crate::http;
use crate::images::{classic_builder, images, root};
use crate::ports::free_port;
use crate::site::{Site, flask};
use crate::{Test, program, succeed, test, test_with};

pub(crate) fn tests() -> Vec<Test> {
    let podman = program(&["podman"]).filter(|_| nix::unistd::geteuid().is_root());
    let swarm = Test { can_run: swarm_is_ours_to_use(), ..test("the_stack_runs_on_a_swarm_as_it_is_written", swarm) };
    vec![test_with(podman, "the_kubernetes_file_runs_under_podman_as_it_is_written", |_| kubernetes()), swarm]
}

/// What an app of the tests says.
const PAGE: &str = "orchestrated";

/// An image with an app, made as the documentation says: FROM the image under test.
fn site_image() -> String {
    let runtime = &images().runtime;
    let site = Site::new(&[("app.py", &flask(PAGE)), ("Dockerfile", &format!("FROM {runtime}\nCOPY app.py .\n"))]);
    let name = runtime.replace("/runtime:", "/site:");
    succeed(classic_builder().args(["--tag", &name]).arg(site.folder()));
    name
}

/// Asks for the page, inside: who publishes which port where is the orchestrator's matter.
const ASK: &str = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8000').read().decode())";

/// Nothing but `/tmp` can be written, and the user is nobody's.
const LIMITS: &str = "touch /file 2> /dev/null || touch /tmp/file && id -u && grep CapEff /proc/self/status \
                      && grep NoNewPrivs /proc/self/status";

#[track_caller]
fn is_confined(output: &str, has_no_new_privileges: bool) {
    let words: Vec<_> = output.split_whitespace().collect();
    let privileges = if has_no_new_privileges { "1" } else { "0" };
    assert_eq!(words, ["10001", "CapEff:", "0000000000000000", "NoNewPrivs:", privileges], "{output}");
}

/// Podman with a storage of its own, below the folder of the tests, and limits that any machine allows.
struct Podman {
    folder: PathBuf,
    /// What it knows of running containers. Podman takes no name for it that is longer than 50 characters.
    state: PathBuf,
}

impl Podman {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("podman");
        fs::create_dir_all(&folder).unwrap();
        let limits = "[containers]\ndefault_ulimits = [\"nofile=4096:4096\", \"nproc=4096:4096\"]\n";
        fs::write(folder.join("containers.conf"), limits).unwrap();
        Self { folder, state: std::env::temp_dir().join(format!("pystart-podman-{}", std::process::id())) }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut podman = Command::new("podman");
        podman.env("CONTAINERS_CONF", self.folder.join("containers.conf"));
        podman.arg("--root").arg(self.folder.join("root")).arg("--runroot").arg(&self.state).args(words);
        podman
    }

    fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Takes an image over from the engine, unless it is there.
    fn load(&self, image: &str) {
        if self.output(&["image", "exists", image]).status.success() {
            return;
        }
        let mut save = Command::new("docker").args(["save", image]).stdout(Stdio::piped()).spawn().unwrap();
        let loaded = self.command(&["load", "--quiet"]).stdin(save.stdout.take().unwrap()).output().unwrap();
        assert!(save.wait().unwrap().success() && loaded.status.success(), "{loaded:?}");
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = self.output(&["pod", "rm", "--all", "--force"]);
        let _ = self.output(&["volume", "rm", "--all", "--force"]);
        let _ = fs::remove_dir_all(&self.state);
    }
}

fn kubernetes() {
    let podman = Podman::new();
    let image = site_image();
    podman.load(&image);
    succeed(&mut podman.command(&["tag", &image, "registry.example.com/site:1.0.0"]));
    // Podman publishes the port of a container under the same number, which somebody here may have.
    let file = fs::read_to_string(root().join("deploy/kubernetes.yaml")).unwrap();
    let port = "containerPort: 8000";
    assert!(file.contains(port), "{file}");
    let played = podman.folder.join("kubernetes.yaml");
    fs::write(&played, file.replace(port, &format!("containerPort: {}", free_port()))).unwrap();
    succeed(&mut podman.command(&["kube", "play", played.to_str().unwrap()]));
    let container = "site-pod-0-site";
    let exec = |words: &[&str]| podman.output(&[&["exec", container], words].concat());

    // The probes, as the file has them: Podman runs that of liveness, the kubelet would run the others the same way.
    until("the pod to be ready", || exec(&["pystart", "health"]).status.success().then_some(()));
    let alive = podman.output(&["healthcheck", "run", container]);
    assert!(alive.status.success(), "{alive:?}");
    assert_eq!(succeed(&mut podman.command(&["exec", container, "python3", "-c", ASK])), PAGE);
    is_confined(&succeed(&mut podman.command(&["exec", container, "sh", "-c", LIMITS])), true);
    let memory = ["inspect", container, "--format", "{{.HostConfig.Memory}}"];
    assert_eq!(succeed(&mut podman.command(&memory)), (512u32 << 20).to_string());

    succeed(&mut podman.command(&["pod", "stop", "--time", "45", "site-pod-0"]));
    let status = ["inspect", container, "--format", "{{.State.ExitCode}}"];
    assert_eq!(succeed(&mut podman.command(&status)), "0");
}

/// Not one that somebody else manages: a stack can be deployed by a manager alone.
fn swarm_is_ours_to_use() -> bool {
    let state = docker::output(&["info", "--format", "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}"]);
    let state = String::from_utf8_lossy(&state.stdout).into_owned();
    matches!(state.trim(), "inactive false" | "active true")
}

/// A swarm of this engine alone; left again if it was made here. The lock keeps another run from leaving it meanwhile.
struct Swarm {
    stack: String,
    is_made: bool,
    _lock: Flock<File>,
}

impl Swarm {
    fn new() -> Self {
        let lock = File::create(std::env::temp_dir().join("pystart-test-swarm.lock")).unwrap();
        let lock = Flock::lock(lock, FlockArg::LockExclusive).unwrap();
        let is_made = docker(&["info", "--format", "{{.Swarm.LocalNodeState}}"]) == "inactive";
        if is_made {
            docker(&["swarm", "init", "--advertise-addr", "127.0.0.1"]);
        }
        Self { stack: format!("pystart-test-{}", std::process::id()), is_made, _lock: lock }
    }

    /// The containers of the stack that run, and what the engine thinks of them.
    fn containers(&self) -> Vec<(String, String)> {
        let filter = format!("label=com.docker.stack.namespace={}", self.stack);
        let listed = docker(&["ps", "--filter", &filter, "--format", "{{.ID}} {{.Status}}"]);
        listed.lines().filter_map(|line| line.split_once(' ')).map(|(id, status)| (id.into(), status.into())).collect()
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        let _ = docker::output(&["stack", "rm", &self.stack]);
        if self.is_made {
            let _ = docker::output(&["swarm", "leave", "--force"]);
            let _ = docker::output(&["network", "rm", "docker_gwbridge"]);
        }
    }
}

/// Whether the kernel has what the routing mesh of a Swarm is made of (IPVS): a published port answers on every node.
fn has_routing_mesh() -> bool {
    Path::new("/proc/net/ip_vs").exists()
}

fn swarm() {
    // What is run below: with an image of the tests, and names of its own.
    const TYPED: &str =
        "SITE_IMAGE=registry.example.com/site:1.0.0 docker stack deploy --compose-file deploy/stack.yaml site";
    assert!(by("tests/containers/orchestrators.rs::swarm").iter().all(|typed| *typed == TYPED));
    let image = site_image();
    let swarm = Swarm::new();
    let port = free_port();
    let deploy = |image: &str| {
        let file = root().join("deploy/stack.yaml");
        let mut deploy = Command::new("docker");
        deploy.args(["stack", "deploy", "--resolve-image", "never", "--compose-file"]).arg(file).arg(&swarm.stack);
        succeed(deploy.env("SITE_IMAGE", image).env("SITE_PORT", port.to_string()));
    };
    deploy(&image);
    let containers = until("two healthy replicas", || {
        let healthy: Vec<_> =
            swarm.containers().into_iter().filter(|(_, status)| status.contains("(healthy)")).collect();
        (healthy.len() == 2).then_some(healthy)
    });
    let (first, _) = &containers[0];
    assert_eq!(docker(&["exec", first, "python3", "-c", ASK]), PAGE);
    // `docker stack deploy` takes no `security_opt`.
    is_confined(&docker(&["exec", first, "sh", "-c", LIMITS]), false);
    let limits = docker(&["inspect", "--format", "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}", first]);
    assert_eq!(limits, format!("{} 256", 512 << 20));

    // Over the network of the stack each replica answers; the published port is spread over the same.
    docker(&["exec", first, "python3", "-c", &ASK.replace("127.0.0.1", "tasks.site")]);
    let published =
        docker(&["service", "inspect", "--format", "{{json .Endpoint.Ports}}", &format!("{}_site", swarm.stack)]);
    assert!(published.contains(&format!("\"TargetPort\":8000,\"PublishedPort\":{port},")), "{published}");
    if has_routing_mesh() {
        let page = until("the published port", || http::get(port, "/").ok().filter(|answer| answer.status == 200));
        assert_eq!(page.body, PAGE);
    }

    // A release without an app: the file's way back is taken, and those that serve are not touched.
    deploy(&images().runtime);
    let state = ["service", "inspect", "--format", "{{.UpdateStatus.State}}", &format!("{}_site", swarm.stack)];
    until("the way back", || (docker(&state) == "rollback_completed").then_some(()));
    for (id, _) in &containers {
        assert_eq!(docker(&["exec", id, "python3", "-c", ASK]), PAGE);
    }

    // On a stop the health check says no while the site still answers.
    docker(&["kill", "--signal", "TERM", first]);
    until("the health check to say no", || {
        (docker::output(&["exec", first, "pystart", "health", "--live"]).status.code() == Some(1)).then_some(())
    });
    assert_eq!(docker(&["exec", first, "python3", "-c", ASK]), PAGE);
}
