//! Deployments started by the real binary: what runs is what was packed, whatever happened before.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use serde_json::Value;

use super::packing::{Entry, put, tar, tar_of, zstd};
use super::scene::{Scene, snapshot};
use crate::site::{Ended, Site, ended, moved_environment, path};

const FLASK: &str = "from flask import Flask\nimport os\napp = Flask(__name__)\n\n\n@app.route('/')\ndef index():\n    \
                     return os.environ['APP_PATH'] + ' ' + os.getcwd()\n";
const FASTAPI: &str =
    "from fastapi import FastAPI\napp = FastAPI()\n\n\n@app.get('/')\nasync def index():\n    return 'fastapi'\n";
const DJANGO_SETTINGS: &str = "SECRET_KEY = 'x'\nALLOWED_HOSTS = ['*']\nROOT_URLCONF = 'shop.urls'\n";
const DJANGO_URLS: &str = "from django.http import HttpResponse\nfrom django.urls import path\n\
                           urlpatterns = [path('', lambda request: HttpResponse('django'))]\n";
const DJANGO_WSGI: &str = "import os\nfrom django.core.wsgi import get_wsgi_application\n\
                           os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\napplication = get_wsgi_application()\n";

/// An app with its environment, as a build leaves it for packing.
fn app(scene: &Scene, files: &[(&str, &str)]) -> PathBuf {
    let folder = scene.folder.join("app");
    let _ = fs::remove_dir_all(&folder);
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    moved_environment(&folder, "antenv");
    folder
}

/// Packs it as the platform does: `form` is how tar is called.
fn deploy(scene: &Scene, files: &[(&str, &str)], form: &[&str], name: &str, operation: &str) {
    tar(&app(scene, files), form, &scene.root.join(name));
    scene.manifest(&[
        "PythonVersion=\"3.12.3\"",
        "virtualEnvName=\"antenv\"",
        "CompressDestinationDir=\"true\"",
        &format!("OperationId=\"{operation}\""),
    ]);
}

fn pystart(scene: &Scene) -> Command {
    let mut command = crate::site::pystart(&scene.root);
    command.env("PYSTART_UNPACK_DIR", &scene.temporary).env("HOME", &scene.folder);
    command
}

fn explain(scene: &Scene) -> Value {
    let told = ended(pystart(scene).args(["explain", "--json"]));
    assert_eq!(told.status, 0, "{}", told.err);
    serde_json::from_str(&told.out).unwrap()
}

fn folder_of(scene: &Scene) -> PathBuf {
    explain(scene)["source"]["folder"].as_str().unwrap().into()
}

const ZSTD: &[&str] = &["-I", "zstd", "-cf"];
const GZIP: &[&str] = &["-zcf"];

#[test]
fn an_app_in_an_archive_is_started_as_explain_says_before_it_is_unpacked() {
    let django = [
        ("shop/__init__.py", ""),
        ("shop/settings.py", DJANGO_SETTINGS),
        ("shop/urls.py", DJANGO_URLS),
        ("shop/wsgi.py", DJANGO_WSGI),
    ];
    for (files, form, name, step, answer) in [
        (&[("app.py", FLASK)][..], ZSTD, "output.tar.zst", "flask", None),
        (&django, GZIP, "output.tar.gz", "django", Some("django")),
        (&[("main.py", FLASK)], GZIP, "output.tar.gz", "other", None),
        (&[("main.py", FASTAPI)], ZSTD, "output.tar.zst", "other", Some("\"fastapi\"")),
    ] {
        let scene = Scene::new();
        deploy(&scene, files, form, name, "1");
        let mut before = explain(&scene);
        assert!(fs::read_dir(&scene.temporary).unwrap().next().is_none(), "explain writes nothing");
        assert_eq!((&before["step"], &before["source"]["state"]), (&Value::from(step), &Value::from("packed")));
        assert_eq!(before["source"]["archive"], scene.root.join(name).to_str().unwrap());
        let folder = folder_of(&scene);
        let mut site = Site::start(&mut pystart(&scene));
        let shown = folder.to_str().unwrap();
        assert_eq!(site.get("/"), answer.map_or_else(|| format!("{shown} {shown}"), str::to_owned));
        assert!(site.log().contains(&format!("`{name}`")), "{}", site.log());
        site.stop();
        let mut after = explain(&scene);
        assert_eq!(after["source"]["state"], "unpacked");
        for report in [&mut before, &mut after] {
            report["source"]["state"].take();
            report["evidence"][0]["reason"].take();
        }
        assert_eq!(before, after);
    }
}

#[test]
fn a_restart_finds_the_folder_and_a_new_deployment_replaces_it() {
    let scene = Scene::new();
    deploy(&scene, &[("app.py", FLASK), ("first", "")], ZSTD, "output.tar.zst", "1");
    Site::start(&mut pystart(&scene)).stop();
    let folder = folder_of(&scene);
    fs::write(folder.join("written-by-the-app"), "").unwrap();
    let mut again = Site::start(&mut pystart(&scene));
    assert!(!again.log().contains("unpacking"), "{}", again.log());
    again.stop();
    assert!(folder.join("written-by-the-app").exists() && folder.join("first").exists());
    deploy(&scene, &[("app.py", FLASK), ("second", "")], GZIP, "output.tar.zst", "2");
    let mut new = Site::start(&mut pystart(&scene));
    new.get("/");
    new.stop();
    assert!(folder.join("second").exists() && !folder.join("first").exists());
    assert!(!folder.join("written-by-the-app").exists());
    // Only the manifest tells of a new build.
    scene.manifest(&["CompressDestinationDir=\"true\"", "OperationId=\"3\""]);
    assert_eq!(explain(&scene)["source"]["state"], "packed");
}

#[test]
fn check_proves_a_packed_app_and_leaves_nothing() {
    let scene = Scene::new();
    deploy(&scene, &[("app.py", FLASK)], ZSTD, "output.tar.zst", "1");
    let told = ended(pystart(&scene).arg("check"));
    assert_eq!(told.status, 0, "{}{}", told.out, told.err);
    assert!(snapshot(&scene.temporary).len() <= 1, "{:?}", snapshot(&scene.temporary));
    assert_eq!(explain(&scene)["source"]["state"], "packed");
    let built = ended(pystart(&scene).arg("build"));
    assert!(built.status == 0 && built.err.contains("the environment is in `output.tar.zst`"), "{}", built.err);
    let environ = ended(pystart(&scene).arg("env"));
    assert!(environ.out.contains(&format!("export APP_PATH='{}'", folder_of(&scene).display())), "{}", environ.out);
}

#[test]
fn two_starts_at_once_unpack_once_and_both_serve() {
    let scene = Scene::new();
    let big = "x".repeat(30_000_000);
    deploy(&scene, &[("app.py", FLASK), ("big", &big)], ZSTD, "output.tar.zst", "1");
    let ports = [crate::ports::free_port(), crate::ports::free_port()];
    let mut sites = ports.map(|port| Site::spawn(pystart(&scene).env("PORT", port.to_string()), port));
    for site in &mut sites {
        site.wait_for_line("Booting worker");
        site.get("/");
    }
    let unpacked = sites.iter_mut().filter_map(|site| site.log().contains("pystart: unpacked ").then_some(())).count();
    assert_eq!(unpacked, 1);
}

#[test]
fn a_start_that_ends_in_the_middle_leaves_no_half_folder() {
    let scene = Scene::new();
    deploy(&scene, &[("app.py", FLASK)], ZSTD, "output.tar.zst", "1");
    let entries = [Entry::file("app.py", FLASK), Entry::file("big", vec![b'x'; 400_000_000])];
    put(&scene.root, "output.tar.zst", &zstd(&tar_of(&entries)));
    let folder = folder_of(&scene);
    for (signal, status) in [(Signal::SIGKILL, None), (Signal::SIGTERM, Some(143)), (Signal::SIGINT, Some(130))] {
        let mut site = Site::spawn(&mut pystart(&scene), 1);
        site.wait_for_line("unpacking");
        kill(site.pid(), signal).unwrap();
        assert_eq!(site.wait().code(), status, "{}", site.log());
        assert!(!folder.exists(), "{signal}");
    }
    deploy(&scene, &[("app.py", FLASK)], ZSTD, "output.tar.zst", "2");
    Site::start(&mut pystart(&scene)).get("/");
    assert!(folder.join("app.py").exists() && !folder.join("big").exists());
    let left = snapshot(&scene.temporary);
    assert!(!left.iter().any(|line| line.contains("unpacking")), "{left:?}");
}

#[test]
fn a_broken_deployment_is_an_error_that_says_so() {
    let scene = Scene::new();
    deploy(&scene, &[("app.py", FLASK)], ZSTD, "output.tar.zst", "1");
    let whole = fs::read(scene.root.join("output.tar.zst")).unwrap();
    put(&scene.root, "output.tar.zst", &whole[..whole.len() - 10]);
    let commands = ["run", "explain", "check", "env"];
    for command in commands {
        let Ended { status, err, .. } = ended(pystart(&scene).arg(command));
        assert_eq!(status, 1, "{command}: {err}");
        assert!(
            err.contains("`output.tar.zst` cannot be unpacked") && err.contains("it is cut short"),
            "{command}: {err}"
        );
        assert!(err.contains("hint: ") && err.contains("deploy again"), "{command}: {err}");
    }
    assert!(snapshot(&scene.temporary).iter().all(|line| line.ends_with("/ 711")), "{:?}", snapshot(&scene.temporary));
    fs::remove_file(scene.root.join("output.tar.zst")).unwrap();
    for command in [&commands[..], &["build"]].concat() {
        let Ended { status, err, .. } = ended(pystart(&scene).arg(command));
        assert!(status == 1 && err.contains("there is no `output.tar.zst` nor `output.tar.gz`"), "{command}: {err}");
    }
}

#[test]
fn an_environment_in_an_archive_is_used_like_one_in_a_folder() {
    let forms: [(&[&str], &str, bool); 4] = [
        (ZSTD, "antenv.tar.zst", false),
        (GZIP, "antenv.tar.gz", false),
        (&["-y", "-q", "-r"], "antenv.zip", false),
        (GZIP, "antenv.tar.gz", true),
    ];
    for (form, name, has_own_folder) in forms {
        let scene = Scene::new();
        let environment = moved_environment(&scene.folder, "antenv");
        let from = if has_own_folder { scene.folder.join("packed") } else { environment.clone() };
        if has_own_folder {
            fs::create_dir(&from).unwrap();
            fs::rename(&environment, from.join("antenv")).unwrap();
        }
        let program = if name.contains("zip") { "zip" } else { "tar" };
        let archive = scene.root.join(name);
        let status = Command::new(program).current_dir(&from).args(form).arg(&archive).arg(".").status().unwrap();
        assert!(status.success());
        fs::write(scene.root.join("app.py"), FLASK).unwrap();
        scene.manifest(&[&format!("compressedVirtualEnvFile=\"{name}\"")]);
        // Nothing but what is in the archive has Flask.
        let bare = crate::python::bare_python();
        let command = || {
            let mut command = pystart(&scene);
            command.env("PATH", format!("{}:/usr/bin:/bin", bare.display()));
            command
        };
        let told = ended(command().args(["explain", "--json"]));
        let told: Value = serde_json::from_str(&told.out).unwrap();
        assert_eq!(
            (&told["source"]["state"], &told["step"]),
            (&Value::from("packed"), &Value::from("flask")),
            "{name}"
        );
        let mut site = Site::start(&mut command());
        assert_eq!(site.get("/"), format!("{0} {0}", scene.root.display()), "{name}");
        site.stop();
    }
}

#[test]
fn an_environment_in_an_archive_in_the_archive_of_the_app_is_used() {
    // A build that packs the environment and then all of it.
    let bare = format!("{}:/usr/bin:/bin", crate::python::bare_python().display());
    for (form, name, named) in [
        (ZSTD, "antenv.tar.zst", ""),
        (&["-y", "-q", "-1", "-r"], "antenv.zip", "compressedVirtualEnvFile=\"antenv.zip\""),
    ] {
        let scene = Scene::new();
        let folder = app(&scene, &[("app.py", FLASK)]);
        let program = if name.contains("zip") { "zip" } else { "tar" };
        let mut pack = Command::new(program);
        let status = pack.current_dir(folder.join("antenv")).args(form).arg(folder.join(name)).arg(".").status();
        assert!(status.unwrap().success());
        fs::remove_dir_all(folder.join("antenv")).unwrap();
        let deploy = |operation: &str| {
            tar(&folder, ZSTD, &scene.root.join("output.tar.zst"));
            scene.manifest(&["CompressDestinationDir=\"true\"", named, &format!("OperationId=\"{operation}\"")]);
        };
        deploy("1");
        let command = || {
            let mut command = pystart(&scene);
            command.env("PATH", &bare);
            command
        };
        let explain = || {
            let told = ended(command().args(["explain", "--json"]));
            assert_eq!(told.status, 0, "{name}: {}", told.err);
            let mut told: Value = serde_json::from_str(&told.out).unwrap();
            told["source"]["state"].take();
            told["evidence"][0]["reason"].take();
            told
        };
        let before = explain();
        assert!(fs::read_dir(&scene.temporary).unwrap().next().is_none(), "explain writes nothing");
        assert_eq!(before["step"], "flask", "{name}");
        let checked = ended(command().arg("check"));
        assert_eq!(checked.status, 0, "{name}: {}{}", checked.out, checked.err);
        for (operation, unpacked) in [("1", 2), ("1", 0), ("2", 2)] {
            if operation == "2" {
                deploy(operation);
            }
            let mut site = Site::start(&mut command());
            site.get("/");
            assert_eq!(site.log().matches("pystart: unpacked ").count(), unpacked, "{name}: {}", site.log());
            site.stop();
        }
        assert_eq!(before, explain(), "{name}");
    }
}

/// Runs a script in mounts of its own; `None` where that is not allowed.
fn in_own_mounts(script: &str, scene: &Scene) -> Ended {
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if !nix::unistd::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["sh", "-e", "-c", script]).env_clear().env("PATH", path());
    command.env("PYSTART_APP_ROOT", &scene.root).env("HOME", "/nonexistent");
    command.env("PYSTART", env!("CARGO_BIN_EXE_pystart")).env("TEMPORARY", &scene.temporary);
    ended(&mut command)
}

#[test]
fn a_folder_that_programs_cannot_be_run_from_is_passed_over() {
    let scene = Scene::new();
    deploy(&scene, &[("app.py", FLASK)], ZSTD, "output.tar.zst", "1");
    let elsewhere = "mount -t tmpfs -o noexec none /tmp; mount -t tmpfs none /var/tmp; $PYSTART explain";
    let told = in_own_mounts(elsewhere, &scene);
    assert!(told.out.contains("to be unpacked to /var/tmp/"), "{}{}", told.out, told.err);
    let nowhere =
        "for folder in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o noexec none $folder; done; $PYSTART explain";
    let told = in_own_mounts(nowhere, &scene);
    assert_eq!(told.status, 1, "{}", told.err);
    assert!(told.err.contains("`/tmp` is mounted `noexec`") && told.err.contains("--tmpfs /tmp:exec"), "{}", told.err);
}

#[test]
fn a_full_disk_is_an_error_that_names_the_file_and_what_to_do() {
    let scene = Scene::new();
    deploy(&scene, &[("app.py", FLASK), ("big", &"x".repeat(3_000_000))], ZSTD, "output.tar.zst", "1");
    let script = "mount -t tmpfs -o size=1m none \"$TEMPORARY\"; export PYSTART_UNPACK_DIR=\"$TEMPORARY\"
                  status=0; $PYSTART run || status=$?; find \"$TEMPORARY\" -type f; exit $status";
    let told = in_own_mounts(script, &scene);
    assert_eq!((told.status, told.out.as_str()), (1, ""), "{}", told.err);
    for part in ["`output.tar.zst`", "`./big`", "No space left on device", "PYSTART_UNPACK_DIR"] {
        assert!(told.err.contains(part), "{part}: {}", told.err);
    }
}

#[test]
fn one_writable_folder_is_enough_on_a_read_only_root_for_any_user() {
    let scene = Scene::new();
    deploy(&scene, &[("app.py", FLASK)], ZSTD, "output.tar.zst", "1");
    // The folder of the tests is below `/`, which becomes read-only as a whole; another user may read all of it.
    let script = "mount --rbind / /mnt; mount -o remount,bind,ro /mnt; mount -t tmpfs -o mode=1777 none /mnt/tmp
                  exec /usr/sbin/chroot /mnt \"$PYSTART\" run -- sh -c 'echo \"$APP_PATH\"; ls \"$APP_PATH\"; cat \"$APP_PATH/app.py\" | head -1'";
    let told = in_own_mounts(script, &scene);
    assert_eq!(told.status, 0, "{}", told.err);
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(lines[0].starts_with("/tmp/pystart-0/"), "{}", told.out);
    assert_eq!(lines[1..], ["antenv", "app.py", "from flask import Flask"]);
}

#[test]
fn another_user_unpacks_for_itself_on_a_read_only_root() {
    // In a user namespace there is nobody else.
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let scene = Scene::new();
    deploy(&scene, &[("app.py", FLASK)], ZSTD, "output.tar.zst", "1");
    // What root has unpacked into the same temporary folder is not that user's.
    let script = "mount --rbind / /mnt; mount -o remount,bind,ro /mnt; mount -t tmpfs -o mode=1777 none /mnt/tmp
                  start() { /usr/sbin/chroot $1 /mnt \"$PYSTART\" run -- sh -c 'echo \"$(id -u) $APP_PATH\"'; }
                  start --userspec=0:0; start --userspec=10001:10001; start --userspec=10001:10001";
    let told = in_own_mounts(script, &scene);
    assert_eq!(told.status, 0, "{}", told.err);
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(lines[0].starts_with("0 /tmp/pystart-0/"), "{}", told.out);
    assert!(lines[1].starts_with("10001 /tmp/pystart-10001/") && lines[1] == lines[2], "{}", told.out);
    assert_eq!(told.err.matches("unpacked 3 files").count(), 2, "{}", told.err);
}

#[test]
fn what_the_content_believes_to_be_at_is_where_it_is_put() {
    let scene = Scene::new();
    deploy(&scene, &[("app.py", FLASK)], GZIP, "output.tar.gz", "1");
    let built_in = format!("/tmp/pystart-8dc-{}", std::process::id());
    scene.manifest(&["CompressDestinationDir=\"true\"", &format!("SourceDirectoryInBuildContainer=\"{built_in}\"")]);
    let mut site = Site::start(pystart(&scene).env_remove("PYSTART_UNPACK_DIR"));
    let answer = site.get("/");
    site.stop();
    fs::remove_dir_all(&built_in).unwrap();
    assert_eq!(answer, format!("{built_in} {built_in}"));
    // A folder that we did not make is left alone.
    fs::create_dir(&built_in).unwrap();
    fs::write(Path::new(&built_in).join("precious"), "x").unwrap();
    let mut site = Site::start(pystart(&scene).env_remove("PYSTART_UNPACK_DIR"));
    let answer = site.get("/");
    site.stop();
    let left = snapshot(Path::new(&built_in));
    fs::remove_dir_all(&built_in).unwrap();
    let other = Path::new(answer.split(' ').next().unwrap()).to_owned();
    fs::remove_dir_all(&other).unwrap();
    assert!(answer.starts_with("/tmp/pystart-"), "{answer}");
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_command_runs_to_its_end_before_the_server() {
    let scene = Scene::new();
    fs::write(scene.root.join("app.py"), FLASK).unwrap();
    let bare = || {
        let mut command = crate::site::pystart(&scene.root);
        command.env("HOME", &scene.folder);
        command
    };
    fs::write(scene.root.join("migrate.sh"), "echo migrated in $(pwd) > ran\n").unwrap();
    let mut site = Site::start(bare().env("PRE_RUN_COMMAND", "migrate.sh"));
    site.get("/");
    site.stop();
    assert_eq!(fs::read_to_string(scene.root.join("ran")).unwrap(), format!("migrated in {}\n", scene.root.display()));
    let failed = ended(bare().args(["run", "--before", "echo out; exit 7"]));
    assert_eq!((failed.status, failed.out.as_str()), (7, "out\n"), "{}", failed.err);
    assert!(failed.err.contains("the command of `--before` failed with status 7"), "{}", failed.err);
    let missing = ended(bare().args(["run", "--before", "no-such-program x"]));
    assert_eq!(missing.status, 127, "{}", missing.err);
    fs::write(scene.root.join("build.env"), "PRE_RUN_COMMAND=echo of the deployment\n").unwrap();
    let told = ended(bare().args(["explain", "--json"]));
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["before"]["from"], "build.env");
    assert_eq!(told["before"]["argv"].as_array().unwrap()[1..], ["of", "the", "deployment"].map(Value::from));
    let mut waiting = Site::spawn(bare().args(["run", "--before", "echo waits >&2; sleep 60; true"]), 1);
    waiting.wait_for_line("waits");
    kill(waiting.pid(), Signal::SIGTERM).unwrap();
    assert_eq!(waiting.wait().code(), Some(143));
}

#[test]
fn a_folder_of_packages_serves_the_app() {
    let scene = Scene::new();
    fs::write(scene.root.join("app.py"), FLASK).unwrap();
    scene.manifest(&["packagedir=\"pkgs\"", "PythonVersion=\"3.12.3\""]);
    let lib = fs::read_dir(crate::python::environment().join("lib")).unwrap().next().unwrap().unwrap();
    std::os::unix::fs::symlink(lib.path().join("site-packages"), scene.root.join("pkgs")).unwrap();
    let bare = crate::python::bare_python();
    let mut site = Site::start(pystart(&scene).env("PATH", format!("{}:/usr/bin:/bin", bare.display())));
    assert_eq!(site.get("/"), format!("{0} {0}", scene.root.display()));
}
