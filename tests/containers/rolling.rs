//! A rolling replace behind a proxy, under load: no request fails.

use crate::balanced::{APP, Proxy, under_load};
use crate::docker::{Container, Network, until};
use crate::images::images;
use crate::site::Site;
use crate::{Test, http, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test("replacing_two_containers_one_after_the_other_fails_no_request", replace)]
}

fn replace() {
    let network = Network::new();
    let site = Site::new(&[("app.py", APP)]);
    let mount = site.mount();
    let server = |generation: u32| {
        let variable = format!("GENERATION={generation}");
        let options =
            ["--network", &network.0, "--volume", &mount, "--env", &variable, "--env", "GUNICORN_CMD_ARGS=--workers 3"];
        let container = Container::start(&options, &images().runtime, &[]);
        container.first_200();
        container
    };
    let mut running = vec![server(1), server(1)];
    let mut proxy = Proxy::start(&network, &running.iter().collect::<Vec<_>>());
    let port = proxy.port;
    under_load(port, |load| {
        for _ in 0..2 {
            // Ready before the old one goes; out of the proxy before it is told to stop; then it may take its time.
            let new = server(2);
            let old = running.remove(0);
            running.push(new);
            proxy.take(&running.iter().collect::<Vec<_>>());
            until("the proxy's new configuration", || proxy.has_taken_them().then_some(()));
            until("the proxy's former workers have ended", || proxy.has_left_the_former().then_some(()));
            assert_eq!(old.stop(), 0);
        }
        let before = load.answered();
        until("answers after the last replace", || (load.answered() > before + 50).then_some(()));
    });
    assert!(http::get(port, "/").unwrap().body.starts_with("2 "), "an old container still answers");
}
