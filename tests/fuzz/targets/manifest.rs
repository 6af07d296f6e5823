//! Any bytes as `oryx-manifest.toml`.

use pystart::deployment::manifest::Manifest;

pub fn run(data: &[u8]) {
    let _ = Manifest::parse(data);
}
