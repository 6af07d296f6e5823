//! Every form of the custom command, and every way in which one can be wrong.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use crate::python::App;
use crate::site::{Site, ended, explain, pystart, text};
use crate::{AIOHTTP, FLASK, wsgi};

fn hello() -> App {
    let app = App::new(&[("website/hello.py", &wsgi("myapp", "'hello from hello'"))]);
    app.write("app.py", FLASK);
    app
}

#[test]
fn the_documented_aiohttp_command_runs_as_words_and_as_one_string() {
    let app = App::new(&[("package/module.py", AIOHTTP), ("package/__init__.py", "")]);
    let line = "python3 -m aiohttp.web -H localhost -P $PORT package.module:init_func";
    let mut site = Site::start(pystart(&app.root).arg(line));
    assert_eq!(site.get("/"), "hello from aiohttp");
    let port = crate::site::free_port();
    let words = line.replace("$PORT", &port.to_string());
    let mut site = Site::start_on(pystart(&app.root).args(words.split(' ')), port);
    assert_eq!(site.get("/"), "hello from aiohttp");
    assert_eq!(site.stop().code(), Some(0), "aiohttp stops by itself on SIGTERM");
}

#[test]
fn a_gunicorn_command_line_runs_as_it_is() {
    let app = hello();
    let line = "gunicorn --bind=0.0.0.0:PORT --timeout 600 --chdir website hello:myapp --workers=2";
    for as_words in [true, false] {
        let port = crate::site::free_port();
        let line = line.replace("PORT", &port.to_string());
        let mut command = pystart(&app.root);
        let command = if as_words { command.args(line.split(' ')) } else { command.arg(&line) };
        let mut site = Site::start_on(command, port);
        assert_eq!(site.get("/"), "hello from hello");
        assert!(site.log().contains(&format!("exec {line}")), "{}", site.log());
    }
}

#[test]
fn arguments_alone_are_gunicorns_with_the_usual_ones_in_front() {
    let app = hello();
    for words in
        [&["--chdir", "website", "hello:myapp", "--workers", "1"][..], &["--chdir website hello:myapp --workers 1"]]
    {
        let mut site = Site::start(pystart(&app.root).args(words));
        assert_eq!(site.get("/"), "hello from hello");
        let log = site.log();
        assert!(log.contains("exec gunicorn --bind=0.0.0.0:"), "{log}");
        assert!(log.contains("--timeout 600 --chdir website hello:myapp --workers 1"), "{log}");
    }
    let mut site = Site::start(pystart(&app.root).args(["run", "--", "app:app"]));
    assert_eq!(site.get("/"), "hello from flask");
}

#[test]
fn shell_syntax_goes_to_a_shell() {
    let app = hello();
    for words in [
        &["export A=1 && cd website && gunicorn --workers $((2 * $NUM_CORES - $NUM_CORES)) hello:myapp"][..],
        &["cd", "website", "&&", "gunicorn", "hello:myapp"],
        &["X=1 exec gunicorn --chdir website -w ${WORKERS:-1} hello:myapp"],
    ] {
        let mut site = Site::start(pystart(&app.root).args(words));
        assert_eq!(site.get("/"), "hello from hello", "{words:?}");
    }
}

#[test]
fn a_dollar_among_words_is_for_a_shell_only_where_the_platform_cuts_them() {
    let app = App::new(&[]);
    let words = ["printf", "%s", "$X"];
    assert_eq!(ended(pystart(&app.root).args(words).env("X", "expanded")).out, "$X");
    let cut = ended(pystart(&app.root).args(words).env("X", "expanded").env("WEBSITE_SITE_NAME", "shop"));
    assert_eq!(cut.out, "expanded");
}

#[test]
fn leading_assignments_reach_the_program() {
    let app = App::new(&[]);
    let print = "import os; print(os.environ['A'], os.environ['B'])";
    for command in [
        ended(pystart(&app.root).args(["A=1 2", "B=$x", "python3", "-c", print])),
        ended(pystart(&app.root).arg(format!("A='1 2' B='$x' python3 -c \"{print}\""))),
        ended(pystart(&app.root).env("PYSTART_COMMAND", format!("A=1\\ 2 B=\\$x python3 -c \"{print}\""))),
    ] {
        assert_eq!((command.status, command.out.as_str()), (0, "1 2 $x\n"), "{}", command.err);
    }
}

#[test]
fn words_reach_the_program_byte_for_byte() {
    let app = App::new(&[]);
    let words = [
        &b"a b"[..],
        b"",
        b"\xff\xfe",
        b"$HOME",
        b"`id`",
        b"'",
        b"\"",
        b"*",
        b"\\",
        b"a\nb",
        b"-x",
        b"--",
        b"#c",
        b"~",
    ];
    let print = "import os,sys; sys.stdout.buffer.write(b'|'.join(map(os.fsencode, sys.argv[1:])))";
    let mut command = pystart(&app.root);
    let output = command.args(["python3", "-c", print]).args(words.map(OsStr::from_bytes)).output().unwrap();
    assert_eq!(output.stdout, words.join(&b'|'));
}

#[test]
fn a_script_needs_no_execute_bit_and_is_not_changed() {
    let app = hello();
    app.write("startup.sh", "#!/bin/sh\nset -e\ncd website\nexec gunicorn hello:myapp\n");
    app.write("plain.sh", "cd website\nexec gunicorn hello:myapp\n");
    let absolute = app.root.join("startup.sh");
    for word in ["startup.sh", "./startup.sh", "plain.sh", text(&absolute)] {
        let mut site = Site::start(pystart(&app.root).arg(word));
        assert_eq!(site.get("/"), "hello from hello", "{word}");
    }
    let mode = fs::metadata(&absolute).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_repaired_in_memory_with_one_warning() {
    let app = hello();
    let script = "\u{feff}#!/bin/sh\r\n# start\r\ncd website\r\n\r\nexec gunicorn hello:myapp\r\n";
    app.write("startup.sh", script);
    app.write("startup.txt", "\u{feff}# comment\r\n\r\ngunicorn --chdir website hello:myapp\r\n");
    for word in ["startup.sh", "startup.txt"] {
        let mut site = Site::start(pystart(&app.root).arg(word));
        assert_eq!(site.get("/"), "hello from hello", "{word}");
        assert_eq!(site.log().matches("Windows line ends").count(), 1, "{}", site.log());
    }
    assert_eq!(fs::read_to_string(app.root.join("startup.sh")).unwrap(), script);
}

#[test]
fn a_repaired_script_still_knows_its_name_its_arguments_and_its_options() {
    let app = App::new(&[("s.sh", "#!/bin/sh -e\r\necho \"$0|$1|$2\"\r\nfalse\r\necho not reached\r\n")]);
    let got = ended(pystart(&app.root).args(["s.sh", "a b", "$c"]));
    assert_eq!((got.status, got.out), (1, format!("{}|a b|$c\n", text(&app.root.join("s.sh")))));
}

#[test]
fn a_text_file_holds_the_command() {
    let app = hello();
    app.write("startup.txt", "#!/not/read/here is fine\n");
    app.write("one.txt", "# the command\n\n--chdir website hello:myapp\n");
    app.write("several.txt", "# two commands\ncd website\n\ngunicorn \\\n  hello:myapp\n");
    app.write("inner.txt", "one.txt\n");
    for word in ["one.txt", "several.txt", "inner.txt"] {
        let mut site = Site::start(pystart(&app.root).env("PYSTART_COMMAND", word));
        assert_eq!(site.get("/"), "hello from hello", "{word}");
    }
}

#[test]
fn a_python_file_is_run_by_python() {
    let server = "import os\nfrom wsgiref.simple_server import make_server\nfrom website.hello import myapp\n\
                  make_server(os.environ['HOST'], int(os.environ['PORT']), myapp).serve_forever()\n";
    let app = hello();
    app.write("my server.py", server);
    let mut site = Site::start(pystart(&app.root).arg("my server.py"));
    assert_eq!(site.get("/"), "hello from hello");
    assert_eq!(site.stop().code(), Some(143));
}

/// What is wrong, how it is given, and the status under `--strict`.
fn wrong_commands(app: &App) -> Vec<(&'static str, Vec<String>, i32)> {
    let root = &app.root;
    app.write("empty.sh", "");
    app.write("comments.txt", "# nothing\n\n");
    app.write("not-executable", "\x7fELF\0");
    app.write("dead.sh", "#!/no/such/interpreter\necho hi\n");
    app.write("wrong-machine", "\x7fELF\0\0\0\0");
    fs::set_permissions(root.join("wrong-machine"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(root.join("folder")).unwrap();
    let one = |word: &str| vec![word.to_owned()];
    vec![
        ("a file that is missing", one("startup.sh"), 127),
        ("an absolute path that is missing", one("/no/such/file.sh"), 127),
        ("an empty file", one("empty.sh"), 2),
        ("a file of comments", one("comments.txt"), 2),
        ("a quote that is not closed", one("gunicorn 'app:app"), 2),
        ("a program that is not there", vec!["no-such-program".into(), "-x".into()], 127),
        ("a program that may not be executed", one("./not-executable"), 126),
        ("a program for another machine", one("./wrong-machine"), 126),
        ("a folder", vec!["./folder".into(), "x".into()], 126),
        ("a script without its interpreter", one("dead.sh"), 127),
        ("blanks", one("  "), 2),
        ("variables and no program", one("A=1 B=2"), 2),
    ]
}

#[test]
fn an_error_in_processing_is_a_warning_and_detection_goes_on() {
    let app = hello();
    for (what, words, _) in wrong_commands(&app) {
        let mut site = Site::start(pystart(&app.root).arg("run").arg("--").args(&words));
        assert_eq!(site.get("/"), "hello from flask", "{what}");
        let log = site.log();
        assert_eq!(log.matches("pystart: warning: the custom command is not used: ").count(), 1, "{what}: {log}");
        assert!(log.contains("pystart: hint: "), "{what}: {log}");
    }
}

#[test]
fn strict_makes_it_fatal_with_the_status_of_a_shell() {
    let app = hello();
    for (what, words, status) in wrong_commands(&app) {
        let flag = ended(pystart(&app.root).args(["run", "--strict", "--"]).args(&words));
        assert_eq!((flag.status, flag.err.matches("pystart: error: ").count()), (status, 1), "{what}: {}", flag.err);
        let variable = ended(pystart(&app.root).env("PYSTART_STRICT", "1").args(&words));
        assert_eq!(variable.status, status, "{what}");
    }
}

#[test]
fn once_started_the_command_is_final() {
    let app = hello();
    for status in [0, 1, 3, 77, 255] {
        let got = ended(pystart(&app.root).arg(format!("exit {status}")));
        assert_eq!(got.status, status);
        assert!(!got.err.contains("warning"), "{}", got.err);
    }
    assert_eq!(ended(pystart(&app.root).args(["sh", "-c", "kill -9 $$"])).status, 137);
}

#[test]
fn a_subcommands_name_is_a_program_behind_run() {
    let app = App::new(&[("explain", "echo the program $1\n")]);
    let got = ended(pystart(&app.root).args(["run", "--", "./explain", "here"]));
    assert_eq!((got.status, got.out.as_str()), (0, "the program here\n"), "{}", got.err);
}

#[test]
fn explain_tells_how_a_command_is_understood() {
    let app = hello();
    let report = explain(&app.root, &[OsStr::new("--chdir"), OsStr::new("website"), OsStr::new("hello:myapp")]);
    assert_eq!((&report["step"], &report["target"]), (&"custom".into(), &"hello:myapp".into()));
    assert_eq!(report["cwd"], text(&app.root.join("website")));
    assert_eq!(report["mode"], "exec");
    let report = explain(&app.root, &[OsStr::new("a && b")]);
    assert_eq!((&report["mode"], &report["argv"][0]), (&"init".into(), &"/bin/sh".into()));
    let report = explain(&app.root, &[OsStr::new("no-such-program"), OsStr::new("x")]);
    assert_eq!((&report["step"], &report["evidence"][0]["verdict"]), (&"flask".into(), &"rejected".into()));
}
