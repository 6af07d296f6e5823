//! What the user can set, and what a build tells: hooks, `collectstatic`, caches, indexes, the lock, the report.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};

use crate::python::{self, App, Running};
use crate::scene::{app, build, building, come_to, installed, packages, search_path, stderr, wheel, with_pip};

fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    stderr(output)
}

/// A build whose hooks find the programs of the machine, too.
fn hooked(app: &App) -> Command {
    let mut command = building(app);
    command.env("PATH", format!("{}:{}:/usr/bin:/bin", python::uv().display(), search_path()));
    command
}

#[test]
fn commands_of_the_user_run_before_and_after_in_the_new_environment() {
    let app = app("shop\n");
    app.write("before.sh", "echo before $1 > \"$VIRTUAL_ENV/before\"\r\n");
    let build = |after: &str| {
        let mut command = hooked(&app);
        command.env("PRE_BUILD_COMMAND", "before.sh 1").env("POST_BUILD_COMMAND", after).output().unwrap()
    };
    let text = ok(&build("shop > \"$VIRTUAL_ENV/after\" && test -n \"$PATH\""));
    assert!(text.contains("pystart: running `PRE_BUILD_COMMAND`\n"), "{text}");
    let read = |name: &str| fs::read_to_string(app.root.join("antenv").join(name)).unwrap();
    assert_eq!(read("before"), "before 1\n");
    assert!(read("after").starts_with("run by "), "what was installed is on PATH");

    let failed = build("exit 3");
    let expected = "pystart: error: `POST_BUILD_COMMAND`: `sh -c exit 3 sh` failed (exit status: 3)";
    assert!(failed.status.code() == Some(1) && stderr(&failed).contains(expected), "{}", stderr(&failed));
    assert_eq!(read("before"), "before 1\n", "the old environment is in use");
    assert!(!app.root.join(".antenv.building").exists());

    ok(&build("true"));
    assert!(!app.root.join("antenv/after").exists(), "another command is another build");
    app.write("before.sh", "echo again > \"$VIRTUAL_ENV/before\"\n");
    ok(&build("true"));
    assert_eq!(read("before"), "again\n", "and so is another text of the script");
}

#[test]
fn a_command_of_the_user_can_replace_the_installation() {
    let app = app("no-such-package\n");
    let mut command = with_pip(&app, Command::new(env!("CARGO_BIN_EXE_pystart")));
    ok(&command.env("CUSTOM_BUILD_COMMAND", "pip install --quiet shop").env_remove("PIP_TARGET").output().unwrap());
    assert!(installed(&app, "shop") && installed(&app, "gunicorn"), "the server is added");
}

#[test]
fn another_text_of_the_bounds_is_another_build() {
    let app = app("shop\n");
    app.write("bounds.txt", "shop<2\n");
    let mut command = building(&app);
    command.env("PIP_CONSTRAINT", "bounds.txt");
    ok(&command.output().unwrap());
    assert!(ok(&command.output().unwrap()).contains(" is up to date\n"));
    app.write("bounds.txt", "shop<3\n");
    let text = ok(&command.output().unwrap());
    assert!(text.contains("pystart: built "), "{text}");
}

#[test]
fn pip_of_the_image_works_on_the_environment() {
    let app = app("shop\n");
    ok(&build(&app));
    wheel(&app, "cart");
    let pip = |program: &str, words: &[&str]| {
        let mut command = Command::new(app.root.join("antenv/bin").join(program));
        command.args(words).env_clear().env("PIP_FIND_LINKS", app.root.join("wheels")).env("PIP_NO_INDEX", "1");
        let output = command.output().unwrap();
        ok(&output);
        String::from_utf8(output.stdout).unwrap()
    };
    pip("pip", &["install", "--quiet", "cart"]);
    assert!(installed(&app, "cart"));
    assert!(pip("python", &["-m", "pip", "freeze"]).contains("shop==1.0"), "it sees what is there");
}

#[test]
fn tests_of_packages_are_not_compiled() {
    let app = app("shop\n");
    app.write("local/setup.py", "");
    app.write("local/more/__init__.py", "");
    app.write("local/more/tests/__init__.py", "");
    app.write("post.sh", "cp -r local/more \"$(ls -d \"$VIRTUAL_ENV\"/lib/*/site-packages)\"\n");
    ok(&hooked(&app).env("POST_BUILD_COMMAND", "post.sh").output().unwrap());
    let more = packages(&app).join("more");
    assert!(more.join("__pycache__").is_dir() && !more.join("tests/__pycache__").exists());
}

/// A project of Django, served by the real one, whose settings end so.
fn django(settings: &str) -> App {
    let app = app("");
    app.write("manage.py", "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'site_settings'\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n");
    let base = "SECRET_KEY = 'x'\nINSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_URL = '/static/'\nSTATICFILES_DIRS = ['style']\n";
    app.write("site_settings.py", &format!("{base}{settings}"));
    app.write("style/site.css", "body {}\n");
    // Django of the tests' own environment: installing it anew takes longer than all the rest.
    let source = python::python().parent().unwrap().parent().unwrap().join("lib");
    let version = fs::read_dir(source).unwrap().flatten().next().unwrap().path().join("site-packages");
    app.write("link.sh", &format!("for name in django asgiref sqlparse; do ln -s {}/$name \"$(ls -d \"$VIRTUAL_ENV\"/lib/*/site-packages)\"; done\n", version.display()));
    app
}

fn collected(app: &App, off: &str) -> String {
    ok(&hooked(app).env("PRE_BUILD_COMMAND", "link.sh").env("DISABLE_COLLECTSTATIC", off).output().unwrap())
}

#[test]
fn static_files_of_django_are_collected() {
    let app = django("STATIC_ROOT = 'collected'\n");
    let text = collected(&app, "");
    assert!(app.root.join("collected/site.css").is_file(), "{text}");
    assert!(!app.root.join("__pycache__").exists(), "nothing is left beside the sources");
}

#[test]
fn a_failure_to_collect_is_a_warning_and_it_can_be_turned_off() {
    let app = django("raise RuntimeError('no database')\n");
    let text = collected(&app, "");
    let warned = "pystart: warning: static files were not collected: `python manage.py collectstatic --noinput` failed (exit \
                  status: 1): RuntimeError: no database\npystart: hint: see above; `DISABLE_COLLECTSTATIC=1` leaves it out";
    assert!(text.contains(warned), "{text}");
    app.write("requirements.txt", "# again\n");
    assert!(!collected(&app, "true").contains("collectstatic"));
}

#[test]
fn a_site_without_a_place_for_static_files_is_left_alone() {
    let text = collected(&django(""), "");
    assert!(text.contains("no static files are collected: the settings name no `STATIC_ROOT`\n"), "{text}");
    assert!(!text.contains("pystart: warning"), "{text}");
}

#[test]
fn the_report_is_an_object_on_standard_output() {
    let app = app("shop\n");
    let report = |app: &App| -> (Option<i32>, serde_json::Value) {
        let output = building(app).arg("--json").output().unwrap();
        (output.status.code(), serde_json::from_slice(&output.stdout).expect("an object"))
    };
    let (status, built) = report(&app);
    let expected = [("outcome", "built"), ("from", "requirements.txt"), ("installer", "uv")];
    for (field, value) in expected {
        assert_eq!((status, &built[field]), (Some(0), &serde_json::json!(value)), "{built}");
    }
    assert!(built["packages"] == 2 && built["bytes"].as_u64() > Some(1000) && built["seconds"].is_f64(), "{built}");
    let (_, current) = report(&app);
    assert_eq!((&current["outcome"], &current["packages"]), (&serde_json::json!("current"), &serde_json::json!(2)));
    app.write("requirements.txt", "-r none.txt\n");
    let (status, failed) = report(&app);
    assert_eq!((status, &failed["outcome"]), (Some(1), &serde_json::json!("failed")), "{failed}");
    assert!(failed["hint"].as_str().is_some(), "{failed}");
}

#[test]
fn caches_and_build_tools_go_into_the_folder_that_is_named() {
    let app = app("shop\n");
    let cache = App::new(&[]);
    let mut command = building(&app);
    ok(&command.env("PYSTART_CACHE_DIR", &cache.root).env_remove("UV_CACHE_DIR").output().unwrap());
    let own = cache.root.join(format!("pystart-{}", nix::unistd::geteuid()));
    assert!(own.join("uv").is_dir(), "uv keeps its packages there");
    assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(!app.root.with_extension("home").exists(), "and not in its home");
}

#[test]
fn a_folder_of_the_cache_that_is_a_link_is_not_followed() {
    let app = app("-r none.txt\n");
    let (cache, elsewhere) = (App::new(&[]), App::new(&[]));
    let own = cache.root.join(format!("pystart-{}", nix::unistd::geteuid()));
    std::os::unix::fs::symlink(&elsewhere.root, &own).unwrap();
    app.write("requirements.txt", "");
    app.write("poetry.lock", "");
    app.write("pyproject.toml", "[tool.poetry]\n");
    let output = building(&app).env("PYSTART_CACHE_DIR", &cache.root).output().unwrap();
    let expected = format!("no folder for caches: `{}` is no folder\n", own.display());
    assert!(output.status.code() == Some(1) && stderr(&output).contains(&expected), "{}", stderr(&output));
    assert_eq!(fs::read_dir(&elsewhere.root).unwrap().count(), 0);
}

#[test]
fn who_can_only_read_the_app_root_cannot_hold_up_a_build() {
    let app = app("shop\n");
    let _root = Flock::lock(File::open(&app.root).unwrap(), FlockArg::LockExclusive).unwrap();
    ok(&build(&app));
    let _environment = Flock::lock(File::open(app.root.join("antenv")).unwrap(), FlockArg::LockExclusive).unwrap();
    app.write("requirements.txt", "shop # again\n");
    ok(&build(&app));
}

#[test]
fn a_stop_is_heard_while_another_build_is_waited_for() {
    let app = app("shop\n");
    let folder = app.root.join(".antenv.building");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let _held = Flock::lock(File::open(&folder).unwrap(), FlockArg::LockExclusive).unwrap();
    let mut child = come_to(&mut building(&app), "another build of");
    pystart::process::signals::send(child.pid().as_raw(), 15);
    let deadline = Instant::now() + Duration::from_mins(1);
    while child.0.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the stop was not heard");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(child.0.wait().unwrap().code(), Some(128 + 15));
}

#[test]
fn a_folder_to_build_in_that_others_can_write_is_not_used() {
    let app = app("shop\n");
    let folder = app.root.join(".antenv.building");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let output = build(&app);
    let expected =
        format!("pystart: error: cannot build in `{0}`: `{0}` can be written by other users\n", folder.display());
    assert!(output.status.code() == Some(1) && stderr(&output).contains(&expected), "{}", stderr(&output));
}

#[test]
fn a_file_for_another_python_is_a_warning() {
    let app = app("shop\n");
    app.write(".python-version", "3.4.1\n");
    let text = ok(&build(&app));
    let expected = "pystart: warning: `.python-version` asks for Python 3.4, and this is Python 3.";
    assert!(text.contains(expected), "{text}");
}

/// `script` gives its child a terminal.
#[test]
fn on_a_terminal_the_tools_see_a_terminal() {
    let app = app("shop\n");
    app.write("look.sh", "test -t 2 && echo it is one\n");
    let whole = building(&app);
    let line = format!("stty cols 77; {} build", whole.get_program().display());
    let mut command = Command::new("/usr/bin/script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env_clear();
    command.envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
        .env("PRE_BUILD_COMMAND", "look.sh")
        .env("PATH", format!("{}:{}:/usr/bin:/bin", python::uv().display(), search_path()));
    let mut child = Running::start(command.stdin(Stdio::null()).stdout(Stdio::piped()));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut child.0.stdout.take().unwrap(), &mut text).unwrap();
    assert!(child.0.wait().unwrap().success(), "{text}");
    assert!(text.contains("it is one\r\n") && !text.contains("\r\r\n"), "{text}");
}
