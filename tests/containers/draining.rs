//! A rolling replacement without a hook before the stop: the proxy knows a container by Docker's health state alone.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::balanced::{APP, End, Proxy, under_load};
use crate::docker::{Container, Network, docker, output, until};
use crate::images::images;
use crate::site::Site;
use crate::{Test, test};

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

/// Lets the proxy take the containers that are healthy now, as Traefik and Swarm do; `taken` are their names.
fn balance(proxy: &mut Proxy, containers: &[Container], taken: &mut Vec<String>) {
    let healthy: Vec<&Container> = containers.iter().filter(|container| is_healthy(container)).collect();
    let names: Vec<String> = healthy.iter().map(|container| container.name.clone()).collect();
    if names != *taken && !names.is_empty() {
        proxy.take(&healthy);
        *taken = names;
    }
}

fn replace() {
    let network = Network::new();
    let site = Site::new(&[("app.py", APP)]);
    let mount = site.mount();
    let containers = Mutex::new(vec![start(0, &network.0, &mount), start(0, &network.0, &mount)]);
    until("both are healthy", || containers.lock().unwrap().iter().all(is_healthy).then_some(()));
    let mut proxy = Proxy::start(&network, &containers.lock().unwrap().iter().collect::<Vec<_>>());
    let taken = Mutex::new(Vec::new());
    let done = AtomicBool::new(false);
    let answered = under_load(proxy.port, |_| {
        thread::scope(|scope| {
            let _end = End(&done);
            let (proxy, containers, taken, done) = (&mut proxy, &containers, &taken, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let mut names = taken.lock().unwrap().clone();
                    balance(proxy, &containers.lock().unwrap(), &mut names);
                    *taken.lock().unwrap() = names;
                    thread::sleep(Duration::from_millis(100));
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
    });
    assert!(answered > 1000, "there was no load to speak of");
}
