//! A rolling replace behind a proxy, under load: no request fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::docker::{Container, Network, docker, until};
use crate::images::{classic_builder, images};
use crate::site::Site;
use crate::{Test, http, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test("replacing_two_containers_one_after_the_other_fails_no_request", replace)]
}

/// Slow enough that a request is always in flight; says who answered, and takes a body.
pub(crate) const APP: &str = "import os, time\n\ndef app(environ, start_response):\n    \
                   body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))\n    time.sleep(0.05)\n    \
                   start_response('200 OK', [])\n    return [os.environ['GENERATION'].encode() + b' ' + body]\n";

/// Debian's nginx on the Python stand-in.
pub(crate) fn proxy_image() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let file = format!(
            "FROM {}\nRUN apt-get update && apt-get install --yes --no-install-recommends nginx-light\n",
            images().python
        );
        let mut child = classic_builder().arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), file.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "the proxy's image cannot be built");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}

/// The proxy's configuration: the version can be asked for, so that a reload can be waited for.
pub(crate) fn configuration(version: u32, servers: &[&Container]) -> String {
    use std::fmt::Write as _;
    let upstream = servers.iter().fold(String::new(), |mut text, server| {
        let address = server.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
        let _ = write!(text, "server {address}:8000; ");
        text
    });
    format!(
        "worker_processes 1;\nerror_log stderr;\nevents {{ worker_connections 512; }}\nhttp {{\n  access_log off;\n  \
         upstream site {{ {upstream} }}\n  server {{\n    listen 8000;\n    location = /version {{ return 200 {version}; }}\n    \
         location / {{ proxy_pass http://site; }}\n  }}\n}}\n"
    )
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

    let folder = Site::empty();
    fs::set_permissions(folder.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut running = vec![server(1), server(1)];
    let write = |version: u32, running: &[&Container]| folder.write("nginx.conf", &configuration(version, running));
    write(1, &running.iter().collect::<Vec<_>>());
    let configuration_mount = format!("{}:/etc/site:ro", folder.folder().display());
    let options = ["--network", &network.0, "--volume", &configuration_mount];
    let words = ["nginx", "-c", "/etc/site/nginx.conf", "-g", "daemon off;"];
    let proxy = Container::start(&options, proxy_image(), &words);
    proxy.first_200();
    let port = proxy.published(8000);

    let (done, answered, failures) = (AtomicBool::new(false), AtomicU32::new(0), std::sync::Mutex::new(Vec::new()));
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
    std::thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || load(number));
        }
        // Whatever goes wrong below must end the load too.
        let _end = End(&done);
        for version in [2, 3] {
            // Ready before the old one goes; out of the proxy before it is told to stop; then it may take its time.
            let new = server(2);
            let old = running.remove(0);
            running.push(new);
            write(version, &running.iter().collect::<Vec<_>>());
            docker(&["exec", &proxy.name, "nginx", "-c", "/etc/site/nginx.conf", "-s", "reload"]);
            until("the proxy's new configuration", || {
                http::get(port, "/version").ok().filter(|answer| answer.body == version.to_string())
            });
            // A worker of the former configuration may hold a request that it has not passed on yet.
            until("the proxy's former workers have ended", || {
                let script =
                    "cat /proc/[0-9]*/cmdline 2> /dev/null | tr '\\0' ' ' | grep -c 'is shutting[ ]down' || true";
                (docker(&["exec", &proxy.name, "sh", "-c", script]).trim() == "0").then_some(())
            });
            assert_eq!(old.stop(), 0);
        }
        let before = answered.load(Ordering::Relaxed);
        until("answers after the last replace", || (answered.load(Ordering::Relaxed) > before + 50).then_some(()));
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {answered:?} failed, the first: {:?}", failures.len(), failures.first());
    assert!(http::get(port, "/").unwrap().body.starts_with("2 "), "an old container still answers");
}

/// Ends the load when dropped.
pub(crate) struct End<'a>(pub(crate) &'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
