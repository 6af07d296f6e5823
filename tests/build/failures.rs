//! What is said when a build fails: the cause in the tool's words above, one line of ours, one remedy. With the real
//! tools, brought to fail in the real way; nothing but the index and the tools' own output is theirs.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use crate::forms::online;
use crate::python::{App, bare_python};
use crate::scene::{app, building, stderr, wheel, with_pip};

/// The last lines, from the error on.
fn told(output: &Output) -> String {
    let text = stderr(output);
    let at = text.find("pystart: error: ").unwrap_or_else(|| panic!("no error: {text}"));
    assert_eq!(output.status.code(), Some(1), "{text}");
    text[at..].to_owned()
}

/// The two lines of ours for a failure of pip.
fn by_pip(cause: &str, hint: &str) -> String {
    let command = "python -m pip install --no-compile -r requirements.txt gunicorn";
    format!("pystart: error: `{command}` failed: {cause}\npystart: hint: {hint}\n")
}

fn pip(app: &App) -> Command {
    with_pip(app, Command::new(env!("CARGO_BIN_EXE_pystart")))
}

/// A package of sources whose build prints this and fails, as a package that is compiled does.
fn failing_package(app: &App, output: &str) {
    let setup = format!("import sys\nprint({output:?}, file=sys.stderr)\nsys.exit(1)\n");
    app.write("broken/setup.py", &setup);
    // Its build needs nothing from the index, which there is none of.
    let pyproject = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n";
    app.write("broken/pyproject.toml", pyproject);
    let backend = "import runpy\ndef get_requires_for_build_wheel(settings=None): return []\n\
                   def build_wheel(folder, settings=None, metadata=None): runpy.run_path('setup.py')\n\
                   prepare_metadata_for_build_wheel = build_wheel\n";
    app.write("broken/backend.py", backend);
}

fn failing(output: &str) -> String {
    let app = app("./broken\n");
    failing_package(&app, output);
    told(&pip(&app).output().unwrap())
}

#[test]
fn postgresql_is_compiled_without_its_headers() {
    let told = failing("Error: pg_config executable not found.\n");
    let cause = "`psycopg2` is compiled here and needs `pg_config`, which is not installed";
    assert_eq!(told, by_pip(cause, "ask for `psycopg2-binary` instead, or build with the image's target `build`"));
}

#[test]
fn mysql_is_compiled_without_its_headers() {
    let told = failing("Exception: Can not find valid pkg-config name.\nSpecify MYSQLCLIENT_CFLAGS\n");
    let cause = "`mysqlclient` is compiled here and needs `mysql_config`, which is not installed";
    assert_eq!(told, by_pip(cause, "ask for `PyMySQL` instead, or build with the image's target `build`"));
}

#[test]
fn a_package_is_compiled_without_a_compiler() {
    let told = failing("error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory\n");
    let version = minor();
    let hint = format!(
        "ask for a release of it that has a wheel for Python {version}, or build with the image's target `build`"
    );
    assert_eq!(told, by_pip("a package is compiled here, and there is no compiler", &hint));
}

#[test]
fn a_package_is_compiled_without_a_header() {
    let told = failing("x.c:2:10: fatal error: lber.h: No such file or directory\n");
    let hint = "install the Debian package that has `lber.h`, or build with the image's target `build`";
    assert_eq!(told, by_pip("a package is compiled here and needs a header that is not installed", hint));
}

#[test]
fn a_package_is_too_old_for_this_python() {
    let told = failing("ModuleNotFoundError: No module named 'distutils'\n");
    let hint = format!("ask for a newer release of it, one that is for Python {}", minor());
    assert_eq!(told, by_pip("a package is too old for this Python", &hint));
}

/// `3.11` of the interpreter that the tests build with.
fn minor() -> String {
    let question = "import sys; print('%d.%d' % sys.version_info[:2])";
    let output = Command::new(bare_python().join("python3")).args(["-c", question]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn no_wheel_is_for_this_python() {
    let app = app("cart\n");
    wheel(&app, "cart");
    let wheels = app.root.join("wheels");
    fs::rename(wheels.join("cart-1.0-py3-none-any.whl"), wheels.join("cart-1.0-cp27-cp27m-any.whl")).unwrap();
    let told = told(&pip(&app).output().unwrap());
    let hint = "check the name and the version; a package of your own needs its index in `PIP_INDEX_URL`";
    assert_eq!(told, by_pip("the index has no such package or release", hint));
}

#[test]
fn the_project_is_for_another_python_and_nothing_is_fetched() {
    let app = App::new(&[("pyproject.toml", "[project]\nname = 's'\nversion = '1'\nrequires-python = '<3'\n")]);
    let output = building(&app).output().unwrap();
    let text = stderr(&output);
    let start =
        "pystart: error: the project is for Python <3 (`requires-python` in pyproject.toml), and this is Python 3.";
    let hint = "\npystart: hint: take the image of a Python that it is for, or correct what it says\n";
    assert!(output.status.code() == Some(1) && text.starts_with(start) && text.ends_with(hint), "{text}");
    assert!(!app.root.join(".antenv.building").exists());
}

fn without_proxy(command: &mut Command) {
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
}

#[test]
fn no_network_names_what_was_used_and_no_secret() {
    // A port that nobody listens on.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let app = app("nothing-of-this-name\n");
    let index = format!("http://me:hunter2hunter2@127.0.0.1:{port}/simple");
    for has_uv in [true, false] {
        let mut command = online(&app, has_uv, &["build"]);
        command
            .env("PIP_INDEX_URL", &index)
            .env("PIP_RETRIES", "1")
            .env("PIP_FIND_LINKS", "")
            .env("UV_HTTP_RETRIES", "0");
        without_proxy(&mut command);
        let output = command.output().unwrap();
        let told = told(&output);
        let lines =
            "failed: the package index cannot be reached\npystart: hint: check what was used: `PIP_INDEX_URL`\n";
        assert!(told.ends_with(lines), "{told}");
        assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
    }
}

#[test]
fn the_index_refuses_access() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let index = format!("http://127.0.0.1:{}/simple", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    let app = app("nothing-of-this-name\n");
    let mut command = online(&app, true, &["build"]);
    command.env("PIP_INDEX_URL", &index).env("NO_PROXY", "127.0.0.1").env_remove("PIP_FIND_LINKS");
    without_proxy(&mut command);
    let told = told(&command.output().unwrap());
    let lines = "failed: the package index refuses access\npystart: hint: check what was used: `PIP_INDEX_URL`\n";
    assert!(told.ends_with(lines), "{told}");
}

#[test]
fn a_package_is_not_the_one_that_was_locked() {
    let app = app(&format!("shop==1.0 --hash=sha256:{}\n", "0".repeat(64)));
    let told = told(&pip(&app).output().unwrap());
    let lines = "-r requirements.txt` failed: a package is not the one that the hashes are of\n\
                 pystart: hint: lock again; if nothing has changed, find out who serves another file\n";
    assert!(told.ends_with(lines), "{told}");
}

#[test]
fn two_packages_want_different_releases_and_pip_has_a_try_after_uv() {
    let app = app("shop==1.0\nshop==2.0\n");
    let output = building(&app).env("PIP_NO_INDEX", "1").output().unwrap();
    let warned = "pystart: warning: uv has failed (two packages want different releases of a third): pip has a try\n";
    assert!(stderr(&output).contains(warned), "{}", stderr(&output));
    let text = told(&output);
    assert!(text.starts_with("pystart: error: `python -m pip install "), "{text}");
}

#[test]
fn a_requirements_file_is_missing() {
    let app = app("-r more.txt\n");
    let told = told(&pip(&app).output().unwrap());
    let cause = "a requirements file that another one names is not there";
    assert_eq!(told, by_pip(cause, "deploy it, or correct the line with `-r` or `-c`"));
}

#[test]
fn a_line_is_no_requirement() {
    let app = app("shop = 1\n");
    let told = told(&pip(&app).output().unwrap());
    let hint = "write one package a line: `name`, `name==1.2`, `name[extra]>=1`";
    assert_eq!(told, by_pip("a line is no requirement", hint));
}

/// The build with the app root on a small file system of its own, which this line of shell prepares; `$1` is the root.
fn on_a_file_system(app: &App, inner: &Command, prepare: &str) -> Output {
    let script = format!("{prepare} && shift && exec \"$@\"");
    let mut command = Command::new("/usr/bin/unshare");
    command.args(["--mount", "--", "/bin/sh", "-c", &script, "sh"]).arg(&app.root).arg(inner.get_program());
    command.args(inner.get_args()).env_clear();
    let variables: Vec<_> = inner.get_envs().filter_map(|(name, value)| Some((name, value?))).collect();
    let path = variables.iter().find(|(name, _)| *name == "PATH").map_or("".as_ref(), |(_, path)| *path);
    command.envs(variables.iter().copied()).env("PATH", format!("{}:/usr/bin:/bin", path.display()));
    command.output().unwrap()
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root() && Path::new("/usr/bin/unshare").exists()
}

#[test]
fn an_environment_is_not_put_where_no_program_can_be_run_from() {
    if !is_root() {
        return;
    }
    let elsewhere = crate::scene::app("");
    wheel(&elsewhere, "shop");
    let build = |prepare: &str| {
        let app = app("shop\n");
        let mut inner = pip(&app);
        inner.env("PIP_FIND_LINKS", elsewhere.root.join("wheels"));
        for name in ["PYSTART_CACHE_DIR", "XDG_CACHE_HOME"] {
            inner.env_remove(name);
        }
        let root = "mount -t tmpfs -o noexec tmpfs \"$1\" && echo shop > \"$1/requirements.txt\"";
        on_a_file_system(&app, &inner, &format!("{root} && {prepare}"))
    };
    let output = build("mount -t tmpfs -o noexec none /tmp && mount -t tmpfs none /var/tmp");
    assert!(output.status.success() && stderr(&output).contains("/var/tmp/pystart-0/"), "{}", stderr(&output));
    let output = build("for folder in /tmp /var/tmp; do mount -t tmpfs -o noexec none $folder; done");
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for part in
        ["`/tmp` is mounted `noexec`", "`/var/tmp` is mounted `noexec`", "--tmpfs /tmp:exec", "PYSTART_CACHE_DIR"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
}

/// A package whose build runs a program that the build brings (`tool`, as ninja or maturin are), or loads what it brings
/// compiled.
fn package_built_with(app: &App, code: &str) {
    let project = "[build-system]\nrequires = ['tool']\nbuild-backend = 'backend'\nbackend-path = ['.']\n[project]\n\
                   name = 'broken'\nversion = '1'\n";
    app.write("broken/pyproject.toml", project);
    let backend = format!(
        "def get_requires_for_build_wheel(settings=None): return []\n\
         def build_wheel(folder, settings=None, metadata=None):\n    {code}\n    raise SystemExit('it was run')\n\
         prepare_metadata_for_build_wheel = build_wheel\n"
    );
    app.write("broken/backend.py", &backend);
}

#[test]
fn what_a_package_is_built_with_may_not_be_run() {
    if !is_root() {
        return;
    }
    let denied = "this user may not write where the build writes, or not run what is there";
    let unloaded = "programs and libraries cannot be loaded from where they were put";
    // A library of Python's own stands for one that a package brings: what is mapped is what counts.
    let load = "import _ctypes, ctypes, shutil, tool, os; \
                ctypes.CDLL(shutil.copy(_ctypes.__file__, os.path.dirname(tool.__file__)))";
    for (code, cause) in [("import subprocess; subprocess.check_call(['tool'])", denied), (load, unloaded)] {
        for (make, variable, mount) in [
            (pip as fn(&App) -> Command, "TMPDIR", "noexec"),
            (building, "UV_CACHE_DIR", "noexec"),
            (pip, "TMPDIR", "exec"),
            (building, "UV_CACHE_DIR", "exec"),
        ] {
            let app = app("./broken\n");
            wheel(&app, "tool");
            package_built_with(&app, code);
            let folder = app.root.with_extension("mounted");
            fs::create_dir_all(&folder).unwrap();
            let mut inner = make(&app);
            inner.env(variable, &folder);
            let output =
                on_a_file_system(&app, &inner, &format!("mount -t tmpfs -o {mount} tmpfs {}", folder.display()));
            fs::remove_dir(&folder).unwrap();
            let text = told(&output);
            if mount == "exec" {
                assert!(stderr(&output).contains("it was run"), "{}", stderr(&output));
                continue;
            }
            let hint = format!(
                "failed: {cause}\npystart: hint: what packages are built with runs in `{0}`, which is mounted `noexec`: \
                 mount it without (Docker: `--tmpfs {0}:exec`), or name another folder in `{variable}`\n",
                folder.display()
            );
            assert!(text.ends_with(&hint), "{}", stderr(&output));
        }
    }
}

#[test]
fn the_disk_is_full() {
    if !is_root() {
        return;
    }
    let app = app("shop\n");
    let prepare = "mount -t tmpfs -o size=64k tmpfs \"$1\" && echo shop > \"$1/requirements.txt\"";
    // The mount hides what is in the app root.
    let elsewhere = crate::scene::app("");
    let mut inner = pip(&app);
    inner.env("PIP_FIND_LINKS", elsewhere.root.join("wheels"));
    let told = told(&on_a_file_system(&app, &inner, prepare));
    let lines = "failed: the disk is full\npystart: hint: make room, or put caches and temporary files elsewhere with \
                 `PYSTART_CACHE_DIR` and `TMPDIR`\n";
    assert!(told.ends_with(lines), "{told}");
}

#[test]
fn there_is_no_place_to_write() {
    if !is_root() {
        return;
    }
    let app = app("shop\n");
    let prepare = "mount -t tmpfs tmpfs \"$1\" && echo shop > \"$1/requirements.txt\" && mkdir \"$1/cache\" && \
                   mount -o remount,ro \"$1\"";
    let mut inner = pip(&app);
    inner.env("PYSTART_CACHE_DIR", app.root.join("cache"));
    let told = told(&on_a_file_system(&app, &inner, prepare));
    let expected = format!(
        "pystart: error: no folder for the environment: `{}/cache` is on a read-only file system\npystart: hint: make \
         the app root writable, or name a folder for caches in `PYSTART_CACHE_DIR`\n",
        app.root.display()
    );
    assert_eq!(told, expected);
}
