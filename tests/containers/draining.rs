//! A rolling replacement without a hook before the stop: the proxy knows a container by Docker's health state alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::docker::{Container, Network, docker, output, until};
use crate::images::images;
use crate::rolling::{APP, End, configuration, proxy_image};
use crate::site::Site;
use crate::{Test, http, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test("ten_replacements_behind_a_proxy_of_healthy_containers_fail_no_request", replace)]
}

/// How often a container is replaced.
const REPLACEMENTS: u32 = 10;

/// Two health intervals, a failed check's time limit, and the proxy's reload.
const DRAIN: &str = "PYSTART_DRAIN=6";

fn start(generation: u32, network: &str, mount: &str) -> Container {
    let generation = format!("GENERATION={generation}");
    let options = [
        &["--network", network, "--volume", mount, "--env", &generation, "--env", DRAIN][..],
        &["--env", "GUNICORN_CMD_ARGS=--workers 3", "--health-cmd", "pystart health", "--health-interval", "1s"],
        &["--health-retries", "1", "--health-timeout", "2s", "--health-start-period", "0s"],
    ];
    Container::start(&options.concat(), &images().runtime, &[])
}

/// Docker's word; none where the container is gone.
fn is_healthy(container: &Container) -> bool {
    let found = output(&["inspect", "--format", "{{.State.Health.Status}}", &container.name]);
    String::from_utf8_lossy(&found.stdout).trim() == "healthy"
}

/// The proxy, and what it takes.
struct Balancer<'a> {
    proxy: &'a Container,
    folder: &'a Site,
    version: u32,
    taken: Vec<String>,
}

impl Balancer<'_> {
    /// Takes the containers that are healthy now, as Traefik and Swarm do. Returns their names.
    fn update(&mut self, containers: &[Container]) -> &[String] {
        let healthy: Vec<&Container> = containers.iter().filter(|container| is_healthy(container)).collect();
        let names: Vec<String> = healthy.iter().map(|container| container.name.clone()).collect();
        if names != self.taken && !names.is_empty() {
            self.version += 1;
            self.folder.write("nginx.conf", &configuration(self.version, &healthy));
            docker(&["exec", &self.proxy.name, "nginx", "-c", "/etc/site/nginx.conf", "-s", "reload"]);
            self.taken = names;
        }
        &self.taken
    }
}

fn replace() {
    let network = Network::new();
    let site = Site::new(&[("app.py", APP)]);
    let mount = site.mount();
    let containers = Mutex::new(vec![start(0, &network.0, &mount), start(0, &network.0, &mount)]);
    until("both are healthy", || containers.lock().unwrap().iter().all(is_healthy).then_some(()));

    let folder = Site::empty();
    fs::set_permissions(folder.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    folder.write("nginx.conf", &configuration(0, &containers.lock().unwrap().iter().collect::<Vec<_>>()));
    let configuration_mount = format!("{}:/etc/site:ro", folder.folder().display());
    let options = ["--network", &network.0, "--volume", &configuration_mount];
    let words = ["nginx", "-c", "/etc/site/nginx.conf", "-g", "daemon off;"];
    let proxy = Container::start(&options, proxy_image(), &words);
    proxy.first_200();
    let port = proxy.published(8000);

    let (done, answered, failures) = (AtomicBool::new(false), AtomicU32::new(0), Mutex::new(Vec::new()));
    let load = |number: u32| {
        while !done.load(Ordering::Relaxed) {
            // Half of the requests may not be sent twice, so no proxy can hide a failure.
            let (method, body) = if number.is_multiple_of(2) { ("GET", "") } else { ("POST", "payload") };
            match http::request(port, method, "/", "", body) {
                Ok(answer) if answer.status == 200 && answer.body.ends_with(&format!(" {body}")) => {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                other => failures.lock().unwrap().push(format!("{method}: {other:?}")),
            }
        }
    };
    let taken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || load(number));
        }
        // Whatever goes wrong below must end the load too.
        let _end = End(&done);
        let (containers, done, proxy, folder, taken) = (&containers, &done, &proxy, &folder, &taken);
        scope.spawn(move || {
            let mut balancer = Balancer { proxy, folder, version: 0, taken: Vec::new() };
            while !done.load(Ordering::Relaxed) {
                let names = balancer.update(&containers.lock().unwrap()).to_vec();
                *taken.lock().unwrap() = names;
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        for generation in 1..=REPLACEMENTS {
            let new = start(generation, &network.0, &mount);
            let name = new.name.clone();
            containers.lock().unwrap().push(new);
            until("the new container is taken", || taken.lock().unwrap().contains(&name).then_some(()));
            // Nobody tells the proxy: it has to see.
            let old = containers.lock().unwrap()[0].name.clone();
            docker(&["stop", "--time", "40", &old]);
            let old = containers.lock().unwrap().remove(0);
            assert_eq!(old.inspect("{{.State.ExitCode}}"), "0");
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {answered:?} failed, the first: {:?}", failures.len(), failures.first());
    assert!(answered.into_inner() > 1000, "there was no load to speak of");
}
