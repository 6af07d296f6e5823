//! The names that decide where to look. A new name is one word in a table.

use super::words::Words;

/// The documented files of step 3, in their order.
pub(super) static DOCUMENTED: Words = Words::new("DOCUMENTED", &["application.py", "app.py"]);

/// File names that usually hold the app, the likeliest first. `wsgi.py` and `asgi.py` come first because they exist
/// for no other reason than to be named in a start command.
pub(super) static USUAL_FILES: Words = Words::new(
    "USUAL_FILES",
    &[
        "wsgi.py",
        "main.py",
        "app.py",
        "application.py",
        "server.py",
        "serve.py",
        "run.py",
        "asgi.py",
        "index.py",
        "api.py",
        "web.py",
        "webapp.py",
        "hello.py",
        "start.py",
        "home.py",
        "site.py",
        "website.py",
        "backend.py",
        "service.py",
        "manage.py",
        "flask_app.py",
        "fastapi_app.py",
        "runserver.py",
        "run_server.py",
        "passenger_wsgi.py",
        "__init__.py",
    ],
);

/// Files that people start by hand when there is no web app, the likeliest first.
pub(super) static STARTED_BY_HAND: Words =
    Words::new("STARTED_BY_HAND", &["app.py", "main.py", "bot.py", "streamlit_app.py", "server.py", "run.py"]);

/// Names of the app object, the likeliest first.
pub(super) static OBJECTS: Words = Words::new(
    "OBJECTS",
    &[
        "app",
        "application",
        "wsgi_app",
        "asgi_app",
        "server",
        "api",
        "webapp",
        "web_app",
        "flask_app",
        "fastapi_app",
        "wsgi",
        "asgi",
        "handler",
        "main",
        "web",
        "__hug_wsgi__",
    ],
);

/// Names of objects for which an unknown call around an app is believed to give an app: `application = Cling(app)`,
/// but not `db = SQLAlchemy(app)`.
pub(super) static WRAPPED_OBJECTS: Words =
    Words::new("WRAPPED_OBJECTS", &["app", "application", "wsgi_app", "asgi_app"]);

/// Of a package `wsgi` with a module for each stage (`wsgi/local.py`, `wsgi/production.py`), the ones for a deployed
/// site, the likeliest first.
pub(super) static DEPLOYED_STAGES: Words =
    Words::new("DEPLOYED_STAGES", &["production.py", "prod.py", "deploy.py", "live.py", "release.py"]);

/// Packages that serve ASGI, or make Django ready for it.
pub(super) static ASGI_SERVERS: Words =
    Words::new("ASGI_SERVERS", &["channels", "daphne", "uvicorn", "granian", "hypercorn"]);

/// What takes a Flask app and adds no routes to it: `db = SQLAlchemy(app)`.
pub(super) static EXTENSIONS: Words = Words::new(
    "EXTENSIONS",
    &[
        "SQLAlchemy",
        "Migrate",
        "CORS",
        "Bcrypt",
        "LoginManager",
        "Mail",
        "Marshmallow",
        "JWTManager",
        "Limiter",
        "Session",
        "CSRFProtect",
        "Cache",
        "Moment",
        "Bootstrap",
        "PyMongo",
        "MySQL",
        "Babel",
        "make_celery",
    ],
);

/// Methods of an app that add routes to it.
pub(super) static REGISTERING: Words = Words::new(
    "REGISTERING",
    &[
        "register_blueprint",
        "add_url_rule",
        "include_router",
        "blueprint",
        "add_route",
        "add_routes",
        "add_api_route",
        "mount",
    ],
);

/// Names of functions that make the app, the likeliest first.
pub(super) static FACTORIES: Words = Words::new(
    "FACTORIES",
    &[
        "create_app",
        "make_app",
        "build_app",
        "get_app",
        "create_application",
        "get_application",
        "make_application",
        "init_app",
        "app_factory",
        "application_factory",
        "create_flask_app",
        "create_fastapi_app",
    ],
);

/// Folders in which an app or the root of its module path usually is, the likeliest first.
pub(super) static USUAL_FOLDERS: Words = Words::new(
    "USUAL_FOLDERS",
    &[
        "app",
        "src",
        "backend",
        "server",
        "api",
        "web",
        "webapp",
        "website",
        "site",
        "application",
        "flask_app",
        "flaskapp",
        "flask",
        "fastapi_app",
        "fastapi",
        "django",
        "service",
        "services",
        "project",
        "main",
        "core",
        "code",
        "python",
    ],
);

/// Folders that hold other things than the app, or apps that are only tried out.
static OTHER_FOLDERS: Words = Words::new(
    "OTHER_FOLDERS",
    &[
        "tests",
        "test",
        "testing",
        "docs_src",
        "examples",
        "example",
        "samples",
        "sample",
        "demo",
        "demos",
        "docs",
        "doc",
        "documentation",
        "tutorial",
        "tutorials",
        "migrations",
        "alembic",
        "seeds",
        "seed",
        "fixtures",
        "build",
        "dist",
        "target",
        "out",
        "bin",
        "scripts",
        "script",
        "tools",
        "ci",
        "benchmarks",
        "benchmark",
        "plugins",
        "notebooks",
        "static",
        "staticfiles",
        "templates",
        "media",
        "assets",
        "images",
        "img",
        "css",
        "js",
        "locale",
        "data",
        "datasets",
        "logs",
        "vendor",
        "third_party",
        "lib64",
        "include",
        "share",
        "virtualenv",
        "ENV",
        "myenv",
        "old",
        "archive",
        "backup",
        "backups",
        "deprecated",
        "infra",
        "deploy",
        "deployment",
        "k8s",
        "terraform",
    ],
);

/// Is this a folder that holds other things than the app?
pub(super) fn is_other_folder(name: &str) -> bool {
    OTHER_FOLDERS.has(name)
        || OTHER_FOLDER_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || OTHER_FOLDER_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// How the names of such folders begin.
static OTHER_FOLDER_PREFIXES: Words = Words::new("OTHER_FOLDER_PREFIXES", &["e2e"]);

/// How they end.
static OTHER_FOLDER_SUFFIXES: Words =
    Words::new("OTHER_FOLDER_SUFFIXES", &["-tests", "_tests", "-test", "-examples", "-example"]);

/// Folders below which an app may be one level deeper than elsewhere: they only hold others.
pub(super) static HOLDING_FOLDERS: Words = Words::new("HOLDING_FOLDERS", &["src", "backend", "services", "apps"]);

/// Is this a file that no server starts: a test, a task and the like?
pub(super) fn is_other_file(name: &str) -> bool {
    let stem = name.strip_suffix(".py").unwrap_or(name);
    OTHER_FILES.has(stem)
        || TRIED_OUT_FILES.has(stem)
        || OTHER_PREFIXES.iter().any(|prefix| stem.starts_with(prefix))
        || OTHER_SUFFIXES.iter().any(|suffix| stem.ends_with(suffix))
}

/// How the names of such files begin: tests, seed scripts, stand-ins, measurements, parts, what is kept of old.
static OTHER_PREFIXES: Words = Words::new(
    "OTHER_PREFIXES",
    &["test_", "seed", "migrate", "mock_", "fake_", "dummy_", "bench", "plugin", "old_", "backup_"],
);

/// How they end.
static OTHER_SUFFIXES: Words =
    Words::new("OTHER_SUFFIXES", &["_test", "_tests", "_seed", "_old", "_backup", "_bak", "_copy", "_example"]);

/// Does the name of a file say that it starts the app for those who work on it?
pub(super) fn is_for_development(name: &str) -> bool {
    let stem = name.strip_suffix(".py").unwrap_or(name);
    DEVELOPMENT_SUFFIXES.iter().any(|suffix| stem.ends_with(suffix))
}

/// How the names of such files end: `run_dev.py` beside `run_prod.py`.
static DEVELOPMENT_SUFFIXES: Words = Words::new("DEVELOPMENT_SUFFIXES", &["_dev", "_development", "_local", "_debug"]);

/// Files that no server starts, by their whole name.
static OTHER_FILES: Words = Words::new(
    "OTHER_FILES",
    &[
        "tests",
        "test",
        "conftest",
        "setup",
        "settings",
        "config",
        "gunicorn",
        "gunicorn_config",
        "fabfile",
        "tasks",
        "noxfile",
        "celery_worker",
        "celery_app",
        "worker",
        "keep_alive",
        "keepalive",
        "models",
        "init_db",
        "create_db",
        "db_create",
        "initdb",
        "create_tables",
        "populate",
        "populate_db",
        "locustfile",
        "shell",
        "debug",
    ],
);

/// Files by which a library or a model is tried out. An app with a server of its own may be called so: Gradio's are.
static TRIED_OUT_FILES: Words = Words::new("TRIED_OUT_FILES", &["example", "demo"]);

/// Is this a file of which not even an app with a server of its own is expected?
pub(super) fn is_no_own_server(name: &str) -> bool {
    is_other_file(name) && !TRIED_OUT_FILES.has(name.strip_suffix(".py").unwrap_or(name))
}

/// Every table, for the tests.
#[cfg(test)]
pub(super) static TABLES: &[&Words] = &[
    &DOCUMENTED,
    &USUAL_FILES,
    &STARTED_BY_HAND,
    &OBJECTS,
    &WRAPPED_OBJECTS,
    &DEPLOYED_STAGES,
    &FACTORIES,
    &EXTENSIONS,
    &REGISTERING,
    &ASGI_SERVERS,
    &USUAL_FOLDERS,
    &OTHER_FOLDERS,
    &OTHER_FOLDER_PREFIXES,
    &OTHER_FOLDER_SUFFIXES,
    &HOLDING_FOLDERS,
    &OTHER_PREFIXES,
    &OTHER_SUFFIXES,
    &DEVELOPMENT_SUFFIXES,
    &OTHER_FILES,
    &TRIED_OUT_FILES,
];
