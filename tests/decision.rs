//! The decision as a table: what is on the disk and in the environment, and the start that follows. No process and no
//! disk is involved.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;

use pystart::app::Step;
use pystart::cli::Call;
use pystart::decision::decide;
use pystart::files::Memory;
use pystart::launch::Mode;
use pystart::settings::Settings;

const FLASK: &str = "from flask import Flask\napp = Flask(__name__)\n";
const FASTAPI: &str = "from fastapi import FastAPI\napp = FastAPI()\n";
const DJANGO: &str = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";

/// An image with Python 3.12 and gunicorn, and the default site.
fn image(version: &str) -> Memory {
    Memory::default()
        .program("/usr/bin/python3.12", "\x7fELF")
        .program("/usr/bin/python3", "\x7fELF")
        .dead_link("/usr/bin/python3", "python3.12")
        .program("/usr/bin/gunicorn", "#!/usr/bin/python3\n")
        .file("/usr/lib/python3.12/site-packages/gunicorn/__init__.py", format!("version_info = ({version}, 0)\n"))
        .program("/bin/sh", "\x7fELF")
        .program("/usr/bin/server", "\x7fELF")
        .file("/opt/defaultsite/application.py", "")
        .empty("/site")
}

struct Row {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    vars: &'static [(&'static str, &'static str)],
    words: &'static [&'static str],
    step: Step,
    argv: &'static str,
    mode: Mode,
}

const USUAL: Row =
    Row { name: "", files: &[], vars: &[], words: &[], step: Step::DefaultSite, argv: "", mode: Mode::Exec };

const TABLE: &[Row] = &[
    Row {
        name: "nothing: the default site",
        argv: "gunicorn --bind=0.0.0.0 --timeout 600 --chdir=/opt/defaultsite application:app",
        ..USUAL
    },
    Row {
        name: "app.py is Flask",
        files: &[("app.py", FLASK)],
        step: Step::Flask,
        argv: "gunicorn --bind=0.0.0.0 --timeout 600 app:app",
        ..USUAL
    },
    Row {
        name: "application.py before app.py",
        files: &[("app.py", FLASK), ("application.py", FLASK)],
        step: Step::Flask,
        argv: "gunicorn --bind=0.0.0.0 --timeout 600 application:app",
        ..USUAL
    },
    Row {
        name: "a folder with wsgi.py before both",
        files: &[("app.py", FLASK), ("application.py", FLASK), ("shop/wsgi.py", DJANGO)],
        step: Step::Django,
        argv: "gunicorn --bind=0.0.0.0 --timeout 600 shop.wsgi",
        ..USUAL
    },
    Row {
        name: "a custom command before everything",
        files: &[("app.py", FLASK), ("shop/wsgi.py", DJANGO)],
        words: &["server", "--flag", "a b"],
        step: Step::Custom,
        argv: "server --flag a b",
        mode: Mode::Init,
        ..USUAL
    },
    Row {
        name: "words win over the variable",
        vars: &[("PYSTART_COMMAND", "server from the variable")],
        words: &["server"],
        step: Step::Custom,
        argv: "server",
        mode: Mode::Init,
        ..USUAL
    },
    Row {
        name: "the variable is split",
        vars: &[("PYSTART_COMMAND", "server 'a  b' c")],
        step: Step::Custom,
        argv: "server a  b c",
        mode: Mode::Init,
        ..USUAL
    },
    Row {
        name: "a custom gunicorn is exec-ed as it is",
        words: &["gunicorn", "x:y"],
        step: Step::Custom,
        argv: "gunicorn x:y",
        ..USUAL
    },
    Row {
        name: "arguments of gunicorn get the usual ones in front, less those that are there",
        words: &["-t", "30", "x:y"],
        step: Step::Custom,
        argv: "gunicorn --bind=0.0.0.0 -t 30 x:y",
        ..USUAL
    },
    Row {
        name: "--init always also for gunicorn",
        vars: &[("PYSTART_INIT", "always")],
        files: &[("app.py", FLASK)],
        step: Step::Flask,
        argv: "gunicorn --bind=0.0.0.0 --timeout 600 app:app",
        mode: Mode::Init,
        ..USUAL
    },
    Row {
        name: "--init never for nothing",
        vars: &[("PYSTART_INIT", "never")],
        words: &["server"],
        step: Step::Custom,
        argv: "server",
        ..USUAL
    },
    Row {
        name: "shell syntax",
        words: &["a && b"],
        step: Step::Custom,
        argv: "/bin/sh -c a && b sh",
        mode: Mode::Init,
        ..USUAL
    },
    Row {
        name: "a command that is wrong is passed over",
        files: &[("app.py", FLASK)],
        words: &["no-such-program"],
        step: Step::Flask,
        argv: "gunicorn --bind=0.0.0.0 --timeout 600 app:app",
        ..USUAL
    },
    Row {
        name: "the port",
        files: &[("app.py", FLASK)],
        vars: &[("PORT", "81")],
        step: Step::Flask,
        argv: "gunicorn --bind=0.0.0.0:81 --timeout 600 app:app",
        ..USUAL
    },
    Row {
        name: "what GUNICORN_CMD_ARGS sets is left out",
        files: &[("app.py", FLASK)],
        vars: &[("GUNICORN_CMD_ARGS", "--bind 1.2.3.4:5"), ("PORT", "81")],
        step: Step::Flask,
        argv: "gunicorn --timeout 600 app:app",
        ..USUAL
    },
    Row {
        name: "what gunicorn.conf.py sets is left out",
        files: &[("app.py", FLASK), ("gunicorn.conf.py", "timeout = 5\nwsgi_app = 'other:app'\n")],
        step: Step::Flask,
        argv: "gunicorn --bind=0.0.0.0",
        ..USUAL
    },
    Row {
        name: "a project further down has its folder, and its own configuration file",
        files: &[
            ("backend/manage.py", ""),
            ("backend/shop/wsgi.py", DJANGO),
            ("backend/gunicorn.conf.py", "workers = 2\n"),
        ],
        step: Step::Other,
        argv: "gunicorn --bind=0.0.0.0 --timeout 600 --chdir=backend --config=backend/gunicorn.conf.py shop.wsgi",
        ..USUAL
    },
    Row {
        name: "ASGI gets a worker class",
        files: &[("main.py", FASTAPI)],
        step: Step::Other,
        argv: "gunicorn --bind=0.0.0.0 --timeout 600 -k asgi main:app",
        ..USUAL
    },
    Row {
        name: "the user's worker class stays",
        files: &[("main.py", FASTAPI)],
        vars: &[("GUNICORN_CMD_ARGS", "-k my.Worker")],
        step: Step::Other,
        argv: "gunicorn --bind=0.0.0.0 --timeout 600 main:app",
        ..USUAL
    },
    Row {
        name: "an environment that was moved",
        files: &[
            ("app.py", FLASK),
            ("antenv/pyvenv.cfg", ""),
            ("antenv/lib/python3.12/site-packages/gunicorn/__init__.py", "version_info = (23, 0, 0)\n"),
        ],
        step: Step::Flask,
        argv: "/usr/bin/python3 -m gunicorn --bind=0.0.0.0 --timeout 600 app:app",
        ..USUAL
    },
];

#[test]
fn every_row_leads_to_its_start() {
    for row in TABLE {
        let files = row
            .files
            .iter()
            .fold(image("27, 0"), |files, (path, text)| files.file(Path::new("/site").join(path), text));
        let mut vars = vec![("PATH", "/usr/bin:/bin"), ("HOME_SITE", "/site")];
        vars.extend(row.vars);
        let words: Vec<_> = row.words.iter().map(Into::into).collect();
        let Call::Run(flags) = Call::parse(&words) else { panic!("{}", row.name) };
        let settings = Settings::new(flags, &vars.into_iter().collect(), Path::new("/")).unwrap();
        let decision = decide(&settings, &files);
        assert_eq!(decision.step, row.step, "{}", row.name);
        let launch = decision.outcome.unwrap_or_else(|failure| panic!("{}: {failure}", row.name));
        let argv: Vec<_> = launch.argv.iter().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(argv.join(" "), row.argv, "{}", row.name);
        assert_eq!(launch.mode, row.mode, "{}", row.name);
        assert_eq!(launch.directory, Path::new("/site"), "{}", row.name);
    }
}

#[test]
fn an_asgi_app_without_a_worker_is_an_error_that_names_the_package() {
    let files = image("23, 0").file("/site/main.py", FASTAPI);
    let environ = [("PATH", "/usr/bin:/bin"), ("HOME_SITE", "/site")].into_iter().collect();
    let settings = Settings::new(pystart::settings::Flags::default(), &environ, Path::new("/")).unwrap();
    let failure = decide(&settings, &files).outcome.unwrap_err();
    assert!(failure.hint.unwrap().contains("`uvicorn-worker`"));
    assert_eq!(failure.status, 127);
}

#[test]
fn a_root_that_cannot_be_read_gets_the_default_site_and_says_so() {
    let files = image("27, 0").unreadable("/site");
    let environ = [("PATH", "/usr/bin:/bin"), ("HOME_SITE", "/site")].into_iter().collect();
    let settings = Settings::new(pystart::settings::Flags::default(), &environ, Path::new("/")).unwrap();
    let decision = decide(&settings, &files);
    assert_eq!(decision.step, Step::DefaultSite);
    assert_eq!(decision.outcome.unwrap().directory, Path::new("/"), "it cannot be entered");
    let notices: Vec<_> = decision.notices.iter().map(|notice| notice.message.as_str()).collect();
    assert!(
        notices.iter().any(|message| message.contains("the folder cannot be read: permission denied")),
        "{notices:?}"
    );
}
