//! `docker logs`: everything is there, at once, in order, and once.

use crate::docker::{Container, until};
use crate::images::images;
use crate::site::Site;
use crate::{Test, http, test};

const APP: &str = "import sys\nprint('imported')\n\ndef app(environ, start_response):\n    path = environ['PATH_INFO']\n    \
                   print('out', path)\n    print('err', path, file=sys.stderr)\n    if path == '/boom':\n        \
                   raise RuntimeError('boom')\n    start_response('200 OK', [])\n    return [b'ok']\n";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("prints_errors_and_the_access_log_arrive_at_once_in_order_and_once", everything),
        test("the_first_line_says_what_was_decided_and_why", decision),
        test("no_value_of_a_variable_is_logged", no_values),
    ]
}

fn everything() {
    let site = Site::new(&[("app.py", APP)]);
    let mount = site.mount();
    let options = ["--volume", &mount, "--env", "GUNICORN_CMD_ARGS=--access-logfile -", "--env", "WEB_CONCURRENCY=1"];
    let container = Container::start(&options, &images().runtime, &[]);
    container.first_200();
    let port = container.published(8000);
    for path in ["/one", "/two"] {
        assert_eq!(http::get(port, path).unwrap().status, 200);
        // The answer is out, so what was printed before it must be there without any further event.
        until("the app's output", || {
            let logs = container.logs();
            (logs.contains(&format!("out {path}\n")) && logs.contains(&format!("err {path}\n"))).then_some(())
        });
    }
    assert_eq!(http::get(port, "/boom").unwrap().status, 500);
    let logs = until("the access log", || Some(container.logs()).filter(|logs| logs.contains("GET /boom")));
    for line in ["out /one\n", "err /one\n", "GET /one ", "out /two\n", "GET /two ", "RuntimeError: boom"] {
        assert_eq!(logs.matches(line).count(), 1, "{line:?} in\n{logs}");
    }
    assert_eq!(logs.matches("imported").count(), 1, "{logs}");
    // Docker keeps the two streams apart; within each the order is that of the app.
    let place = |text: &str| logs.find(text).unwrap_or_else(|| panic!("{text:?} in\n{logs}"));
    assert!(place("imported") < place("out /one") && place("out /one") < place("out /two"), "{logs}");
    assert!(place("err /one") < place("err /two") && place("err /two") < place("RuntimeError"), "{logs}");
}

fn decision() {
    let site = Site::new(&[("app.py", APP)]);
    let mount = site.mount();
    let container = Container::start(&["--volume", &mount], &images().runtime, &[]);
    container.first_200();
    let logs = String::from_utf8(crate::docker::output(&["logs", &container.name]).stderr).unwrap();
    let first = logs.lines().next().unwrap_or_default();
    assert!(first.contains("app.py"), "{logs}");
}

fn no_values() {
    let site = Site::new(&[("app.py", APP)]);
    let mount = site.mount();
    let options = ["--volume", &mount, "--env", "DATABASE_URL=hunter2", "--env", "PYSTART_LOG=debug"];
    let container = Container::start(&options, &images().runtime, &[]);
    container.first_200();
    assert!(!container.logs().contains("hunter2"), "{}", container.logs());
}
