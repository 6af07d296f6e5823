//! Every row of the start-up order and every form of the custom command: the first 200, PID 1, the stop.

use crate::docker::{Container, until};
use crate::http;
use crate::images::{antenv, images};
use crate::site::{DEFAULT_SITE, ROOT, Site, flask, server, wsgi};
use crate::{Test, test};

/// Who is PID 1 once the site answers.
#[derive(Clone, Copy)]
enum First {
    /// gunicorn took our place.
    Gunicorn,
    /// pystart stayed.
    Pystart,
}

/// One way to start.
struct Case {
    name: &'static str,
    files: Vec<(&'static str, String)>,
    /// The name that the virtual environment is mounted under, where the case needs one.
    environment: Option<&'static str>,
    options: &'static [&'static str],
    words: &'static [&'static str],
    /// What the page holds.
    page: &'static str,
    first: First,
    /// The status after `docker stop`.
    status: i32,
}

pub(crate) fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> =
        detected().into_iter().chain(custom()).map(|case| test(case.name, move || start(&case))).collect();
    tests.push(test("a_custom_command_that_cannot_be_processed_is_fatal_only_when_strict", strict));
    tests.push(test("uvicorn_as_a_command_answers_on_the_port_from_outside", uvicorn_on_another_port));
    tests.push(test("the_exit_status_of_the_custom_command_is_that_of_the_container", exit_status));
    tests
}

fn start(case: &Case) {
    let site = Site::empty();
    for (name, content) in &case.files {
        site.write(name, content);
    }
    let mut volumes = vec![site.mount()];
    if let Some(name) = case.environment {
        // A read-only folder gets no new mount point.
        site.write(&format!("{name}/.keep"), "");
        volumes.push(format!("{}:{ROOT}/{name}:ro", antenv().display()));
    }
    let mounts = volumes.iter().flat_map(|volume| ["--volume", volume]);
    let options: Vec<&str> = mounts.chain(case.options.iter().copied()).collect();
    let container = Container::start(&options, &images().runtime, case.words);

    let page = container.first_200();
    assert!(page.contains(case.page), "{page}");
    let processes = container.processes();
    let first = &processes[0];
    match case.first {
        First::Gunicorn => assert!(first.command.contains("gunicorn") && first.name != "pystart", "{first:?}"),
        First::Pystart => assert_eq!(first.name, "pystart", "{first:?}"),
    }
    let zombies: Vec<_> = processes.iter().filter(|process| process.state == 'Z').collect();
    assert!(zombies.is_empty(), "{zombies:?}");
    assert_eq!(container.stop(), case.status, "137 is a kill after the grace time");
}

/// Steps 2 to 5.
fn detected() -> Vec<Case> {
    let case = |name, files: &[(&'static str, String)], page| Case {
        name,
        files: files.to_vec(),
        environment: None,
        options: &[],
        words: &[],
        page,
        first: First::Gunicorn,
        status: 0,
    };
    let application = || ("application.py", flask("application.py"));
    let app = || ("app.py", flask("app.py"));
    let django = || {
        [
            (
                "mysite/wsgi.py",
                "import os\nfrom django.core.wsgi import get_wsgi_application\n\
                 os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n\
                 application = get_wsgi_application()\n"
                    .to_owned(),
            ),
            (
                "mysite/settings.py",
                "SECRET_KEY = 'x'\nALLOWED_HOSTS = ['*']\nROOT_URLCONF = 'mysite.urls'\n\
                 WSGI_APPLICATION = 'mysite.wsgi.application'\n"
                    .to_owned(),
            ),
            (
                "mysite/urls.py",
                "from django.http import HttpResponse\nfrom django.urls import path\n\
                 urlpatterns = [path('', lambda request: HttpResponse('Django'))]\n"
                    .to_owned(),
            ),
            ("mysite/__init__.py", String::new()),
        ]
    };
    let fastapi = "from fastapi import FastAPI\napp = FastAPI()\n\n@app.get('/')\ndef home():\n    return 'FastAPI'\n";
    vec![
        case("an_empty_folder_gets_the_default_site", &[], DEFAULT_SITE),
        case("flask_in_application_py", &[application()], "application.py"),
        case("flask_in_app_py", &[app()], "app.py"),
        case("application_py_comes_before_app_py", &[app(), application()], "application.py"),
        Case { environment: Some("antenv"), ..case("django", &django(), "Django") },
        Case {
            environment: Some("antenv"),
            ..case("django_comes_before_flask", &[&django()[..], &[app(), application()]].concat(), "Django")
        },
        Case { environment: Some("antenv"), ..case("fastapi_in_main_py", &[("main.py", fastapi.into())], "FastAPI") },
        Case {
            environment: Some(".venv"),
            ..case("flask_in_an_environment_that_was_made_elsewhere", &[app()], "app.py")
        },
        case("another_file_with_another_name", &[("site_code.py", wsgi("server", "other"))], "other"),
    ]
}

/// Step 1, in every form; `app.py` is always there to lose.
fn custom() -> Vec<Case> {
    let case = |name, words, files: &[(&'static str, String)], first, status| Case {
        name,
        files: [files, &[("app.py", flask("detected"))]].concat(),
        environment: None,
        options: &[],
        words,
        page: "custom",
        first,
        status,
    };
    let hello = || [("hello.py", wsgi("myapp", "custom"))];
    let python = || [("serve.py", server("custom"))];
    let aiohttp = "from aiohttp import web\n\nasync def home(request):\n    return web.Response(text='custom')\n\n\
                   def init_func(argv):\n    app = web.Application()\n    app.router.add_get('/', home)\n    return app\n";
    let script = |text: &str| [("hello.py", wsgi("myapp", "custom")), ("startup.sh", text.to_owned())];
    let text = |text: &str| [("hello.py", wsgi("myapp", "custom")), ("startup.txt", text.to_owned())];
    let with_variable = Case {
        options: &["--env", "PYSTART_COMMAND=gunicorn --bind=0.0.0.0 hello:myapp"],
        ..case("the_variable", &[], &hello(), First::Gunicorn, 0)
    };
    let exec = "exec gunicorn --bind=0.0.0.0 hello:myapp";
    vec![
        case(
            "gunicorn_as_words",
            &["gunicorn", "--bind=0.0.0.0", "--timeout", "600", "hello:myapp", "--workers=2"],
            &hello(),
            First::Gunicorn,
            0,
        ),
        case(
            "gunicorn_as_one_string",
            &["gunicorn --bind=0.0.0.0 --timeout 600 hello:myapp"],
            &hello(),
            First::Gunicorn,
            0,
        ),
        case("gunicorn_arguments_alone", &["hello:myapp", "--workers", "2"], &hello(), First::Gunicorn, 0),
        case(
            "arguments_that_begin_with_a_dash",
            &["--chdir", "website", "hello:myapp"],
            &[("website/hello.py", wsgi("myapp", "custom"))],
            First::Gunicorn,
            0,
        ),
        case("a_script_with_a_shebang", &["startup.sh"], &script(&format!("#!/bin/bash\n{exec}\n")), First::Pystart, 0),
        case("a_script_with_crlf", &["startup.sh"], &script(&format!("#!/bin/sh\r\n{exec}\r\n")), First::Pystart, 0),
        case(
            "a_text_file_with_a_comment",
            &["startup.txt"],
            &text("# how it starts\n\ngunicorn --bind=0.0.0.0 hello:myapp\n"),
            First::Gunicorn,
            0,
        ),
        case("a_python_file", &["serve.py"], &python(), First::Pystart, 0),
        case("python_as_words", &["python", "serve.py"], &python(), First::Pystart, 0),
        Case {
            environment: Some("antenv"),
            ..case(
                "a_module_that_serves_itself",
                &["python3", "-m", "aiohttp.web", "-H", "0.0.0.0", "-P", "8000", "package.module:init_func"],
                &[("package/__init__.py", String::new()), ("package/module.py", aiohttp.into())],
                First::Pystart,
                0,
            )
        },
        case(
            "shell_syntax",
            &["echo ready > /tmp/ready && exec gunicorn --bind=0.0.0.0:$PORT --workers $((1 + 1)) hello:myapp"],
            &hello(),
            First::Pystart,
            0,
        ),
        with_variable,
    ]
}

/// uvicorn alone would listen on 127.0.0.1:8000.
fn uvicorn_on_another_port() {
    let text = "from fastapi import FastAPI\napp = FastAPI()\n\n@app.get('/')\ndef home():\n    return 'FastAPI'\n";
    let site = Site::new(&[("main.py", text), ("antenv/.keep", "")]);
    let environment = format!("{}:{ROOT}/antenv:ro", antenv().display());
    let options =
        ["--volume", &site.mount(), "--volume", &environment, "--env", "PORT=9000", "--publish", "127.0.0.1:0:9000"];
    let container = Container::start_unpublished(&options, &images().runtime, &["uvicorn", "main:app"]);
    let port = container.published(9000);
    let page = until("an answer on the other port", || {
        assert!(container.is_running(), "the container has ended:\n{}", container.logs());
        http::get(port, "/").ok().filter(|answer| answer.status == 200).map(|answer| answer.body)
    });
    assert!(page.contains("FastAPI"), "{page}");
}

fn strict() {
    let site = Site::new(&[("app.py", &flask("detected"))]);
    let mount = site.mount();
    let words = ["no-such-program", "--serve"];
    let lenient = Container::start(&["--volume", &mount], &images().runtime, &words);
    assert_eq!(lenient.first_200(), "detected");
    assert!(lenient.logs().contains("no-such-program"), "{}", lenient.logs());
    let strict = Container::start(&["--volume", &mount, "--env", "PYSTART_STRICT=1"], &images().runtime, &words);
    assert_eq!(strict.wait(), 127);
}

fn exit_status() {
    for (command, status) in [("exit 7", 7), ("kill -TERM $$", 143), ("true && true", 0)] {
        let container = Container::start_unpublished(&[], &images().runtime, &["sh", "-c", command]);
        assert_eq!(container.wait(), status, "{command}");
    }
}
