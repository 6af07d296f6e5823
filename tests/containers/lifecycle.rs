//! Stop, restart, health, and what is left behind.

use crate::docker::{Container, docker, until};
use crate::images::images;
use crate::site::{Site, flask, wsgi};
use crate::{Test, http, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("restarting_the_same_container_twice_changes_nothing_on_disk", restart),
        test("a_request_in_flight_is_answered_before_the_stop", in_flight),
        test("orphans_are_reaped_whoever_is_pid_1", orphans),
        test("the_health_check_follows_the_site", health),
        test("explain_runs_in_the_image_and_beside_the_app", explain),
    ]
}

fn restart() {
    // Python's own caches would be changes of the app, not of the launcher.
    let site = Site::new(&[("app.py", &flask("app"))]);
    let mount = site.mount();
    let container =
        Container::start(&["--volume", &mount, "--env", "PYTHONDONTWRITEBYTECODE=1"], &images().runtime, &[]);
    // gunicorn makes its control socket beside the first answers, not before them.
    let changes = || {
        assert_eq!(container.first_200(), "app");
        until("gunicorn's control socket", || {
            container.exec(&["test", "-S", "/root/.gunicorn/gunicorn.ctl"]).status.success().then_some(())
        });
        docker(&["diff", &container.name])
    };
    let first = changes();
    for _ in 0..2 {
        docker(&["restart", "--time", "40", &container.name]);
        assert_eq!(changes(), first);
    }
    assert_eq!(container.stop(), 0);
}

fn in_flight() {
    let slow = "import time\n\ndef app(environ, start_response):\n    start_response('200 OK', [])\n    \
                if environ['PATH_INFO'] == '/slow':\n        open('/tmp/started', 'w').close()\n        time.sleep(2)\n    \
                return [b'done']\n";
    // The shell of the script is gone long before the answer; its status is that of the signal.
    let script = "gunicorn --bind=0.0.0.0 app:app\n";
    let site = Site::new(&[("app.py", slow), ("start.sh", script)]);
    let mount = site.mount();
    for (words, status) in [(&[][..], 0), (&["start.sh"], 143)] {
        let container = Container::start(&["--volume", &mount], &images().runtime, words);
        container.first_200();
        let port = container.published(8000);
        std::thread::scope(|scope| {
            let answer = scope.spawn(|| http::get(port, "/slow"));
            until("the request to be with the app", || {
                container.exec(&["test", "-e", "/tmp/started"]).status.success().then_some(())
            });
            assert_eq!(container.stop(), status, "{words:?}");
            assert_eq!(answer.join().unwrap().unwrap().body, "done", "{words:?}");
        });
    }
}

fn orphans() {
    // The status 3 would stop a gunicorn that takes the orphan for a worker of its own.
    let orphan = ["sh", "-c", "(sh -c 'sleep 0.2; exit 3' &)"];
    let site = Site::new(&[("app.py", &wsgi("app", "app"))]);
    let mount = site.mount();
    for words in [&[][..], &["sh -c 'gunicorn -b 0.0.0.0 app:app'; true"]] {
        let container = Container::start(&["--volume", &mount], &images().runtime, words);
        container.first_200();
        for _ in 0..5 {
            container.exec_text(&orphan);
        }
        until("the orphans to be gone", || {
            let processes = container.processes();
            processes.iter().all(|process| process.state != 'Z' && !process.command.contains("sleep")).then_some(())
        });
        assert_eq!(container.first_200(), "app");
    }
}

fn health() {
    let site = Site::new(&[("app.py", &flask("app"))]);
    let mount = site.mount();
    let container = Container::start(&["--volume", &mount, "--health-interval", "1s"], &images().runtime, &[]);
    until("healthy", || (container.inspect("{{.State.Health.Status}}") == "healthy").then_some(()));
    // A program that serves nothing.
    let silent = Container::start_unpublished(&[], &images().runtime, &["sleep", "600"]);
    assert_eq!(silent.exec(&["pystart", "health"]).status.code(), Some(1));
}

fn explain() {
    let site = Site::new(&[("application.py", &flask("app"))]);
    let mount = site.mount();
    let before = docker(&["run", "--rm", "--volume", &mount, &images().runtime, "explain"]);
    assert!(before.contains("application.py") && before.contains("gunicorn"), "{before}");
    let container = Container::start(&["--volume", &mount], &images().runtime, &[]);
    container.first_200();
    let beside = container.exec_text(&["pystart", "explain"]);
    assert!(beside.contains("application:app"), "{beside}");
}
