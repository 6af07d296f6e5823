//! App roots to measure on, the same every time, and a `gunicorn` that ends at once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

const FLASK: &str = "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.route(\"/\")\ndef index():\n    return \
                     \"hello\"\n";

const WSGI: &str = "import os\n\nfrom django.core.wsgi import get_wsgi_application\n\nos.environ.setdefault(\
                    \"DJANGO_SETTINGS_MODULE\", \"shop.settings\")\n\napplication = get_wsgi_application()\n";

const ASGI: &str = "import os\n\nfrom django.core.asgi import get_asgi_application\n\nos.environ.setdefault(\
                    \"DJANGO_SETTINGS_MODULE\", \"shop.settings\")\n\napplication = get_asgi_application()\n";

const MANAGE: &str = "import os\nimport sys\n\nif __name__ == \"__main__\":\n    os.environ.setdefault(\
                      \"DJANGO_SETTINGS_MODULE\", \"shop.settings\")\n    from django.core.management import \
                      execute_from_command_line\n\n    execute_from_command_line(sys.argv)\n";

const SETTINGS: &str = "DEBUG = False\nALLOWED_HOSTS = [\"*\"]\nROOT_URLCONF = \"shop.urls\"\nWSGI_APPLICATION = \
                        \"shop.wsgi.application\"\n";

/// A folder that everything else is made in.
pub(crate) struct Stage {
    folder: PathBuf,
}

impl Stage {
    /// In this folder, which is made if it is not there.
    pub(crate) fn new(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// Compiles a C program; `flags` are the compiler's.
    pub(crate) fn program(&self, name: &str, source: &str, flags: &[&str]) -> io::Result<PathBuf> {
        let folder = self.folder.join("bin");
        let (text, program) = (folder.join(format!("{name}.c")), folder.join(name));
        fs::create_dir_all(&folder)?;
        if fs::read_to_string(&text).is_ok_and(|old| old == source) && program.is_file() {
            return Ok(program);
        }
        fs::write(&text, source)?;
        let status =
            Command::new("cc").args(["-O2", "-static"]).args(flags).arg("-o").args([&program, &text]).status()?;
        if status.success() { Ok(program) } else { Err(io::Error::other(format!("`cc` cannot compile {name}"))) }
    }

    /// The folder with a `gunicorn` in it that makes one system call, and ends.
    pub(crate) fn stub(&self) -> io::Result<PathBuf> {
        let end = if cfg!(target_arch = "x86_64") {
            "mov $231, %eax\\n xor %edi, %edi\\n syscall"
        } else {
            "mov x8, 94\\n mov x0, 0\\n svc 0"
        };
        let source = format!("__asm__(\".globl _start\\n_start: {end}\\n\");\n");
        let program = self.program("gunicorn", &source, &["-nostdlib"])?;
        Ok(program.parent().unwrap_or(Path::new("/")).to_owned())
    }

    /// A copy of a program, written as a package manager or an image's layer writes it. A linker writes piece by piece,
    /// and the page cache then keeps the file in small pieces, of which each costs a page fault of its own.
    pub(crate) fn install(&self, program: &Path) -> io::Result<PathBuf> {
        let installed = self.folder.join("bin").join(program.file_name().unwrap_or_default());
        let _ = fs::remove_file(&installed);
        fs::write(&installed, fs::read(program)?)?;
        fs::set_permissions(&installed, fs::metadata(program)?.permissions())?;
        Ok(installed)
    }

    /// A tree, made by `fill` unless a whole one is there from the last time.
    pub(crate) fn tree(&self, name: &str, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
        let (root, part) = (self.folder.join(name), self.folder.join(format!("{name}.part")));
        if !root.is_dir() {
            let _ = fs::remove_dir_all(&part);
            fs::create_dir_all(&part)?;
            fill(&part)?;
            fs::rename(&part, &root)?;
        }
        Ok(root)
    }
}

/// Writes a file, and makes its folder if need be.
pub(crate) fn put(path: &Path, text: &str) -> io::Result<()> {
    match fs::write(path, text) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
            fs::write(path, text)
        }
        result => result,
    }
}

/// A Flask app of one file.
pub(crate) fn flask(root: &Path) -> io::Result<()> {
    put(&root.join("app.py"), FLASK)?;
    put(&root.join("requirements.txt"), "flask\n")?;
    put(&root.join("templates/index.html"), "<p>hello</p>\n")
}

/// A Django project of some sixty files.
pub(crate) fn django(root: &Path) -> io::Result<()> {
    put(&root.join("manage.py"), MANAGE)?;
    put(&root.join("requirements.txt"), "django\n")?;
    for (name, text) in [("__init__", ""), ("settings", SETTINGS), ("urls", ""), ("wsgi", WSGI), ("asgi", ASGI)] {
        put(&root.join(format!("shop/{name}.py")), text)?;
    }
    for app in ["accounts", "basket", "blog", "catalogue"] {
        for name in
            ["__init__", "admin", "apps", "forms", "models", "tests", "urls", "views", "migrations/0001_initial"]
        {
            put(&root.join(format!("{app}/{name}.py")), "VALUE = 1\n")?;
        }
        for name in ["list", "detail", "edit", "delete"] {
            put(&root.join(format!("{app}/templates/{app}/{name}.html")), "<p></p>\n")?;
        }
    }
    Ok(())
}

/// A virtual environment of `files` files without gunicorn, so that the stub is used.
pub(crate) fn environment(folder: &Path, files: usize) -> io::Result<()> {
    put(&folder.join("pyvenv.cfg"), "home = /usr/local/bin\nversion = 3.12.0\n")?;
    let packages = folder.join("lib/python3.12/site-packages");
    put(&packages.join("wsgi.py"), WSGI)?;
    many(&packages, files, "py")
}

/// A monorepo of `files` files, most of them where nobody needs to look, with the Django project in `backend`.
pub(crate) fn monorepo(root: &Path, files: usize) -> io::Result<()> {
    django(&root.join("backend"))?;
    put(&root.join("README.md"), "# monorepo\n")?;
    put(&root.join("package.json"), "{}\n")?;
    put(&root.join(".git/HEAD"), "ref: refs/heads/main\n")?;
    many(&root.join("frontend/node_modules"), files * 6 / 10, "js")?;
    many(&root.join("backend/media/uploads"), files * 2 / 10, "jpg")?;
    many(&root.join("packages"), files / 10, "ts")?;
    many(&root.join(".git/objects"), files / 10, "pack")
}

/// `count` files, a hundred to a folder, a hundred folders to a folder.
pub(crate) fn many(root: &Path, count: usize, extension: &str) -> io::Result<()> {
    for number in 0..count {
        put(&root.join(format!("d{}/d{}/f{number}.{extension}", number / 10_000, number / 100 % 100)), "")?;
    }
    Ok(())
}

/// `count` files in the root itself, beside an app.
pub(crate) fn wide(root: &Path, count: usize) -> io::Result<()> {
    flask(root)?;
    (0..count).try_for_each(|number| put(&root.join(format!("f{number}.txt")), ""))
}

/// `count` empty folders in the root, beside an app.
pub(crate) fn folders(root: &Path, count: usize) -> io::Result<()> {
    flask(root)?;
    (0..count).try_for_each(|number| fs::create_dir(root.join(format!("d{number}"))))
}
