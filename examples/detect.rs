//! Development only.
#![allow(clippy::print_stdout, clippy::unwrap_used)]
fn main() {
    let root = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    let disk = pystart::files::Disk::new(&root);
    let detection = pystart::detect::detect(&disk, &root);
    if std::env::args().nth(2).is_some() {
        println!("{detection:#?}\nreads {:?}", disk.reads());
        return;
    }
    match detection.app {
        Some(app) => println!(
            "{}",
            serde_json::json!({"cwd": if app.folder.as_os_str().is_empty() {".".into()} else {app.folder}, "target": format!("{}:{}", app.module, app.object.as_deref().unwrap_or("application")), "asgi": app.interface == pystart::app::Interface::Asgi, "step": app.step, "framework": app.framework})
        ),
        None => println!("{}", serde_json::json!({"cwd": ".", "target": null, "asgi": false})),
    }
}
