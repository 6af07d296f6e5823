//! What the files of tools name: Hypercorn's settings, the scripts of PDM.

use super::{FASTAPI, FLASK, G, MAKER, NEEDY, Row, check, decided};

const A: &[&str] = &["gunicorn", "uvicorn"];
const MAIN: (&str, &str) = ("main.py", FASTAPI);
const SERVICE: (&str, &str) = ("service.py", FASTAPI);
const HYPERCORN: &str = "hypercorn.toml";
const PYPROJECT: &str = "pyproject.toml";

#[test]
fn hypercorns_settings_are_read_as_hypercorn_reads_them() {
    let rows: &[Row] = &[
        (
            "module and object",
            A,
            &[(HYPERCORN, "application_path = 'service:app'"), SERVICE, MAIN],
            &[],
            "declared: -k asgi service:app",
        ),
        (
            "`app` is understood",
            A,
            &[(HYPERCORN, "application_path = 'service'"), SERVICE, MAIN],
            &[],
            "declared: -k asgi service:app",
        ),
        (
            "asgi in front",
            A,
            &[(HYPERCORN, "application_path = 'asgi:service:app'"), SERVICE, MAIN],
            &[],
            "declared: -k asgi service:app",
        ),
        (
            "wsgi in front",
            G,
            &[(HYPERCORN, "application_path = 'wsgi:service:site'"), ("service.py", "from x import *\n"), MAIN],
            &[],
            "declared: service:site",
        ),
        (
            "a module called wsgi",
            G,
            &[
                (HYPERCORN, "application_path = 'wsgi:site'"),
                ("wsgi.py", "from fastapi import FastAPI\nsite = FastAPI()\n"),
                MAIN,
            ],
            &[],
            "declared: -k asgi wsgi:site",
        ),
        (
            "the object may not be seen",
            A,
            &[(HYPERCORN, "application_path = 'service:api'"), ("service.py", "from x import *\n"), MAIN],
            &[],
            "declared: -k asgi service:api",
        ),
        (
            "a package",
            A,
            &[(HYPERCORN, "application_path = 'shop.web:app'"), ("shop/web.py", FASTAPI), MAIN],
            &[],
            "declared: -k asgi shop.web:app",
        ),
        (
            "a path",
            A,
            &[(HYPERCORN, "application_path = 'src/web:app'"), ("src/web.py", FASTAPI), MAIN],
            &[],
            "declared: --chdir=src -k asgi web:app",
        ),
        (
            "a path in a package",
            A,
            &[
                (HYPERCORN, "application_path = './src/web.py:app'"),
                ("src/__init__.py", ""),
                ("src/web.py", FASTAPI),
                MAIN,
            ],
            &[],
            "declared: --chdir=src -k asgi web:app",
        ),
        (
            "a file",
            A,
            &[(HYPERCORN, "application_path = 'service.py:app'"), SERVICE, MAIN],
            &[],
            "declared: -k asgi service:app",
        ),
        (
            "a path elsewhere",
            A,
            &[(HYPERCORN, "application_path = '../service:app'"), SERVICE, MAIN],
            &[],
            "other: -k asgi main:app",
        ),
        ("no module", A, &[(HYPERCORN, "application_path = ':app'"), SERVICE, MAIN], &[], "other: -k asgi main:app"),
        (
            "a factory",
            A,
            &[(HYPERCORN, "application_path = 'service:create_app()'"), ("service.py", MAKER), MAIN],
            &[],
            "declared: -k asgi service:create_app()",
        ),
        ("other settings", A, &[(HYPERCORN, "bind = '0.0.0.0:80'\n"), SERVICE, MAIN], &[], "other: -k asgi main:app"),
        ("broken", A, &[(HYPERCORN, "application_path = "), SERVICE, MAIN], &[], "other: -k asgi main:app"),
        (
            "a documented file comes first",
            G,
            &[(HYPERCORN, "application_path = 'service:app'"), SERVICE, ("app.py", FLASK)],
            &[],
            "flask: app:app",
        ),
    ];
    check(rows);
}

#[test]
fn the_script_of_pdm_that_starts_the_site_names_its_app() {
    let rows: &[Row] = &[
        (
            "web",
            A,
            &[(PYPROJECT, "[tool.pdm.scripts]\nweb = 'uvicorn service:app'"), SERVICE, MAIN],
            &[],
            "declared: -k asgi service:app",
        ),
        (
            "start",
            A,
            &[(PYPROJECT, "[tool.pdm.scripts]\nstart = 'uvicorn service:app --reload'"), SERVICE, MAIN],
            &[],
            "declared: -k asgi service:app",
        ),
        (
            "serve",
            A,
            &[(PYPROJECT, "[tool.pdm.scripts]\nserve = 'granian service:app'"), SERVICE, MAIN],
            &[],
            "declared: -k asgi service:app",
        ),
        (
            "server",
            A,
            &[(PYPROJECT, "[tool.pdm.scripts]\nserver = 'hypercorn service:app'"), SERVICE, MAIN],
            &[],
            "declared: -k asgi service:app",
        ),
        (
            "any other name",
            A,
            &[(PYPROJECT, "[tool.pdm.scripts]\nlint = 'uvicorn service:app'"), SERVICE, MAIN],
            &[],
            "other: -k asgi main:app",
        ),
        (
            "the likeliest",
            A,
            &[
                (
                    PYPROJECT,
                    "[tool.pdm.scripts]\nserver = 'uvicorn main:app'\nserve = 'uvicorn main:app'\nstart = 'uvicorn main:app'\nweb = 'uvicorn service:app'",
                ),
                SERVICE,
                MAIN,
            ],
            &[],
            "declared: -k asgi service:app",
        ),
        (
            "the next that names an app",
            A,
            &[
                (PYPROJECT, "[tool.pdm.scripts]\nstart = 'python -m shop'\nserve = 'uvicorn service:app'"),
                SERVICE,
                MAIN,
            ],
            &[],
            "declared: -k asgi service:app",
        ),
        (
            "words",
            A,
            &[(PYPROJECT, "[tool.pdm.scripts]\nstart = { cmd = ['uvicorn', 'service:app'] }"), SERVICE, MAIN],
            &[],
            "declared: -k asgi service:app",
        ),
        (
            "for a shell",
            A,
            &[
                (PYPROJECT, "[tool.pdm.scripts]\nstart = { shell = 'cd src && uvicorn web:app' }"),
                ("src/web.py", FASTAPI),
                MAIN,
            ],
            &[],
            "declared: --chdir=src -k asgi web:app",
        ),
        (
            "in a folder",
            A,
            &[
                (
                    PYPROJECT,
                    "[tool.pdm.scripts]\nstart = { cmd = 'uvicorn web:app --app-dir lib', working_dir = './src' }",
                ),
                ("src/lib/web.py", FASTAPI),
                MAIN,
            ],
            &[],
            "declared: --chdir=src/lib -k asgi web:app",
        ),
        (
            "a factory",
            A,
            &[
                (PYPROJECT, "[tool.pdm.scripts]\nstart = 'uvicorn --factory service:create_app'"),
                ("service.py", MAKER),
                MAIN,
            ],
            &[],
            "declared: -k asgi service:create_app()",
        ),
        (
            "gunicorn without an object",
            G,
            &[
                (PYPROJECT, "[tool.pdm.scripts]\nstart = 'gunicorn service'"),
                ("service.py", "from flask import Flask\napplication = Flask('x')\n"),
                MAIN,
            ],
            &[],
            "declared: service:application",
        ),
        (
            "another interface",
            G,
            &[
                (PYPROJECT, "[tool.pdm.scripts]\nstart = 'waitress-serve service:site'"),
                ("service.py", "from x import *\n"),
                MAIN,
            ],
            &[],
            "declared: service:site",
        ),
        (
            "no app is named",
            A,
            &[(PYPROJECT, "[tool.pdm.scripts]\nstart = 'flask run'"), SERVICE, MAIN],
            &[],
            "other: -k asgi main:app",
        ),
        (
            "a function",
            A,
            &[(PYPROJECT, "[tool.pdm.scripts]\nstart = { call = 'service:app' }"), SERVICE, MAIN],
            &[],
            "other: -k asgi main:app",
        ),
        (
            "no such module",
            A,
            &[(PYPROJECT, "[tool.pdm.scripts]\nstart = 'uvicorn gone:app'"), SERVICE, MAIN],
            &[],
            "other: -k asgi main:app",
        ),
        (
            "a factory that needs something",
            G,
            &[
                (PYPROJECT, "[tool.pdm.scripts]\nstart = 'gunicorn \"service:create_app()\"'"),
                ("service.py", NEEDY),
                MAIN,
            ],
            &[],
            "other: -k asgi main:app",
        ),
    ];
    check(rows);
}

#[test]
fn a_script_of_pdm_that_cannot_be_used_is_told() {
    let files = [(PYPROJECT, "[tool.pdm.scripts]\nstart = 'uvicorn gone:app'"), MAIN];
    let notices = decided(A, &files, &[], &[]).notices;
    let told = notices.iter().any(|notice| {
        notice.message == "script `start` of pdm in `pyproject.toml` is not used: names the module `gone`, which is not in the app root"
    });
    assert!(told, "{notices:#?}");
}
