//! App folders on the host, to be mounted into containers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the image looks for the app.
pub(crate) const ROOT: &str = "/home/site/wwwroot";

/// What the page of the default site holds, and no app of these tests does.
pub(crate) const DEFAULT_SITE: &str = "<title>No web app was found</title>";

/// A folder with an app; removed when dropped.
pub(crate) struct Site {
    folder: PathBuf,
}

impl Site {
    /// An empty one, which anyone may read.
    pub(crate) fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("site-{}-{count}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// One with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let site = Self::empty();
        for (name, content) in files {
            site.write(name, content);
        }
        site
    }

    /// Writes one more file; not executable.
    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The folder on the host.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The value for `--volume`, read-only.
    pub(crate) fn mount(&self) -> String {
        format!("{}:{ROOT}:ro", self.folder.display())
    }

    /// The value for `--volume`, writable.
    pub(crate) fn mount_writable(&self) -> String {
        format!("{}:{ROOT}", self.folder.display())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A Flask app that says who it is.
pub(crate) fn flask(text: &str) -> String {
    format!("from flask import Flask\napp = Flask(__name__)\n\n@app.route('/')\ndef home():\n    return {text:?}\n")
}

/// A plain WSGI app, bound to `name`, that says who it is.
pub(crate) fn wsgi(name: &str, text: &str) -> String {
    format!(
        "def {name}(environ, start_response):\n    start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
         return [{text:?}.encode()]\n"
    )
}

/// A server of the standard library that says who it is, listens where it is told, and ends at SIGTERM with 0.
pub(crate) fn server(text: &str) -> String {
    format!(
        "import os, signal, sys\nfrom wsgiref.simple_server import make_server\n\n{}\n\
         signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n\
         make_server(os.environ['HOST'], int(os.environ['PORT']), app).serve_forever()\n",
        wsgi("app", text)
    )
}
