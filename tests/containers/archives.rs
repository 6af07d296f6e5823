//! What the platform's build leaves, in the image: every form of it, under the users and restrictions of real deployments.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::docker::{Container, docker, until};
use crate::hostile_archives::{self, Hostile};
use crate::images::{antenv, images};
use crate::site::{Site, flask};
use crate::{Test, succeed, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("every_form_of_a_deployment_is_served_to_root_and_to_another_user_on_a_read_only_root", every_form),
        test("a_restart_of_the_same_container_unpacks_nothing_and_a_new_deployment_replaces_the_old", restart),
        test("a_container_killed_while_it_unpacks_starts_whole_the_next_time", killed),
        test("a_folder_without_exec_is_told_of_with_the_option_to_change", without_exec),
        test("a_full_disk_and_a_damaged_archive_are_told_of", cannot_be_unpacked),
        test("two_hundred_hostile_archives_write_nothing_outside", hostile),
    ]
}

const MANIFEST: &str = "CompressDestinationDir=\"true\"\nOperationId=\"1\"\n";

/// How GNU tar is called, by the end of the archive's name.
fn flag(archive: &str) -> &'static str {
    if archive.ends_with("zst") { "--zstd" } else { "--gzip" }
}

/// The app root as the platform leaves it: an archive with its manifest, and no source.
fn packed(name: &str) -> Site {
    let app = Site::new(&[("app.py", &flask("packed"))]);
    let site = Site::new(&[("oryx-manifest.toml", MANIFEST)]);
    pack(app.folder(), &site.folder().join(name));
    site
}

fn pack(folder: &Path, archive: &Path) {
    let flag = flag(&archive.to_string_lossy());
    succeed(Command::new("tar").arg("-C").arg(folder).arg(flag).arg("-cf").arg(archive).arg("."));
}

fn start(site: &Site, options: &[&str]) -> Container {
    Container::start(&[&["--volume", &site.mount()], options].concat(), &images().runtime, &[])
}

/// How often something was unpacked in this container.
fn times_unpacked(container: &Container) -> usize {
    container.logs().matches("pystart: unpacked ").count()
}

/// An app by its framework; each says where its framework comes from, so that the image's own would be noticed.
fn app(framework: &str) -> Site {
    let answer = |module: &str| format!("'{framework} in ' + {module}.__file__.split('/site-packages/')[0]");
    match framework {
        "flask" => Site::new(&[(
            "app.py",
            &format!(
                "import flask\napp = flask.Flask(__name__)\n\n\n@app.get('/')\ndef home():\n    return {}\n",
                answer("flask")
            ),
        )]),
        "fastapi" => Site::new(&[(
            "main.py",
            &format!(
                "import fastapi\nfrom fastapi.responses import PlainTextResponse\napp = fastapi.FastAPI()\n\n\n\
                 @app.get('/', response_class=PlainTextResponse)\nasync def home():\n    return {}\n",
                answer("fastapi")
            ),
        )]),
        _ => Site::new(&[
            (
                "shop/settings.py",
                "SECRET_KEY = 'x'\nALLOWED_HOSTS = ['*']\nROOT_URLCONF = 'shop.urls'\nDATABASES = {}\n",
            ),
            (
                "shop/urls.py",
                &format!(
                    "import django\nfrom django.http import HttpResponse\nfrom django.urls import path\n\
                     urlpatterns = [path('', lambda request: HttpResponse({}))]\n",
                    answer("django")
                ),
            ),
            (
                "shop/wsgi.py",
                "import os\nfrom django.core.wsgi import get_wsgi_application\n\
                 os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n\
                 application = get_wsgi_application()\n",
            ),
        ]),
    }
}

/// The environment of the apps as a build leaves it, its links to an interpreter that no image of ours has; without
/// what would only make it large.
fn environment(to: &Path) {
    const COPY: &str = "tar --exclude=__pycache__ --exclude=LC_MESSAGES --exclude=pip --exclude=aiohttp -C \"$1\" -cf - . \
                        | tar -C \"$2\" -xf -";
    succeed(Command::new("sh").args(["-c", COPY, "sh"]).args([antenv(), to]));
    for name in ["python", "python3"] {
        let link = to.join("bin").join(name);
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("/opt/python/3.12.3/bin/python3.12", link).unwrap();
    }
}

/// Where the environment or the packages of a form are.
#[derive(Clone, Copy)]
enum Form {
    /// The app with its environment, in one archive.
    App(&'static str),
    /// The sources, and the environment in an archive.
    Environment(&'static str),
    /// The environment in an archive, and that with the sources in another one.
    Both(&'static str, &'static str),
    /// The sources, and a folder of packages.
    Packages,
    /// The sources and the environment, unpacked.
    Folder,
}

impl Form {
    /// Makes the app root.
    fn deploy(self, app: &Site, shared: &Path) -> Site {
        let site = Site::empty();
        let root = site.folder();
        let copy = |from: &Path, to: &Path| {
            fs::create_dir_all(to).unwrap();
            succeed(Command::new("cp").args(["-a", "--"]).arg(from.join(".")).arg(to));
        };
        let pack_environment = |to: &Path| {
            if to.to_string_lossy().ends_with("zip") {
                succeed(Command::new("zip").current_dir(shared).args(["-y", "-q", "-1", "-r"]).arg(to).arg("."));
            } else {
                pack(shared, to);
            }
        };
        let manifest = match self {
            Self::App(archive) => {
                copy(shared, &app.folder().join("antenv"));
                pack(app.folder(), &root.join(archive));
                format!("virtualEnvName=\"antenv\"\n{MANIFEST}")
            }
            Self::Environment(archive) => {
                copy(app.folder(), root);
                pack_environment(&root.join(archive));
                format!("virtualEnvName=\"antenv\"\ncompressedVirtualEnvFile=\"{archive}\"\n")
            }
            Self::Both(inner, outer) => {
                pack_environment(&app.folder().join(inner));
                pack(app.folder(), &root.join(outer));
                format!("virtualEnvName=\"antenv\"\ncompressedVirtualEnvFile=\"{inner}\"\n{MANIFEST}")
            }
            Self::Packages => {
                copy(app.folder(), root);
                copy(&packages(shared), &root.join("__oryx_packages__"));
                "packagedir=\"__oryx_packages__\"\n".into()
            }
            Self::Folder => {
                copy(app.folder(), root);
                copy(shared, &root.join("antenv"));
                "virtualEnvName=\"antenv\"\n".into()
            }
        };
        site.write("oryx-manifest.toml", &manifest);
        site
    }
}

/// The folder of packages in an environment.
fn packages(environment: &Path) -> PathBuf {
    fs::read_dir(environment.join("lib")).unwrap().next().unwrap().unwrap().path().join("site-packages")
}

fn every_form() {
    let forms = [
        (Form::App("output.tar.zst"), "flask", 1),
        (Form::App("output.tar.gz"), "django", 1),
        (Form::App("output.tar.zst"), "fastapi", 1),
        (Form::Environment("antenv.tar.zst"), "django", 1),
        (Form::Environment("antenv.tar.gz"), "fastapi", 1),
        (Form::Environment("antenv.zip"), "flask", 1),
        (Form::Both("antenv.tar.gz", "output.tar.zst"), "fastapi", 2),
        (Form::Packages, "flask", 0),
        (Form::Packages, "django", 0),
        (Form::Folder, "fastapi", 0),
    ];
    let shared = Site::empty();
    environment(shared.folder());
    // A file system in memory: very many small files are written, and not every engine is quick at that.
    let users: [&[&str]; 2] = [
        &["--user", "0:0", "--tmpfs", "/tmp:exec"],
        &["--user", "10001:10001", "--tmpfs", "/tmp:exec", "--read-only", "--cap-drop", "ALL"],
    ];
    let serve = |(form, framework, unpacked): (Form, &str, usize)| {
        let site = form.deploy(&app(framework), shared.folder());
        for options in users {
            let container = start(&site, options);
            let answer = container.first_200();
            assert!(answer.starts_with(&format!("{framework} in /")), "{answer}");
            assert!(answer.contains("/antenv/lib/") || answer.contains("__oryx_packages__"), "{answer}");
            assert_eq!(times_unpacked(&container), unpacked, "{}", container.logs());
            let uid = options[1].split(':').next().unwrap_or_default();
            if unpacked > 0 {
                let owners = container.exec_text(&["sh", "-c", "stat -c %u /tmp/pystart-*/*/*"]);
                assert!(owners.lines().all(|owner| owner == uid), "{uid}: {owners}");
            }
            assert_eq!(container.stop(), 0);
        }
    };
    // Two at a time: packing takes a processor, starting mostly waits.
    let (first, second) = forms.split_at(forms.len() / 2);
    std::thread::scope(|scope| {
        for half in [first, second] {
            scope.spawn(|| half.iter().for_each(|form| serve(*form)));
        }
    });
}

fn restart() {
    let site = packed("output.tar.zst");
    let container = start(&site, &["--user", "10001:10001"]);
    for _ in 0..2 {
        assert_eq!(container.first_200(), "packed");
        assert_eq!(times_unpacked(&container), 1, "{}", container.logs());
        docker(&["restart", "--time", "40", &container.name]);
    }
    assert_eq!(container.first_200(), "packed");
    assert_eq!(times_unpacked(&container), 1, "{}", container.logs());
    let app = Site::new(&[("app.py", &flask("deployed anew"))]);
    pack(app.folder(), &site.folder().join("output.tar.zst"));
    docker(&["restart", "--time", "40", &container.name]);
    assert_eq!(container.first_200(), "deployed anew");
    assert_eq!(times_unpacked(&container), 2, "{}", container.logs());
}

fn killed() {
    let app = Site::new(&[("app.py", &flask("whole"))]);
    // With a tenth of a processor it is met in the middle on any machine; the archive has but a few kilobytes.
    fs::File::create(app.folder().join("large")).unwrap().set_len(300 << 20).unwrap();
    let site = Site::new(&[("oryx-manifest.toml", MANIFEST)]);
    pack(app.folder(), &site.folder().join("output.tar.zst"));
    let options = ["--cpus", "0.1", "--volume", "/unpacked", "--env", "PYSTART_UNPACK_DIR=/unpacked"];
    let container = start(&site, &options);
    until("it to begin", || container.logs().contains("pystart: unpacking ").then_some(()));
    docker(&["kill", &container.name]);
    assert_eq!((container.wait(), times_unpacked(&container)), (137, 0), "{}", container.logs());
    docker(&["update", "--cpus", "2", &container.name]);
    docker(&["start", &container.name]);
    assert_eq!(container.first_200(), "whole");
    assert_eq!(times_unpacked(&container), 1, "{}", container.logs());
    let left = container.exec_text(&["sh", "-c", "ls -d /unpacked/pystart-*/*"]);
    assert!(!left.contains(".unpacking"), "{left}");
}

/// The logs of a start that must fail with status 1.
fn fails(site: &Site, options: &[&str]) -> String {
    let mount = site.mount();
    let options = [&["--volume", &mount, "--user", "10001:10001"], options].concat();
    let container = Container::start_unpublished(&options, &images().runtime, &[]);
    let status = container.wait();
    let logs = container.logs();
    assert_eq!(status, 1, "{logs}");
    logs
}

fn without_exec() {
    let logs = fails(&packed("output.tar.zst"), &["--read-only", "--tmpfs", "/tmp"]);
    assert!(logs.contains("`/tmp` is mounted `noexec`") && logs.contains("--tmpfs /tmp:exec"), "{logs}");
}

fn cannot_be_unpacked() {
    let app = Site::new(&[("app.py", &flask("large"))]);
    fs::write(app.folder().join("large"), vec![b'x'; 3_000_000]).unwrap();
    let site = Site::new(&[("oryx-manifest.toml", MANIFEST)]);
    for name in ["output.tar.zst", "output.tar.gz"] {
        let archive = site.folder().join(name);
        pack(app.folder(), &archive);
        let logs = fails(&site, &["--read-only", "--tmpfs", "/tmp:exec,size=1m"]);
        for part in [name, "`./large`", "No space left on device", "--tmpfs /tmp:exec,size=2g"] {
            assert!(logs.contains(part), "{part}: {logs}");
        }
        let whole = fs::read(&archive).unwrap();
        fs::write(&archive, &whole[..whole.len() - 10]).unwrap();
        let logs = fails(&site, &[]);
        assert!(logs.contains("it is cut short") && logs.contains("deploy again"), "{logs}");
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x10;
        fs::write(&archive, &flipped).unwrap();
        let logs = fails(&site, &[]);
        assert!(logs.contains(&format!("`{name}` cannot be unpacked")) && logs.contains("deploy again"), "{logs}");
        fs::remove_file(&archive).unwrap();
    }
}

fn hostile() {
    let archives = hostile_archives::all();
    assert!(archives.len() >= 180, "{}", archives.len());
    let sites = Site::empty();
    for (number, Hostile { name, bytes, .. }) in archives.iter().enumerate() {
        let site = sites.folder().join(format!("{number:03}"));
        fs::create_dir(&site).unwrap();
        fs::write(site.join(name), bytes).unwrap();
        if name.starts_with("output") {
            fs::write(site.join("oryx-manifest.toml"), MANIFEST).unwrap();
        }
    }
    // Root, who may write everywhere. A later start must not clear away what an earlier one has written.
    let script = format!(
        "mkdir /outside && echo untouched > /outside/file && touch /marker && touch /marker
         for site in /sites/*; do
             PYSTART_APP_ROOT=$site PYSTART_UNPACK_LIMIT={} pystart run -- true 2> /dev/null
             echo \"$(basename $site) $?\"
         done
         find / -xdev -newer /marker ! -path '/tmp' ! -path '/tmp/pystart-0' ! -path '/tmp/pystart-0/*'
         find /tmp/pystart-0 -mindepth 2",
        hostile_archives::LIMIT
    );
    let mount = format!("{}:/sites:ro", sites.folder().display());
    let options = ["--volume", &mount, "--entrypoint", "sh", "--network", "none"];
    let container = Container::start_unpublished(&options, &images().runtime, &["-c", &script]);
    // So many starts take a while on a busy machine.
    let deadline = Instant::now() + Duration::from_mins(8);
    while container.is_running() {
        assert!(Instant::now() < deadline, "{}", container.logs());
        std::thread::sleep(Duration::from_millis(20));
    }
    let expected: Vec<String> = (0..archives.len()).map(|number| format!("{number:03} 1")).collect();
    let logs = container.logs();
    let told: Vec<&str> = logs.lines().collect();
    let of = |line: &str| {
        line.get(..3).and_then(|number| number.parse().ok()).and_then(|number: usize| archives.get(number))
    };
    for (line, expected) in told.iter().zip(&expected) {
        assert_eq!(line, expected, "{}", of(line).map(|archive| archive.row.as_str()).unwrap_or_default());
    }
    assert_eq!(told[expected.len()..], Vec::<&str>::new(), "written outside, or left");
}
