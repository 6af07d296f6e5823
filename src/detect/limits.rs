//! How far the search goes. Every limit is a choice between the cost of a start and what could still be found;
//! `docs/detection.md` names them all.

/// Python files that are read: enough for every repository of the corpus (the largest takes 70), and a bound on the
/// time that a large site can take.
pub(super) const FILES_READ: usize = 96;

/// Bytes of Python after which no further file is parsed. The apps of 390 real repositories take 237 KiB at most; a library,
/// in which everything is read in vain, would take tens of milliseconds more.
pub(super) const BYTES_PARSED: usize = 320 * 1024;

/// What is said of a file that comes after these, as the end of a sentence that begins with the file.
pub(super) const ENOUGH_PARSED: &str = "is not parsed: 320 KiB of Python were parsed before it";

/// Folders that are listed. Listing is cheaper than reading, and a monorepo has many folders beside the app's.
pub(super) const FOLDERS_LISTED: usize = 400;

/// Folders of one level that are looked into, the likeliest first.
pub(super) const FOLDERS_OF_A_LEVEL: usize = 96;

/// Folders between the app root and an app: two folders down, and a package in there.
pub(super) const DEPTH: usize = 3;

/// Files without a usual name that are read at one level: they are guesses, and each is read in vain most of the time.
pub(super) const UNUSUAL_FILES: usize = 32;

/// Files of the root that are read for what else they may be, once no app was found.
pub(super) const FILES_WITHOUT_APP: usize = 24;

/// `wsgi.py` files that are read to find Django's.
pub(super) const DJANGO_PROJECTS: usize = 16;

/// Settings modules that are followed through `from .base import *`.
pub(super) const SETTINGS_MODULES: usize = 4;

/// Files of a folder `requirements` that are read.
pub(super) const REQUIREMENT_FILES: usize = 8;

/// Files that are followed to see from which folder their imports start.
pub(super) const IMPORTING_FILES: usize = 16;

/// Files of a folder that are asked whether they import each other relatively.
pub(super) const RELATIVE_IMPORTERS: usize = 4;

/// Names that lead from one to the next, from the name in the file to the call that makes the app.
pub(super) const HOPS: usize = 24;

/// Names that lead from one to the next to see what `from x import *` brings in.
pub(super) const STAR_HOPS: usize = 8;

/// Values that are looked at for one file. Code that was made to be tangled can double the work with every line.
pub(super) const INFERENCE_STEPS: usize = 5_000;

/// Assignments of one name that are compared, the last ones: `try` and `if` give two or three.
pub(super) const ASSIGNMENTS: usize = 6;

/// Nesting of the expression of a path: `os.path.join(os.path.dirname(os.path.abspath(__file__)), "src")` has 4.
pub(super) const PATH_EXPRESSION: usize = 8;
