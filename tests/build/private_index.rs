//! A package index that wants a password, and the ways to give it: in the address, in a netrc file, by keyring. With both
//! tools, and with the password in no line of the log.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python::{self, App};
use crate::scene::{building, installed, search_path, stderr, wheel};

/// Of the user `me`, and the header that a client sends with both.
const PASSWORD: &str = "open-sesame";
const HEADER: &str = "Basic bWU6b3Blbi1zZXNhbWU=";

/// Serves the wheels of a folder to who knows the password; its address without the scheme.
fn index(wheels: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("127.0.0.1:{}/simple/", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let wheels = wheels.clone();
            std::thread::spawn(move || answer(client, &wheels));
        }
    });
    address
}

fn answer(mut client: TcpStream, wheels: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let is_known = head.iter().any(|line| {
        line.split_once(':')
            .is_some_and(|(name, value)| name.eq_ignore_ascii_case("authorization") && value.trim() == HEADER)
    });
    let path = request.split(' ').nth(1).unwrap_or_default().trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or_default();
    let (status, kind, body) = if !is_known {
        ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"packages\"", "text/plain", Vec::new())
    } else if let Ok(wheel) = fs::read(wheels.join(name)) {
        ("200 OK", "application/octet-stream", wheel)
    } else {
        let wheel = format!("{name}-1.0-py3-none-any.whl");
        let page = format!("<!DOCTYPE html><html><body><a href=\"/files/{wheel}\">{wheel}</a></body></html>");
        let status = if wheels.join(&wheel).exists() { "200 OK" } else { "404 Not Found" };
        (status, "text/html", page.into_bytes())
    };
    let length = body.len();
    write!(
        client,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    if !request.starts_with("HEAD") {
        client.write_all(&body)?;
    }
    Ok(())
}

/// Builds with uv and with pip from an index whose address is made of `user` and its place; `set` does the rest.
fn builds(user: &str, set: impl Fn(&mut Command, &App, &str)) {
    for has_uv in [true, false] {
        let app = App::new(&[("app.py", ""), ("requirements.txt", "shop\n")]);
        let (wheels, home) = (App::new(&[]), App::new(&[]));
        for package in ["gunicorn", "shop"] {
            wheel(&wheels, package);
        }
        let address = index(wheels.root.join("wheels"));
        let mut command = building(&app);
        for name in ["UV_OFFLINE", "UV_FIND_LINKS", "PIP_NO_INDEX", "PIP_FIND_LINKS"] {
            command.env_remove(name);
        }
        let uv = if has_uv { format!("{}:", python::uv().display()) } else { String::new() };
        command.env("PATH", format!("{}:{uv}{}:/usr/bin:/bin", home.root.display(), search_path()));
        // Each build asks the index itself.
        command.env("PYSTART_CACHE_DIR", home.root.join("cache")).env("HOME", &home.root).env_remove("UV_CACHE_DIR");
        command.env("PIP_INDEX_URL", format!("http://{user}{address}"));
        set(&mut command, &home, &address);
        let output = command.output().unwrap();
        let text = stderr(&output);
        assert!(output.status.success() && installed(&app, "shop"), "{text}");
        assert!(text.contains(if has_uv { " with uv for " } else { " with pip for " }), "{text}");
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

#[test]
fn a_password_in_the_address_is_used_and_not_shown() {
    builds(&format!("me:{PASSWORD}@"), |_, _, _| {});
}

#[test]
fn a_password_in_a_netrc_file_is_used() {
    builds("", |_, home, _| {
        home.write(".netrc", &format!("machine 127.0.0.1\nlogin me\npassword {PASSWORD}\n"));
    });
}

#[test]
fn a_password_that_keyring_has_is_used() {
    builds("me@", |command, home, _| {
        // As the program answers: the password for `get SERVICE USER`.
        let script = format!("#!/bin/sh\n[ \"$1\" = get ] && [ \"$3\" = me ] && echo {PASSWORD}\n");
        home.write("keyring", &script);
        fs::set_permissions(home.root.join("keyring"), fs::Permissions::from_mode(0o755)).unwrap();
        // pip's own setting; uv is told of it.
        command.env("PIP_KEYRING_PROVIDER", "subprocess");
    });
}
