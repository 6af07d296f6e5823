//! What a build does to the environment and to the one before it; with packages of this repository's own making.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::ports;
use crate::python::{self, App, Running};
use crate::scene::{
    answered, app, build, building, come_to, installed, packages, search_path, started, stderr, wheel, with_pip,
};

/// The previous environment still works, and nothing of the failed build is left.
fn assert_untouched(app: &App, inode: u64) {
    assert_eq!(fs::metadata(app.root.join("antenv")).unwrap().ino(), inode);
    let output = Command::new(app.root.join("antenv/bin/shop")).env_clear().output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_first_build_makes_all_a_second_does_nothing_and_a_change_is_noticed() {
    let app = app("shop\n");
    let first = build(&app);
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(installed(&app, "shop") && installed(&app, "gunicorn"));
    assert!(packages(&app).join("shop/__pycache__").is_dir(), "byte code is compiled");
    assert!(packages(&app).join("gunicorn/__pycache__").is_dir(), "of everything");
    assert!(!app.root.join(".antenv.building").exists());
    assert!(stderr(&first).contains("pystart: uv pip install "), "{}", stderr(&first));

    let inode = fs::metadata(app.root.join("antenv")).unwrap().ino();
    let second = build(&app);
    assert!(second.status.success());
    let environment = app.root.join("antenv");
    assert_eq!(stderr(&second), format!("pystart: `{}` is up to date\n", environment.display()));
    assert_eq!(fs::metadata(&environment).unwrap().ino(), inode);

    wheel(&app, "cart");
    app.write("more.txt", "cart\n");
    app.write("requirements.txt", "shop\n-r more.txt\n");
    assert!(build(&app).status.success());
    assert!(installed(&app, "cart"));
    app.write("more.txt", "# none\n");
    assert!(build(&app).status.success());
    assert!(!installed(&app, "cart"), "an environment is built from nothing, so that nothing old stays in it");
}

#[test]
fn pip_does_it_where_there_is_no_uv_and_scripts_run_from_the_environments_place() {
    let app = app("shop\n");
    let output = with_pip(&app, Command::new(env!("CARGO_BIN_EXE_pystart"))).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("python -m pip install --no-compile -r requirements.txt gunicorn\n"));
    assert!(packages(&app).join("shop/__pycache__").is_dir(), "byte code is compiled");
    let output = Command::new(app.root.join("antenv/bin/shop")).env_clear().output().unwrap();
    let expected = format!("run by {}\n", app.root.join("antenv/bin/python").display());
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", stderr(&output));
    for script in fs::read_dir(app.root.join("antenv/bin")).unwrap().flatten() {
        let text = fs::read(script.path()).unwrap();
        let is_mentioned = text.windows(16).any(|window| window == b".antenv.building");
        assert!(!is_mentioned, "{}", script.path().display());
    }
}

#[test]
fn a_build_that_fails_keeps_the_previous_environment_and_names_the_command() {
    let app = app("shop\n");
    assert!(build(&app).status.success());
    let inode = fs::metadata(app.root.join("antenv")).unwrap().ino();
    app.write("requirements.txt", "shop\nno-such-package\n");
    let failed = build(&app);
    assert_eq!(failed.status.code(), Some(1));
    let text = stderr(&failed);
    assert!(text.contains("no-such-package"), "pip's own words: {text}");
    let told = "-r requirements.txt gunicorn` failed: the package index cannot be reached\npystart: hint: check what was used: \
                `PIP_NO_INDEX`, `UV_OFFLINE`\n";
    assert!(text.contains("pystart: error: `uv pip install ") && text.ends_with(told), "{text}");
    assert_untouched(&app, inode);
    assert!(!app.root.join(".antenv.building").exists());
}

#[test]
fn a_build_that_is_killed_keeps_the_previous_environment_and_the_next_one_goes_on() {
    let app = app("shop\n");
    assert!(build(&app).status.success());
    let inode = fs::metadata(app.root.join("antenv")).unwrap().ino();
    app.write("requirements.txt", "shop # again\n");
    let mut child = started(&app, "compiling byte code");
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    assert_untouched(&app, inode);
    let next = build(&app);
    assert!(next.status.success(), "{}", stderr(&next));
    assert!(installed(&app, "shop"));
}

#[test]
fn a_stop_ends_the_build_and_keeps_the_previous_environment() {
    let app = app("shop\n");
    assert!(build(&app).status.success());
    let inode = fs::metadata(app.root.join("antenv")).unwrap().ino();
    app.write("requirements.txt", "shop # again\n");
    let mut child = started(&app, "-m venv");
    pystart::process::signals::send(child.pid().as_raw(), 15);
    assert_eq!(child.0.wait().unwrap().code(), Some(128 + 15));
    assert_untouched(&app, inode);
    assert!(!app.root.join(".antenv.building").exists());
}

#[test]
fn a_tool_is_stopped_with_its_build_and_one_that_outlives_it_keeps_others_out() {
    let app = app("shop\n");
    let tools = App::new(&[("uv", "#!/bin/sh\necho 'pystart: the tool runs'\nexec /bin/sleep 600\n")]);
    fs::set_permissions(tools.root.join("uv"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", tools.root.display(), search_path());
    let stuck = || come_to(building(&app).env("PATH", &path), "the tool runs");
    let mut stopped = stuck();
    pystart::process::signals::send(stopped.pid().as_raw(), 15);
    let deadline = Instant::now() + Duration::from_secs(30);
    while stopped.0.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the tool was not told");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(stopped.0.wait().unwrap().code(), Some(128 + 15));
    let mut killed = stuck();
    killed.0.kill().unwrap();
    killed.0.wait().unwrap();
    let mut next = started(&app, "another build of");
    // Its tool goes with it.
    drop(killed);
    assert!(next.0.wait().unwrap().success());
}

#[test]
fn two_builds_at_once_do_the_work_once() {
    let app = app("shop\n");
    let mut first = started(&app, "-m venv");
    let second = build(&app);
    assert!(first.0.wait().unwrap().success());
    assert!(second.status.success());
    let text = stderr(&second);
    assert!(text.contains("another build of") && text.contains("is up to date"), "{text}");
}

#[test]
fn without_requirements_a_project_gives_its_dependencies() {
    let app =
        App::new(&[("pyproject.toml", "[project]\nname = 'site'\nversion = '1'\ndependencies = [\n  'shop>=1',\n]\n")]);
    wheel(&app, "gunicorn");
    wheel(&app, "shop");
    let output = build(&app);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(installed(&app, "shop") && installed(&app, "gunicorn"));
}

#[test]
fn an_environment_that_lost_its_interpreter_is_built_anew() {
    let app = app("shop\n");
    assert!(build(&app).status.success());
    let link = app.root.join("antenv/bin/python");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/nowhere/python3", &link).unwrap();
    assert!(build(&app).status.success());
    assert!(link.is_file());
}

#[test]
fn a_read_only_root_gets_its_environment_in_the_cache() {
    let app = app("shop\n");
    let cache = App::new(&[]);
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let call_with = |word: &str, root_mode| {
        let mut command = unprivileged(&building(&app), word);
        mode(&app.root, root_mode);
        let output = command.env("XDG_CACHE_HOME", &cache.root).env("PYSTART_BUILD", "1").output().unwrap();
        mode(&app.root, 0o755);
        output
    };
    let call = |word| call_with(word, 0o555);
    let output = call("build");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!app.root.join("antenv").exists());
    assert!(find(&cache.root, "pystart-build"));
    let folder = cache.root.join("pystart");
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);

    let finds = |root_mode| {
        let output = call_with("explain", root_mode);
        String::from_utf8_lossy(&output.stdout).contains(&format!("environment {}", folder.display()))
    };
    assert!(finds(0o555), "what was built is found again");
    assert!(!finds(0o755), "a build would make another one in the root");
    if nix::unistd::geteuid().is_root() {
        std::os::unix::fs::chown(&folder, Some(65534), None).unwrap();
        mode(&folder, 0o755);
        assert!(!finds(0o555), "somebody else may have put it there");
        std::os::unix::fs::chown(&folder, Some(0), None).unwrap();
    }
    mode(&folder, 0o777);
    assert!(!finds(0o555), "anybody could have put it there");
    let refused = call("build");
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("can be written by other users"), "{}", stderr(&refused));
}

/// The same call with another subcommand. Root writes everywhere unless it lacks this capability, as it does in a
/// hardened container.
fn unprivileged(whole: &Command, word: &str) -> Command {
    let mut command = if nix::unistd::geteuid().is_root() {
        let mut command = Command::new("/usr/bin/setpriv");
        command.args(["--bounding-set", "-dac_override"]).arg(whole.get_program());
        command
    } else {
        Command::new(whole.get_program())
    };
    command.arg(word).env_clear().envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[test]
fn an_image_with_gunicorn_needs_no_environment_for_an_app_that_lists_nothing() {
    let app = App::new(&[("app.py", "")]);
    wheel(&app, "gunicorn");
    let mut command = building(&app);
    command.env("PATH", python::environment().join("bin"));
    let output = command.env_remove("PYTHONHOME").output().unwrap();
    assert!(output.status.success() && stderr(&output).contains("nothing to build"), "{}", stderr(&output));
    assert!(!app.root.join("antenv").exists());
    assert!(build(&app).status.success());
    assert!(installed(&app, "gunicorn"), "a bare image needs one");
}

fn find(folder: &Path, name: &str) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        entry.file_name() == name || (is_folder && find(&entry.path(), name))
    })
}

#[test]
fn run_builds_first_and_serves_a_folder_of_sources() {
    let code = "import shop\ndef app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'']\n";
    let app = App::new(&[("app.py", code), ("requirements.txt", "shop\n")]);
    wheel(&app, "shop");
    let port = ports::free_port();
    let mut site = Running::start(&mut building_run(&app, port));
    assert_eq!(answered(port, &mut site), 200);
    let again = building_run(&app, port).output().unwrap();
    let text = stderr(&again);
    assert!(again.status.code() == Some(1) && text.contains("is taken by process"), "{text}");
    assert!(!text.contains("building") && !text.contains("is up to date"), "nothing is built for a taken port: {text}");
}

/// `run --build`, with the real gunicorn.
fn building_run(app: &App, port: u16) -> Command {
    let command = building(app);
    let root = app.root.to_str().unwrap().to_owned();
    let own = app.root.join("wheels");
    let wheels = format!("{},{}", own.display(), python::environment().join("wheels").display());
    let mut run = Command::new(command.get_program());
    run.args(["run", "--build", "--app-root", &root, "--port", &port.to_string()]).env_clear();
    run.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    run.env("UV_FIND_LINKS", wheels).env("PYTHONHOME", "");
    run
}
