//! Which Python, which packages, which variables.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::python::{self, App};
use crate::site::{Site, ended, explain, free_port, get, moved_environment, pystart};
use crate::wsgi;

/// The interpreter that the environment of the tests was made with: an image without packages.
fn bare_python() -> String {
    format!("{}:/usr/bin:/bin", python::bare_python().display())
}

fn asking(expression: &str) -> App {
    App::new(&[("app.py", &wsgi("app", expression))])
}

#[test]
fn a_moved_environment_serves_with_the_interpreter_of_the_image() {
    for name in ["antenv", ".venv", "venv", "env", "surroundings"] {
        let app = asking("__import__('flask').__file__ + '|' + os.environ['VIRTUAL_ENV'] + '|' + os.environ['PATH']");
        let moved = moved_environment(&app.root, name);
        let mut site = Site::start(pystart(&app.root).env("PATH", bare_python()).env("PYTHONHOME", "/nowhere"));
        let body = site.get("/");
        let fields: Vec<_> = body.split(['|', ':']).map(PathBuf::from).collect();
        assert!(fields[0].starts_with(&moved), "{body}");
        assert_eq!(fields[1..3], [moved.clone(), moved.join("bin")], "{body}");
        assert_eq!(explain(&app.root, &[])["gunicorn"]["from"], "environment");
    }
}

#[test]
fn the_users_pythonpath_is_kept() {
    let app = asking("[__import__('mine').X, __import__('flask').__file__]");
    moved_environment(&app.root, "antenv");
    app.write("extra/mine.py", "X = 'mine'\n");
    let mut site = Site::start(pystart(&app.root).env("PATH", bare_python()).env("PYTHONPATH", app.root.join("extra")));
    assert!(site.get("/").starts_with("['mine', "));
}

#[test]
fn an_environment_for_another_python_is_named() {
    let app = asking("1");
    app.write("antenv/pyvenv.cfg", "version = 3.1.0\n");
    app.write("antenv/lib/python3.1/site-packages/x.py", "");
    let mut site = Site::start(&mut pystart(&app.root));
    let line = site.wait_for_line("`antenv` is for Python 3.1, this image has 3.");
    assert!(line.starts_with("pystart: warning: "), "{line}");
}

#[test]
fn a_console_script_with_a_dead_interpreter_is_run_by_the_python_there_is() {
    let app = App::new(&[]);
    let moved = moved_environment(&app.root, "antenv");
    fs::write(
        moved.join("bin/tool"),
        "#!/tmp/8dc3/antenv/bin/python3\nimport flask, sys\nprint(flask.__file__, sys.argv[1:])\n",
    )
    .unwrap();
    fs::set_permissions(moved.join("bin/tool"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let got = ended(pystart(&app.root).env("PATH", bare_python()).args(["tool", "a b"]));
    assert_eq!(got.status, 0, "{}", got.err);
    assert!(got.out.starts_with(moved.to_str().unwrap()) && got.out.ends_with(" ['a b']\n"), "{}", got.out);
}

#[test]
fn variables_reach_the_app_byte_for_byte() {
    let app = asking("sorted((k.hex(), v.hex()) for k, v in os.environb.items())");
    let odd: [(&[u8], &[u8]); 9] = [
        (b"QUOTES", b"'\"`$(touch x)\\"),
        (b"LINES", b"a\nb\n"),
        (b"BYTES", b"\xff\xfe\x80"),
        (b"\xffNAME", b"1"),
        (b"dash-name", b"2"),
        (b"dotted.name", b"3"),
        (b"EQUALS", b"a=b=c"),
        (b"BLANK", b"  "),
        (b"EMPTY", b""),
    ];
    let mut command = pystart(&app.root);
    command.envs(odd.map(|(name, value)| (OsStr::from_bytes(name), OsStr::from_bytes(value))));
    let body = Site::start(&mut command).get("/");
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    for (name, value) in odd {
        assert!(body.contains(&format!("('{}', '{}')", hex(name), hex(value))), "{name:?}: {body}");
    }
    assert!(body.contains(&format!("('{}', '31')", hex(b"PYTHONUNBUFFERED"))));
}

#[test]
fn a_custom_command_gets_port_and_host_and_nothing_else() {
    let app = App::new(&[]);
    let print = "import os; print(*sorted(n for n in os.environ if n != 'LC_CTYPE'))";
    // By its path: the shell behind the name would set a variable of its own.
    let plain = ended(pystart(&app.root).arg(python::python()).args(["-c", print]));
    let of_servers = [
        "CHAINLIT_HOST",
        "CHAINLIT_PORT",
        "FLASK_RUN_HOST",
        "FLASK_RUN_PORT",
        "GRADIO_SERVER_NAME",
        "GRADIO_SERVER_PORT",
        "GRANIAN_HOST",
        "GRANIAN_PORT",
        "STREAMLIT_SERVER_ADDRESS",
        "STREAMLIT_SERVER_HEADLESS",
        "STREAMLIT_SERVER_PORT",
        "UVICORN_HOST",
        "UVICORN_PORT",
    ];
    let usual = ["APP_PATH", "HOME", "HOST", "PATH", "PORT", "PYSTART_APP_ROOT", "PYTHONUNBUFFERED"];
    let mut expected: Vec<_> = of_servers.iter().chain(&usual).copied().collect();
    expected.sort_unstable();
    assert_eq!(plain.out, expected.join(" ") + "\n");
    let values = "import os; print(os.environ['PORT'], os.environ['HOST'], os.getcwd())";
    let default = ended(pystart(&app.root).args(["python3", "-c", values]));
    assert_eq!(default.out, format!("8000 0.0.0.0 {}\n", app.root.display()));
    let given = ended(pystart(&app.root).env("PORT", "81").env("HOST", "::").args(["python3", "-c", values]));
    assert_eq!(given.out, format!("81 :: {}\n", app.root.display()));
}

#[test]
fn the_port_is_the_variables_or_the_flags() {
    let app = asking("'here'");
    let (one, two) = (free_port(), free_port());
    let mut site = Site::start_on(pystart(&app.root).args(["run", "--port", &one.to_string()]).env("PORT", "1"), one);
    assert_eq!(site.get("/"), "here");
    let mut site = Site::start_on(pystart(&app.root).env("PORT", two.to_string()), two);
    assert_eq!(site.get("/"), "here");
}

#[test]
fn gunicorn_cmd_args_win_and_are_never_lost() {
    let app = asking("os.environ['GUNICORN_CMD_ARGS']");
    let port = free_port();
    let own = format!("--bind 127.0.0.1:{port} --workers 2 --name 'my site'");
    let mut site = Site::start_on(pystart(&app.root).env("GUNICORN_CMD_ARGS", &own).env("PORT", "1"), port);
    assert!(site.get("/").ends_with(&own), "the extras stand in front");
    assert!(site.log().contains("exec gunicorn --timeout 600 app:app"), "{}", site.log());
}

#[test]
fn the_apps_configuration_file_wins_over_our_defaults() {
    let app = asking("'configured'");
    let port = free_port();
    app.write("gunicorn.conf.py", &format!("bind = '127.0.0.1:{port}'\ntimeout = 5\nproc_name = 'x'\n"));
    let mut site = Site::start_on(pystart(&app.root).env("PORT", "1"), port);
    assert_eq!(site.get("/"), "configured");
    assert!(site.log().contains("exec gunicorn app:app"), "{}", site.log());
}

#[test]
fn container_extras_stand_aside_for_the_user() {
    let app = asking("1");
    let args = |vars: &[(&str, &str)]| {
        let mut command = pystart(&app.root);
        let line = "echo \"$GUNICORN_CMD_ARGS\"";
        app.write("gunicorn", &format!("#!/bin/sh\n{line}\n"));
        fs::set_permissions(app.root.join("gunicorn"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", app.root.display());
        ended(command.env("PATH", path).envs(vars.iter().copied()).args(["run", "--port", &free_port().to_string()]))
            .out
    };
    assert_eq!(args(&[]), "--worker-tmp-dir /dev/shm\n");
    assert_eq!(args(&[("GUNICORN_CMD_ARGS", "--workers 2")]), "--worker-tmp-dir /dev/shm --workers 2\n");
    assert_eq!(args(&[("GUNICORN_CMD_ARGS", "--worker-tmp-dir /tmp")]), "--worker-tmp-dir /tmp\n");
}

#[test]
fn empty_and_service_link_variables_do_not_reach_gunicorn() {
    let app = asking("sorted(n for n in os.environ if n in ('PORT', 'WEB_CONCURRENCY'))");
    for value in ["", "tcp://10.0.0.1:80"] {
        let port = free_port();
        let bind = format!("--bind 127.0.0.1:{port}");
        let mut command = pystart(&app.root);
        command.env("PORT", value).env("WEB_CONCURRENCY", "").env("GUNICORN_CMD_ARGS", &bind);
        let mut site = Site::start_on(&mut command, port);
        assert_eq!(site.get("/"), "[]", "{value}");
        assert_eq!(site.log().contains("service link"), !value.is_empty());
    }
}

#[test]
fn a_bad_value_is_an_error_that_names_the_variable_and_never_shows_the_value() {
    let app = asking("1");
    for name in [
        "PORT",
        "WEB_CONCURRENCY",
        "SSH_PORT",
        "PYSTART_INIT",
        "PYSTART_GRACE",
        "PYSTART_LOG",
        "PYSTART_LOG_FORMAT",
        "PYSTART_THREADS",
        "PYSTART_ACCESS_LOG",
        "PYSTART_DRAIN",
    ] {
        let got = ended(pystart(&app.root).env(name, "s3cret"));
        assert_eq!(got.status, 2, "{name}");
        assert!(got.err.contains(&format!("`{name}`")) && got.err.contains("hint: it must be"), "{}", got.err);
        assert!(!got.err.contains("s3cret"), "{}", got.err);
    }
}

#[test]
fn forwarded_headers_are_trusted_on_the_platform_alone() {
    let app = asking("os.environ.get('FORWARDED_ALLOW_IPS')");
    let with = |vars: &[(&str, &str)]| Site::start(pystart(&app.root).envs(vars.iter().copied())).get("/");
    assert_eq!(with(&[]), "None");
    assert_eq!(with(&[("WEBSITE_HOSTNAME", "shop.example.org")]), "*");
    assert_eq!(with(&[("WEBSITE_SITE_NAME", "shop"), ("FORWARDED_ALLOW_IPS", "10.0.0.1")]), "10.0.0.1");
}

#[test]
fn workers_can_follow_the_container() {
    let app = asking("int(os.environ['WEB_CONCURRENCY']) >= 1");
    let mut site = Site::start(pystart(&app.root).env("WEB_CONCURRENCY", "auto"));
    assert_eq!(site.get("/"), "True");
    site.wait_for_line(" with 8 threads");
}

#[test]
fn idle_connections_do_not_keep_a_site_with_threads_from_answering() {
    let app = asking("'ok'");
    let port = free_port();
    let mut site =
        Site::start_on(pystart(&app.root).env("WEB_CONCURRENCY", "auto").env("PORT", port.to_string()), port);
    // A browser opens them in advance; one alone holds up a worker without threads until it is closed.
    let idle: Vec<_> = (0..7).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    assert_eq!(site.get("/"), "ok");
    drop(idle);
}

#[test]
fn an_access_log_is_written_where_it_is_asked_for_and_on_the_platform() {
    let app = asking("os.environ['GUNICORN_CMD_ARGS']");
    let with = |vars: &[(&str, &str)]| Site::start(pystart(&app.root).envs(vars.iter().copied())).get("/");
    for (vars, is_on) in [
        (&[][..], false),
        (&[("PYSTART_ACCESS_LOG", "on")], true),
        (&[("WEBSITE_SITE_NAME", "shop")], true),
        (&[("WEBSITE_SITE_NAME", "shop"), ("PYSTART_ACCESS_LOG", "off")], false),
        (&[("PYSTART_ACCESS_LOG", "on"), ("GUNICORN_CMD_ARGS", "--access-logfile /dev/null")], false),
    ] {
        assert_eq!(with(vars).contains("--access-logfile -"), is_on, "{vars:?}");
    }
}

#[test]
fn values_of_variables_are_never_logged() {
    let app = asking("'ok'");
    let mut command = pystart(&app.root);
    for name in ["SECRET", "DATABASE_URL", "PYTHONPATH", "VIRTUAL_ENV"] {
        command.env(name, "/s3cret/value");
    }
    let mut site = Site::start(command.env("PYSTART_LOG", "trace"));
    site.get("/");
    assert!(!site.log().contains("s3cret"), "{}", site.log());
    let text = ended(pystart(&app.root).env("SECRET", "s3cret").args(["explain", "--", "SECRET=s3cret", "env"]));
    assert!(!text.out.contains("s3cret"), "{}", text.out);
}

#[test]
fn by_hand_a_taken_port_is_told_with_its_owner() {
    let app = asking("'first'");
    let mut site = Site::start(&mut pystart(&app.root));
    let second = ended(pystart(&app.root).env("PORT", site.port.to_string()));
    assert_eq!(second.status, 1);
    let owner = format!("port {} is taken by process {}", site.port, site.pid());
    assert!(second.err.contains(&owner) && second.err.contains("pystart explain"), "{}", second.err);
    let mistyped = ended(pystart(&app.root).env("PORT", site.port.to_string()).arg("explian"));
    assert_eq!(mistyped.status, 1);
    let meant = "pystart: hint: did you mean `pystart explain`?\npystart: error: port ";
    assert!(mistyped.err.contains(meant), "{}", mistyped.err);
    assert_eq!(get(site.port, "/").1, "first");
    site.get("/");
}
