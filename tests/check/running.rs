//! The site that runs, and what is left of a check. PID 1 and its namespace are the container tests' part.

use std::time::{Duration, Instant};

use crate::python::App;
use crate::site::{Ended, Site, ended, pystart};

fn check(app: &App, site: &Site, words: &[&str]) -> Ended {
    ended(pystart(&app.root).env("PORT", site.port.to_string()).arg("check").args(words))
}

fn json(ended: &Ended) -> serde_json::Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}{}", ended.out, ended.err))
}

/// Answers 200, and on `/` 500 with what this line raises.
fn app_that(line: &str) -> App {
    App::new(&[(
        "app.py",
        &format!(
            "import os\nfrom flask import Flask\napp = Flask(__name__)\n@app.route('/')\ndef index():\n    {line}\n"
        ),
    )])
}

#[test]
fn a_site_that_was_started_by_hand_is_recognised_and_asked() {
    let app = app_that("return 'hello'");
    let mut site = Site::start(&mut pystart(&app.root));
    site.get("/");
    let answer = check(&app, &site, &[]);
    assert_eq!(answer.status, 0, "{}{}", answer.out, answer.err);
    let lines = [
        format!("\n  answer     healthy: port {} answered 200 to GET /\n", site.port),
        format!(" ago (process {})\n", site.pid()),
        "\n  ok         the app loads, and the site that runs is this one and answers\n".to_owned(),
    ];
    for line in lines {
        assert!(answer.out.contains(&line), "{line:?} is missing in\n{}", answer.out);
    }
}

#[test]
fn a_file_that_came_after_the_start_is_told() {
    let app = app_that("return 'hello'");
    let site = Site::start(&mut pystart(&app.root));
    // The kernel tells the start to the second.
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        app.write("app.py", "from flask import Flask\napp = Flask(__name__)\n");
        let report = json(&check(&app, &site, &["--json"]));
        if report["running"]["changed_files"] == serde_json::json!(["app.py"]) {
            break;
        }
        assert!(Instant::now() < deadline, "{report:#}");
    }
    let text = ended(pystart(&app.root).env("PORT", site.port.to_string()).arg("explain")).out;
    assert!(text.contains("; `app.py` was changed after that, and only a restart loads it for certain\n"), "{text}");
}

#[test]
fn an_answer_of_500_is_told_with_the_line_that_raises() {
    let app = app_that("return os.environ['DATABASE_URL']");
    let site = Site::start(&mut pystart(&app.root));
    let answer = check(&app, &site, &[]);
    assert_eq!(answer.status, 1, "{}", answer.out);
    let expected = "  problem    answering the request raises `KeyError`: 'DATABASE_URL'\n             \
                    `app.py`, line 6, in index: return os.environ['DATABASE_URL']\n  \
                    hint       if `DATABASE_URL` is an app setting, set it; `pystart env` lists those the app gets\n";
    assert!(answer.out.ends_with(expected), "{}", answer.out);
    assert_eq!(json(&check(&app, &site, &["--json"]))["proof"]["problem"]["cause"], "server-error");
}

#[test]
fn a_process_that_left_the_session_of_its_app_is_ended_with_the_check() {
    let app = App::new(&[(
        "app.py",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        \
         open('pid', 'w').write(str(os.getpid()))\n        os.closerange(0, 99)\n        time.sleep(60)\n    os._exit(0)\n\
         while not os.path.exists('pid') or not open('pid').read():\n    time.sleep(0.001)\n\
         def app(environ, start_response): pass\n",
    )]);
    let answer = ended(pystart(&app.root).env("GUNICORN_CMD_ARGS", "--bind=127.0.0.1:1").arg("check"));
    assert_eq!(answer.status, 0, "{}{}", answer.out, answer.err);
    let pid = std::fs::read_to_string(app.root.join("pid")).unwrap();
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "process {pid} is left");
}
