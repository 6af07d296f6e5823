//! A proxy in front of containers, and a load on it: what replacements are tested under.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

use crate::docker::{Container, Network, docker};
use crate::http;
use crate::images::{classic_builder, images};
use crate::site::Site;

/// Slow enough that a request is always in flight; says who answered, and takes a body.
pub(crate) const APP: &str = "import os, time\n\ndef app(environ, start_response):\n    \
                   body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))\n    time.sleep(0.05)\n    \
                   start_response('200 OK', [])\n    return [os.environ['GENERATION'].encode() + b' ' + body]\n";

/// How many clients ask at a time.
const CLIENTS: u32 = 4;

/// nginx, with a configuration that is written anew for each set of servers.
pub(crate) struct Proxy {
    container: Container,
    folder: Site,
    version: u32,
    /// The port of this machine that it is asked on.
    pub(crate) port: u16,
}

impl Proxy {
    /// Starts it in front of these servers, and waits for its first answer.
    pub(crate) fn start(network: &Network, servers: &[&Container]) -> Self {
        let folder = Site::new(&[("nginx.conf", &configuration(0, servers))]);
        let mount = format!("{}:/etc/site:ro", folder.folder().display());
        let options = ["--network", &network.0, "--volume", &mount];
        let words = ["nginx", "-c", "/etc/site/nginx.conf", "-g", "daemon off;"];
        let container = Container::start(&options, image(), &words);
        container.first_200();
        let port = container.published(8000);
        Self { container, folder, version: 0, port }
    }

    /// Takes these servers from now on; what it has passed on already is answered by the former ones.
    pub(crate) fn take(&mut self, servers: &[&Container]) {
        self.version += 1;
        self.folder.write("nginx.conf", &configuration(self.version, servers));
        docker(&["exec", &self.container.name, "nginx", "-c", "/etc/site/nginx.conf", "-s", "reload"]);
    }

    /// Does it work by its new configuration?
    pub(crate) fn has_taken_them(&self) -> bool {
        http::get(self.port, "/version").is_ok_and(|answer| answer.body == self.version.to_string())
    }

    /// Has it let go of the former servers? A worker of the former configuration may hold a request that it has not
    /// passed on yet.
    pub(crate) fn has_left_the_former(&self) -> bool {
        let script = "cat /proc/[0-9]*/cmdline 2> /dev/null | tr '\\0' ' ' | grep -c 'is shutting[ ]down' || true";
        docker(&["exec", &self.container.name, "sh", "-c", script]).trim() == "0"
    }
}

/// Debian's nginx on the Python stand-in.
fn image() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let file = format!(
            "FROM {}\nRUN apt-get update && apt-get install --yes --no-install-recommends nginx-light\n",
            images().python
        );
        let mut child = classic_builder().arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "the proxy's image cannot be built");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}

/// The version can be asked for, so that a reload can be waited for.
fn configuration(version: u32, servers: &[&Container]) -> String {
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

/// What clients have seen so far.
#[derive(Default)]
pub(crate) struct Load {
    done: AtomicBool,
    answered: AtomicU32,
    failures: Mutex<Vec<String>>,
}

impl Load {
    /// How many requests were answered as they should be.
    pub(crate) fn answered(&self) -> u32 {
        self.answered.load(Ordering::Relaxed)
    }

    fn ask(&self, port: u16, client: u32) {
        // Half of the requests may not be sent twice, so no proxy can hide a failure.
        let (method, body) = if client.is_multiple_of(2) { ("GET", "") } else { ("POST", "payload") };
        while !self.done.load(Ordering::Relaxed) {
            match http::request(port, method, "/", "", body) {
                Ok(answer) if answer.status == 200 && answer.body.ends_with(&format!(" {body}")) => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                }
                other => self.failures.lock().unwrap().push(format!("{method}: {other:?}")),
            }
        }
    }
}

/// Does `work` while clients ask without a pause; no request may fail. Returns how many there were.
pub(crate) fn under_load(port: u16, work: impl FnOnce(&Load)) -> u32 {
    let load = Load::default();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let load = &load;
            scope.spawn(move || load.ask(port, client));
        }
        // Whatever goes wrong must end the load, too.
        let _end = End(&load.done);
        work(&load);
    });
    let (answered, failures) = (load.answered(), load.failures.into_inner().unwrap());
    assert!(failures.is_empty(), "{} of {answered} failed, the first: {:?}", failures.len(), failures.first());
    answered
}

/// Says that something is over when dropped.
pub(crate) struct End<'a>(pub(crate) &'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
