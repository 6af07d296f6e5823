//! Apps that are named in the environment or in a file, what stands beside them, and how each source is written.

use super::{FACTORY, FASTAPI, FLASK, G, NEEDY, Row, check};

const SITE: &str = "from flask import Flask\nsite = Flask('x')\n";
const TWO: &str = "from flask import Flask\na = Flask('a')\nb = Flask('b')\n";
const MAIN: (&str, &str) = ("main.py", FLASK);
const HELLO: (&str, &str) = ("hello.py", FLASK);
const ENTRY: (&str, &str) = ("pyproject.toml", "[tool.fastapi]\nentrypoint = 'main:app'\n");
const CONFIGURED: (&str, &str) = ("gunicorn.conf.py", "wsgi_app = 'hello:app'");
const WEB: (&str, &str) = ("Procfile", "web: server");
const A: &[&str] = &["gunicorn", "uvicorn"];

#[test]
fn a_procfile_is_read_line_by_line() {
    let rows: &[Row] = &[
        ("a comment", G, &[("Procfile", "# all\nweb: server a\n")], &[], "declared: server a"),
        ("an empty line before", G, &[("Procfile", "\n\nweb: server a\n")], &[], "declared: server a"),
        ("no space", G, &[("Procfile", "web:server a")], &[], "declared: server a"),
        ("much space", G, &[("Procfile", "web:   server   a  ")], &[], "declared: server a"),
        ("quotes", G, &[("Procfile", "web: server 'a b'")], &[], "declared: server a b"),
        ("release first", G, &[("Procfile", "release: none\nweb: server a")], &[], "declared: server a"),
        ("no line end", G, &[("Procfile", "worker: none\nweb: server a")], &[], "declared: server a"),
        ("a variable", G, &[("Procfile", "web: A=1 server a")], &[], "declared: server a"),
        (
            "two commands",
            G,
            &[("Procfile", "web: server a && server b")],
            &[],
            "declared: /bin/sh -c server a && server b sh",
        ),
        ("nothing in it", G, &[("Procfile", ""), MAIN], &[], "other: main:app"),
        ("another name of the file", G, &[("procfile", "web: server"), MAIN], &[], "other: main:app"),
        ("in another folder", G, &[("deploy/Procfile", "web: server"), MAIN], &[], "other: main:app"),
        ("an open quote", G, &[("Procfile", "web: server 'a"), MAIN], &[], "other: main:app"),
        (
            "a process that is asked for",
            G,
            &[("Procfile", "a-b: server x")],
            &[("PYSTART_PROCESS", "a-b")],
            "declared: server x",
        ),
    ];
    check(rows);
}

#[test]
fn the_first_source_wins() {
    let rows: &[Row] = &[
        ("Procfile, entry point", A, &[WEB, ENTRY, ("main.py", FASTAPI)], &[], "declared: server"),
        ("Procfile, FLASK_APP", G, &[WEB, HELLO], &[("FLASK_APP", "hello")], "declared: server"),
        ("Procfile, .flaskenv", G, &[WEB, HELLO, (".flaskenv", "FLASK_APP=hello")], &[], "declared: server"),
        ("Procfile, APP_MODULE", G, &[WEB, HELLO], &[("APP_MODULE", "hello:app")], "declared: server"),
        ("Procfile, wsgi_app", G, &[WEB, HELLO, CONFIGURED], &[], "declared: server"),
        (
            "entry point, FLASK_APP",
            A,
            &[ENTRY, ("main.py", FASTAPI), HELLO],
            &[("FLASK_APP", "hello")],
            "declared: -k asgi main:app",
        ),
        (
            "entry point, APP_MODULE",
            A,
            &[ENTRY, ("main.py", FASTAPI), HELLO],
            &[("APP_MODULE", "hello:app")],
            "declared: -k asgi main:app",
        ),
        (
            "FLASK_APP, APP_MODULE",
            G,
            &[MAIN, HELLO],
            &[("FLASK_APP", "hello"), ("APP_MODULE", "main:app")],
            "declared: hello:app",
        ),
        (
            ".flaskenv, APP_MODULE",
            G,
            &[MAIN, HELLO, (".flaskenv", "FLASK_APP=hello")],
            &[("APP_MODULE", "main:app")],
            "declared: hello:app",
        ),
        (
            "APP_MODULE, MODULE_NAME",
            G,
            &[MAIN, HELLO],
            &[("APP_MODULE", "hello:app"), ("MODULE_NAME", "main")],
            "declared: hello:app",
        ),
        ("FLASK_APP, wsgi_app", G, &[MAIN, HELLO, CONFIGURED], &[("FLASK_APP", "main")], "declared: main:app"),
        ("APP_MODULE, wsgi_app", G, &[MAIN, HELLO, CONFIGURED], &[("APP_MODULE", "main:app")], "declared: main:app"),
        (
            "one that cannot be, then the next",
            G,
            &[("Procfile", "web: none"), MAIN, HELLO],
            &[("FLASK_APP", "hello")],
            "declared: hello:app",
        ),
        (
            "two that cannot be, then the next",
            G,
            &[("Procfile", "web: none"), MAIN, HELLO],
            &[("FLASK_APP", "gone"), ("APP_MODULE", "hello:app")],
            "declared: hello:app",
        ),
        ("Flask, entry point", A, &[ENTRY, ("main.py", FASTAPI), ("app.py", FLASK)], &[], "flask: app:app"),
        ("Flask, FLASK_APP", G, &[HELLO, ("app.py", FLASK)], &[("FLASK_APP", "hello")], "flask: app:app"),
        ("Flask, APP_MODULE", G, &[HELLO, ("app.py", FLASK)], &[("APP_MODULE", "hello:app")], "flask: app:app"),
        (
            "Django, Procfile",
            G,
            &[
                WEB,
                (
                    "shop/wsgi.py",
                    "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
                ),
            ],
            &[],
            "django: shop.wsgi",
        ),
        (
            "a process before Django",
            G,
            &[
                ("Procfile", "w: server"),
                (
                    "shop/wsgi.py",
                    "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
                ),
            ],
            &[("PYSTART_PROCESS", "w")],
            "declared: server",
        ),
    ];
    check(rows);
}

#[test]
fn apps_are_named_as_their_tools_read_them() {
    let rows: &[Row] = &[
        (
            "an entry point without a table",
            A,
            &[("pyproject.toml", "[project]\nname = 'x'\n"), MAIN],
            &[],
            "other: main:app",
        ),
        (
            "an entry point for WSGI",
            A,
            &[("pyproject.toml", "[tool.fastapi]\nentrypoint = 'hello:app'\n"), HELLO, MAIN],
            &[],
            "declared: hello:app",
        ),
        (
            "an unbound entry point",
            A,
            &[("pyproject.toml", "[tool.fastapi]\nentrypoint = 'main:api'\n"), MAIN],
            &[],
            "other: main:app",
        ),
        ("a broken pyproject.toml", A, &[("pyproject.toml", "[tool.fastapi\n"), MAIN], &[], "other: main:app"),
        ("another object", G, &[("hello.py", SITE), MAIN], &[("FLASK_APP", "hello:site")], "declared: hello:site"),
        ("the only Flask object", G, &[("hello.py", SITE), MAIN], &[("FLASK_APP", "hello")], "declared: hello:site"),
        ("two Flask objects", G, &[("hello.py", TWO), MAIN], &[("FLASK_APP", "hello")], "other: main:app"),
        (
            "keyword arguments",
            G,
            &[("hello.py", NEEDY), MAIN],
            &[("FLASK_APP", "hello:create_app(name='x')")],
            "declared: hello:create_app(name='x')",
        ),
        (
            "a called factory",
            G,
            &[("hello.py", FACTORY), MAIN],
            &[("FLASK_APP", "hello:create_app()")],
            "declared: hello:create_app()",
        ),
        ("a missing file", G, &[MAIN], &[("FLASK_APP", "hello.py")], "other: main:app"),
        ("an empty FLASK_APP", G, &[MAIN], &[("FLASK_APP", "")], "other: main:app"),
        ("an absolute path", G, &[HELLO, MAIN], &[("FLASK_APP", "/site/hello.py")], "declared: hello:app"),
        ("an absolute path elsewhere", G, &[HELLO, MAIN], &[("FLASK_APP", "/srv/hello.py")], "other: main:app"),
        ("export in .flaskenv", G, &[HELLO, MAIN, (".flaskenv", "export FLASK_APP=hello")], &[], "declared: hello:app"),
        (
            "quotes in .flaskenv",
            G,
            &[HELLO, MAIN, (".flaskenv", "FLASK_APP=\"hello:app\"")],
            &[],
            "declared: hello:app",
        ),
        (
            "a comment in .flaskenv",
            G,
            &[HELLO, MAIN, (".flaskenv", "# FLASK_APP=main\nFLASK_APP=hello # it\n")],
            &[],
            "declared: hello:app",
        ),
        (
            "Windows line ends in .env",
            G,
            &[HELLO, MAIN, (".env", "A=1\r\nFLASK_APP=hello\r\n")],
            &[],
            "declared: hello:app",
        ),
        ("nothing else of .env", G, &[HELLO, MAIN, (".env", "APP_MODULE=hello:app\n")], &[], "other: main:app"),
        (
            "APP_MODULE in a package",
            G,
            &[("shop/__init__.py", ""), ("shop/web.py", FLASK), MAIN],
            &[("APP_MODULE", "shop.web:app")],
            "declared: shop.web:app",
        ),
        ("APP_MODULE that is not there", G, &[MAIN], &[("APP_MODULE", "gone:app")], "other: main:app"),
        (
            "wsgi_app of another object",
            G,
            &[("gunicorn.conf.py", "wsgi_app = 'hello:site'"), ("hello.py", SITE)],
            &[],
            "declared: gunicorn --bind=0.0.0.0 --timeout 600",
        ),
        ("a configuration without wsgi_app", G, &[("gunicorn.conf.py", "workers = 2"), MAIN], &[], "other: main:app"),
    ];
    check(rows);
}
