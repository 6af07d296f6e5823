//! What an app that was loaded holds and threads may not share. Pure.

use std::path::Path;

use super::lines::shortened;
use super::observation::Observation;
use crate::model::Notice;

/// gunicorn's worker class that has threads; it takes the place of its `sync` where `--threads` is more than 1.
const WITH_THREADS: &str = "gunicorn.workers.gthread.";

/// A warning for each connection to `SQLite` that was made on import, where requests are answered by other threads.
pub(super) fn notices(seen: &Observation, app_root: &Path) -> Vec<Notice> {
    if !seen.worker.as_ref().is_some_and(|worker| worker.name.starts_with(WITH_THREADS)) {
        return Vec::new();
    }
    let notice = |name: &str, file: &str| Notice {
        message: format!(
            "`{name}` in `{}` is a connection to SQLite for the thread that made it alone, and requests are answered by \
             others: they will fail with `sqlite3.ProgrammingError`",
            shortened(file, app_root)
        ),
        hint: Some("connect in each request, or serve without threads: `PYSTART_THREADS=1`".into()),
    };
    seen.bound.iter().map(|bound| notice(&bound.name, &bound.file)).collect()
}
