//! The decision as a table: what is on the disk and in the environment, and the start that follows. No process and no
//! disk is involved.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[path = "decision/reports.rs"]
mod reports;

use std::ffi::OsStr;
use std::path::Path;

use pystart::cli::Call;
use pystart::decide::{Decision, decide, expected_port};
use pystart::files::Memory;
use pystart::model::Mode;
use pystart::model::Step;
use pystart::settings::{Flags, Settings};

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
        name: "what stands in front of them is the user's last word",
        vars: &[("PORT", "80"), ("GUNICORN_CMD_ARGS", "-t 5")],
        words: &["PORT=81", "GUNICORN_CMD_ARGS=-w 2", "x:y"],
        step: Step::Custom,
        argv: "gunicorn --bind=0.0.0.0:81 --timeout 600 x:y",
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
        name: "what the configuration file of a command sets is left out, as if it were the usual file",
        files: &[("conf/g.py", "bind = '127.0.0.1:5'\n")],
        words: &["-c", "conf/g.py", "x:y"],
        step: Step::Custom,
        argv: "gunicorn --timeout 600 -c conf/g.py x:y",
        ..USUAL
    },
    Row {
        name: "a root with a configuration file of its own keeps it",
        files: &[("gunicorn.conf.py", ""), ("backend/shop/wsgi.py", DJANGO), ("backend/gunicorn.conf.py", "")],
        step: Step::Other,
        argv: "gunicorn --bind=0.0.0.0 --timeout 600 --chdir=backend shop.wsgi",
        ..USUAL
    },
    Row {
        name: "an app further down without a configuration file",
        files: &[("backend/shop/wsgi.py", DJANGO)],
        step: Step::Other,
        argv: "gunicorn --bind=0.0.0.0 --timeout 600 --chdir=backend shop.wsgi",
        ..USUAL
    },
    Row {
        name: "an environment that was moved",
        files: &[
            ("app.py", FLASK),
            ("antenv/pyvenv.cfg", ""),
            ("antenv/lib/python3.12/site-packages/gunicorn/__init__.py", "version_info = (27, 0, 1)\n"),
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

/// What is decided for these files, variables and words, in an image with gunicorn 23.
fn decided(files: &Memory, vars: &[(&str, &str)], words: &[&str]) -> Decision {
    let words: Vec<_> = std::iter::once(&"run").chain(words).map(Into::into).collect();
    let Call::Run(flags) = Call::parse(&words) else { panic!("{words:?}") };
    let usual = [("PATH", "/usr/bin:/bin"), ("HOME_SITE", "/site"), ("XDG_RUNTIME_DIR", "/run")];
    let environ = usual.iter().chain(vars).copied().collect();
    decide(&Settings::new(flags, &environ, Path::new("/")).unwrap(), files)
}

#[test]
fn the_servers_environment_follows_where_it_is_and_keeps_what_the_user_set() {
    type Row = (&'static [(&'static str, &'static str)], &'static [&'static str], &'static str, Option<&'static str>);
    let rows: &[Row] = &[
        (&[("PWD", "/elsewhere")], &[], "PWD", Some("/site")),
        (&[], &[], "PWD", None),
        (&[], &[], "PYTHONUNBUFFERED", Some("1")),
        (&[("PYTHONUNBUFFERED", "")], &[], "PYTHONUNBUFFERED", Some("")),
        (&[], &["server"], "PORT", Some("8000")),
        (&[], &["server"], "HOST", Some("0.0.0.0")),
        (&[("HOST", "::")], &["server"], "HOST", Some("::")),
        (&[("NUM_CORES", "77")], &["server $NUM_CORES"], "NUM_CORES", Some("77")),
        (&[], &["server $X"], "NUM_CORES", None),
        (&[("WEBSITE_HOSTNAME", "x")], &[], "FORWARDED_ALLOW_IPS", Some("*")),
        (&[("WEBSITE_SITE_NAME", "x"), ("FORWARDED_ALLOW_IPS", "::1")], &[], "FORWARDED_ALLOW_IPS", Some("::1")),
        (&[], &[], "FORWARDED_ALLOW_IPS", None),
    ];
    let files = image("23, 0");
    for (vars, words, name, expected) in rows {
        let launch = decided(&files, vars, words).outcome.unwrap();
        assert_eq!(launch.environ.get(name), expected.map(OsStr::new), "{vars:?} {words:?} {name}");
    }
    let cores = decided(&files, &[], &["server $NUM_CORES"]).outcome.unwrap();
    assert!(cores.environ.get("NUM_CORES").is_some(), "the platform's formula would come out wrong");
}

#[test]
fn what_a_gunicorn_command_serves_is_told_as_far_as_it_says_so() {
    type Row = (&'static [&'static str], Option<&'static str>, bool, &'static str, Option<u16>);
    let rows: &[Row] = &[
        (&["gunicorn", "x:y"], Some("x:y"), false, "/site", Some(8000)),
        (&["gunicorn", "-b", "localhost:81", "x:y"], Some("x:y"), false, "/site", None),
        (&["gunicorn", "--bind=0.0.0.0:81", "--chdir", "web", "x:y"], Some("x:y"), false, "/site/web", None),
        (&["gunicorn", "-k", "uvicorn_worker.UvicornWorker", "x:y"], Some("x:y"), true, "/site", Some(8000)),
        (&["gunicorn", "-k", "asgi", "x:y"], Some("x:y"), true, "/site", Some(8000)),
        (&["gunicorn", "-k", "gevent", "x:y"], Some("x:y"), false, "/site", Some(8000)),
        (&["gunicorn", "-c", "conf.py"], Some("named:app"), false, "/site/inner", Some(8000)),
    ];
    let files = image("23, 0").file("/site/conf.py", "wsgi_app = 'named:app'\nchdir = 'inner'\n");
    for (words, target, is_asgi, folder, port) in rows {
        let decision = decided(&files, &[], words);
        assert_eq!(decision.target.as_deref(), *target, "{words:?}");
        assert_eq!((decision.is_asgi, decision.port), (*is_asgi, *port), "{words:?}");
        assert_eq!(decision.folder, Path::new(folder), "{words:?}");
    }
    let files = image("27, 0").file("/site/main.py", FASTAPI);
    assert!(decided(&files, &[], &[]).is_asgi);
}

#[test]
fn an_app_that_the_configuration_file_names_is_found_where_the_file_says() {
    let files = image("23, 0").file("/site/gunicorn.conf.py", "wsgi_app = 'inner'\nchdir = 'src'\n");
    let decision = decided(&files, &[], &[]);
    assert_eq!(decision.step, Step::Declared);
    assert_eq!(decision.target.as_deref(), Some("inner:application"));
    assert_eq!(decision.app.unwrap().object.as_deref(), Some("application"));
    assert_eq!(decision.folder, Path::new("/site/src"));
}

#[test]
fn an_asgi_app_with_a_worker_of_the_users_needs_none_of_ours() {
    let files = image("23, 0").file("/site/main.py", FASTAPI);
    let launch = decided(&files, &[("GUNICORN_CMD_ARGS", "-k my.Worker")], &[]).outcome.unwrap();
    assert_eq!(launch.argv.last().unwrap(), "main:app");
}

#[test]
fn a_custom_gunicorn_of_the_image_is_lent_the_packages_of_the_app() {
    let packages = "/site/antenv/lib/python3.12/site-packages";
    let files = image("23, 0")
        .file("/site/antenv/pyvenv.cfg", "")
        .program("/site/antenv/bin/python", "")
        .file(format!("{packages}/shop.py"), "");
    let launch = decided(&files, &[], &["gunicorn", "shop:app"]).outcome.unwrap();
    assert_eq!(launch.program, Path::new("/usr/bin/gunicorn"));
    assert_eq!(launch.environ.get("PYTHONPATH"), Some(OsStr::new(packages)));
    let launch = decided(&files, &[], &["python", "shop.py"]).outcome.unwrap();
    assert_eq!(launch.environ.get("PYTHONPATH"), None, "the environment's own interpreter finds them");
}

#[test]
fn a_custom_gunicorn_whose_interpreter_is_gone_is_run_as_a_module() {
    let files = image("23, 0").program("/usr/bin/gunicorn", "#!/gone/python3\n");
    let launch = decided(&files, &[], &["gunicorn", "x:y"]).outcome.unwrap();
    assert_eq!(launch.argv, ["/usr/bin/python3", "-m", "gunicorn", "x:y"]);
}

#[test]
fn an_environment_built_elsewhere_is_entered() {
    let files = image("23, 0").file("/cache/antenv/pyvenv.cfg", "").program("/cache/antenv/bin/python", "");
    let environ = [("PATH", "/usr/bin:/bin"), ("HOME_SITE", "/site")].into_iter().collect();
    let settings = Settings::new(Flags::default(), &environ, Path::new("/")).unwrap();
    let settings = settings.with_environment(Some("/cache/antenv".into()));
    let launch = decide(&settings, &files).outcome.unwrap();
    assert_eq!(launch.environ.get("VIRTUAL_ENV"), Some(OsStr::new("/cache/antenv")));
    assert_eq!(launch.environ.get("PATH"), Some(OsStr::new("/cache/antenv/bin:/usr/bin:/bin")));
}

#[test]
fn an_option_line_that_gunicorn_will_refuse_is_told() {
    let files = image("23, 0");
    let told = |cmd_args| {
        let notices = decided(&files, &[("GUNICORN_CMD_ARGS", cmd_args)], &[]).notices;
        notices.iter().any(|notice| notice.message.contains("a quote that is not closed"))
    };
    assert!(told("--name 'x") && !told("--name 'x'"));
}

#[test]
fn the_default_site_comes_with_what_was_nearly_an_app_and_with_what_is_there() {
    let deep = image("23, 0").file("/site/a/b/c/d/wsgi.py", DJANGO);
    let decision = decided(&deep, &[], &[]);
    assert_eq!(decision.step, Step::DefaultSite);
    let command = decision.near_misses.iter().find_map(|miss| miss.command.clone()).unwrap();
    let hints: Vec<_> = decision.notices.iter().filter_map(|notice| notice.hint.as_deref()).collect();
    assert!(hints.iter().any(|hint| hint.contains(&format!("`{command}`"))), "{hints:?}");
    let folders = (0..10).fold(image("23, 0"), |files, number| files.empty(format!("/site/folder{number}")));
    let notices = decided(&folders, &[], &[]).notices;
    assert!(notices.iter().any(|notice| notice.message.ends_with("`folder7/` and 2 more")), "{notices:?}");
}

#[test]
fn an_asgi_app_without_a_worker_is_an_error_that_names_the_package() {
    let files = image("23, 0").file("/site/main.py", FASTAPI);
    let environ = [("PATH", "/usr/bin:/bin"), ("HOME_SITE", "/site")].into_iter().collect();
    let settings = Settings::new(Flags::default(), &environ, Path::new("/")).unwrap();
    let failure = decide(&settings, &files).outcome.unwrap_err();
    assert!(failure.hint.unwrap().contains("`uvicorn-worker`"));
    assert_eq!(failure.status, 127);
}

#[test]
fn django_over_asgi_without_a_worker_is_served_over_wsgi_with_a_warning_that_says_what_is_lost() {
    let asgi = "from channels.routing import ProtocolTypeRouter\napplication = ProtocolTypeRouter({})\n";
    let files = |version| {
        let files = image(version).file("/site/shop/wsgi.py", DJANGO).file("/site/shop/asgi.py", asgi);
        files.file("/site/requirements.txt", "channels\n")
    };
    let argv = |decision: &Decision| {
        let launch = decision.outcome.as_ref().unwrap();
        launch.argv.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    let lost =
        |decision: &Decision| decision.notices.iter().find(|notice| notice.message.contains("websockets")).cloned();
    let decision = decided(&files("23, 0"), &[], &[]);
    assert!(argv(&decision).ends_with("--timeout 600 shop.wsgi"), "{}", argv(&decision));
    assert_eq!(decision.step, Step::Django);
    let notice = lost(&decision).unwrap();
    assert!(notice.message.contains("`shop/wsgi.py`, without what `shop/asgi.py` adds"), "{notice:?}");
    assert!(notice.hint.unwrap().contains("`uvicorn-worker`"));
    // gunicorn has a worker class for ASGI of its own from 25 on.
    let decision = decided(&files("25, 0"), &[], &[]);
    assert!(argv(&decision).ends_with("-k asgi shop.asgi:application"), "{}", argv(&decision));
    assert_eq!(lost(&decision), None);
}

#[test]
fn a_root_that_cannot_be_read_gets_the_default_site_and_says_so() {
    let files = image("27, 0").unreadable("/site");
    let environ = [("PATH", "/usr/bin:/bin"), ("HOME_SITE", "/site")].into_iter().collect();
    let settings = Settings::new(Flags::default(), &environ, Path::new("/")).unwrap();
    let decision = decide(&settings, &files);
    assert_eq!(decision.step, Step::DefaultSite);
    assert_eq!(decision.outcome.unwrap().directory, Path::new("/"), "it cannot be entered");
    let file = image("27, 0").program("/site", "");
    assert_eq!(decide(&settings, &file).outcome.unwrap().directory, Path::new("/"), "it is no folder");
    let notices: Vec<_> = decision.notices.iter().map(|notice| notice.message.as_str()).collect();
    assert!(notices.iter().any(|message| message.starts_with("the app root `/site` may not be read")), "{notices:?}");
}

#[test]
fn a_shell_is_warned_of_commands_whose_interpreter_is_gone() {
    let moved =
        image("27, 0").file("/site/antenv/lib/python3.12/site-packages/x.py", "").file("/site/antenv/pyvenv.cfg", "");
    let warned = |files: &Memory, command: &str| {
        let vars = [("PATH", "/usr/bin:/bin"), ("HOME_SITE", "/site"), ("PYSTART_COMMAND", command)];
        let settings = Settings::new(Flags::default(), &vars.into_iter().collect(), Path::new("/")).unwrap();
        decide(&settings, files).notices.iter().any(|notice| notice.message.contains("`antenv/bin`"))
    };
    assert!(warned(&moved, "gunicorn x:y && true"));
    assert!(!warned(&moved, "gunicorn x:y"), "pystart finds an interpreter itself");
    assert!(!warned(&image("27, 0"), "gunicorn x:y && true"));
}

#[test]
fn the_port_of_gunicorn_is_known_before_a_decision_where_nobody_else_says_it() {
    let port = |vars: &[(&'static str, &'static str)]| {
        let usual = [("PATH", "/usr/bin:/bin"), ("HOME_SITE", "/site")];
        let environ = usual.iter().chain(vars).copied().collect();
        expected_port(&Settings::new(Flags::default(), &environ, Path::new("/")).unwrap(), &image("23, 0"))
    };
    assert_eq!(port(&[]), Some(8000));
    assert_eq!(port(&[("PORT", "81")]), Some(81));
    assert_eq!(port(&[("PYSTART_COMMAND", "server")]), None);
    assert_eq!(port(&[("GUNICORN_CMD_ARGS", "--bind=:82")]), None);
}

#[test]
fn what_another_server_serves_is_told_as_far_as_it_says_so() {
    let files = image("23, 0")
        .program("/usr/bin/uvicorn", "#!/usr/bin/python3\n")
        .file("/site/serve.py", format!("{FLASK}if __name__ == '__main__':\n    app.run()\n"))
        .file("/site/work.py", "print('no app')\n");
    for (words, target, is_asgi) in [
        (&["sh", "-c", "uvicorn a:b"][..], Some("a:b"), true),
        (&["true && uvicorn a:b"], Some("a:b"), true),
        (&["uvicorn", "a:b"], Some("a:b"), true),
        (&["python3", "serve.py"], Some("serve:app"), false),
        (&["python3", "/site/serve.py"], Some("serve:app"), false),
        (&["python3", "work.py"], None, false),
        (&["server", "a:b"], None, false),
    ] {
        let decision = decided(&files, &[], words);
        assert_eq!((decision.target.as_deref(), decision.is_asgi), (target, is_asgi), "{words:?}");
    }
}

#[test]
fn a_server_is_told_to_listen_where_the_site_is_expected_or_that_is_said() {
    let files = image("23, 0").program("/usr/bin/uvicorn", "#!/usr/bin/python3\n");
    let said = |words: &[&str], vars: &[(&str, &str)]| {
        let decision = decided(&files, vars, words);
        let noted = decision.evidence.iter().map(|fact| fact.reason.as_str());
        let notices = decision.notices.iter().map(|notice| notice.message.as_str());
        noted.chain(notices).filter(|text| text.contains("is told to listen on")).map(str::to_owned).collect::<Vec<_>>()
    };
    for (port, vars, is_said) in
        [("8000", &[][..], false), ("81", &[], true), ("81", &[("PORT", "81")], false), ("81", &[("PORT", "82")], true)]
    {
        let texts = said(&["uvicorn", "a:b", "--host", "0.0.0.0", "--port", port], vars);
        assert_eq!(texts.len(), usize::from(is_said), "{port} {vars:?}: {texts:?}");
    }
    assert_eq!(said(&["uvicorn", "a:b", "--host", "127.0.0.1", "--port", "8000"], &[]).len(), 1);
}

#[test]
fn an_interpreter_that_finds_the_packages_of_the_app_is_lent_none() {
    let files = image("23, 0")
        .file("/site/antenv/pyvenv.cfg", "")
        .program("/site/antenv/bin/python", "")
        .file("/site/antenv/lib/python3.12/site-packages/shop.py", "");
    let launch = decided(&files, &[], &["python", "-m", "gunicorn", "shop:app"]).outcome.unwrap();
    assert_eq!(launch.environ.get("PYTHONPATH"), None);
}

#[test]
fn what_a_step_has_to_say_is_told_whichever_step_decides() {
    let notices = |files: &Memory, words: &[&str]| {
        let decision = decided(files, &[], words);
        decision.notices.iter().map(|notice| notice.message.clone()).collect::<Vec<_>>().join("\n")
    };
    // Of a command.
    let script = image("23, 0").file("/site/run.sh", "#!/bin/sh\r\nserver\r\n");
    assert!(notices(&script, &["run.sh"]).contains("`run.sh` has Windows line ends"));
    // Of a documented name that is the app, and of one that is not.
    let starts = image("23, 0").file("/site/app.py", format!("{FLASK}app.run()\n"));
    let told = notices(&starts, &[]);
    assert!(told.contains("app.py"), "it runs its own server on import: {told}");
    let old_dash = |file: &str| {
        let files = image("23, 0").file("/site/requirements.txt", "dash==2.14.1\n");
        files.file(format!("/site/{file}"), "from dash import Dash\napp = Dash()\n")
    };
    let dash = old_dash("app.py");
    let decision = decided(&dash, &[], &[]);
    assert!(notices(&dash, &[]).contains("the server of `app` is bound to no name"), "{}", notices(&dash, &[]));
    assert!(decision.near_misses.iter().any(|miss| miss.path == Path::new("app.py")), "{:?}", decision.near_misses);
    assert!(decision.evidence.iter().any(|fact| fact.step == Step::Flask && fact.subject == "app.py"));
    // Of any other.
    let other = old_dash("web.py");
    let decision = decided(&other, &[], &[]);
    assert!(notices(&other, &[]).contains("the server of `app` is bound to no name"), "{}", notices(&other, &[]));
    assert!(decision.near_misses.iter().any(|miss| miss.path == Path::new("web.py")), "{:?}", decision.near_misses);
    assert!(decision.evidence.iter().any(|fact| fact.step == Step::Other && fact.subject == "web.py"));
    // Of the end of all of them.
    let decision = decided(&other, &[("PYSTART_DEFAULT_SITE", "off")], &[]);
    assert!(decision.missing.is_some() && decision.outcome.is_err());
    assert!(decided(&starts, &[], &[]).missing.is_none());
}
