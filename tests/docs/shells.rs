//! What is typed into a session, and what stands in a start script, in a folder with a Django site.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::commands::by;
use crate::ports::free_port;
use crate::python::Running;
use crate::scenes::Scene;

/// How long anything may take on a machine that is busy with other things.
const DEADLINE: Duration = Duration::from_secs(90);

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
        let mut site = Running::start(&mut scene.command("pystart startup.sh", port));
        let end = Instant::now() + DEADLINE;
        let page = loop {
            if let Some(page) = page(port) {
                break page;
            }
            let ended = site.0.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < end, "no page: {ended:?}");
            std::thread::sleep(Duration::from_millis(10));
        };
        assert!(page.ends_with("served by Django"), "{page}");
        assert!(fs::metadata(&database).unwrap().len() > 0, "nothing was migrated");
    }
}

fn page(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    write!(stream, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer).filter(|answer| !answer.is_empty())
}
