//! The names that decide where to look. A new name is one word in a table.

/// The documented files of step 3, in their order.
pub(super) const DOCUMENTED: [&str; 2] = ["application.py", "app.py"];

/// File names that usually hold the app, the likeliest first. `wsgi.py` and `asgi.py` come first because they exist
/// for no other reason than to be named in a start command.
pub(super) const USUAL_FILES: &[&str] = &[
    "wsgi.py",
    "main.py",
    "app.py",
    "application.py",
    "server.py",
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
];

/// Files that people start by hand when there is no web app, the likeliest first.
pub(super) const STARTED_BY_HAND: &[&str] = &["app.py", "main.py", "bot.py", "streamlit_app.py", "server.py", "run.py"];

/// Names of the app object, the likeliest first.
pub(super) const OBJECTS: &[&str] = &[
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
];

/// Names of objects for which an unknown call around an app is believed to give an app: `application = Cling(app)`,
/// but not `db = SQLAlchemy(app)`.
pub(super) const WRAPPED_OBJECTS: &[&str] = &["app", "application", "wsgi_app", "asgi_app"];

/// Of a package `wsgi` with a module for each stage (`wsgi/local.py`, `wsgi/production.py`), the ones for a deployed
/// site, the likeliest first.
pub(super) const DEPLOYED_STAGES: &[&str] = &["production.py", "prod.py", "deploy.py", "live.py", "release.py"];

/// Names of functions that make the app, the likeliest first.
pub(super) const FACTORIES: &[&str] = &[
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
];

/// Folders in which an app or the root of its module path usually is, the likeliest first.
pub(super) const USUAL_FOLDERS: &[&str] = &[
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
];

/// Folders that hold other things than the app, or apps that are only tried out.
pub(super) const OTHER_FOLDERS: &[&str] = &[
    "tests",
    "test",
    "testing",
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
    "notebooks",
    "static",
    "staticfiles",
    "templates",
    "media",
    "assets",
    "public",
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
    "venv",
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
];

/// Files of which none is what a server starts: tests, tasks and the like.
pub(super) fn is_other_file(name: &str) -> bool {
    let stem = name.strip_suffix(".py").unwrap_or(name);
    let is_test = stem.starts_with("test_") || stem.ends_with("_test") || stem.ends_with("_tests");
    let is_seed = stem.starts_with("seed") || stem.ends_with("_seed") || stem.starts_with("migrate");
    let is_stand_in = ["mock_", "fake_", "dummy_", "old_", "backup_"].iter().any(|prefix| stem.starts_with(prefix));
    let is_copy = ["_old", "_backup", "_bak", "_copy", "_example"].iter().any(|suffix| stem.ends_with(suffix));
    is_test || is_seed || is_stand_in || is_copy || OTHER_FILES.contains(&stem)
}

const OTHER_FILES: &[&str] = &[
    "tests",
    "test",
    "conftest",
    "setup",
    "settings",
    "config",
    "gunicorn",
    "gunicorn.conf",
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
    "example",
    "demo",
    "shell",
    "debug",
];

/// The place of a name in a table of names; past the end for one that is not there.
pub(super) fn rank(table: &[&str], name: &str) -> usize {
    table.iter().position(|known| *known == name).unwrap_or(table.len())
}
