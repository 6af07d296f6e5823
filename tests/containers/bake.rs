//! The bake file, as Docker's own parser understands it.

use std::process::Command;

use serde_json::Value;

use crate::images::{root, with_buildkit};
use crate::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("a_release_has_every_version_both_variants_and_both_architectures", release),
        test("without_a_release_nothing_is_made_up", no_release),
    ]
}

/// What would be built with these variables.
fn plan(variables: &[(&str, &str)]) -> Value {
    let mut bake = Command::new("docker");
    let output = with_buildkit(&mut bake)
        .args(["buildx", "bake", "--print"])
        .envs(variables.iter().copied())
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}")).iter().filter_map(Value::as_str).collect()
}

fn release() {
    let plan = plan(&[
        ("IMAGE", "registry.example/pystart"),
        ("VERSION", "1.2.3"),
        ("REVISION", "0123abc"),
        ("CREATED", "2026-01-02T03:04:05Z"),
        ("SOURCE", "https://example.com/pystart"),
        ("BASE_DIGESTS", r#"{"3.15": "sha256:00ff"}"#),
        ("CACHE", "type=gha"),
    ]);
    // Those that the pinned gunicorn supports.
    let versions = ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15"];
    let targets = plan["target"].as_object().unwrap();
    assert_eq!(targets.len(), 1 + 2 * versions.len(), "{:?}", targets.keys());
    for target in targets.values() {
        assert_eq!(strings(&target["platforms"]), ["linux/amd64", "linux/arm64"]);
        assert_eq!(target["labels"]["org.opencontainers.image.revision"], "0123abc");
        assert_eq!(target["labels"]["org.opencontainers.image.created"], "2026-01-02T03:04:05Z");
        assert_eq!(target["labels"]["org.opencontainers.image.source"], "https://example.com/pystart");
        assert_eq!(target["args"]["REVISION"], "0123abc");
        assert_eq!(target["args"]["VERSION"], "1.2.3");
        let attested = target["attest"].to_string();
        assert!(attested.contains("type=provenance,mode=max") && attested.contains("type=sbom"), "{attested}");
        assert!(target["cache-from"].to_string().contains("gha") && target["cache-to"].to_string().contains("gha"));
    }
    assert_eq!(
        strings(&targets["binary"]["tags"]),
        ["registry.example/pystart:binary", "registry.example/pystart:1.2.3-binary"]
    );
    for version in versions {
        for (variant, suffix) in [("runtime", ""), ("appservice", "-appservice")] {
            let target = &targets[&format!("{variant}-{}", version.replace('.', "-"))];
            assert_eq!(target["target"], variant);
            assert_eq!(target["contexts"]["made"], "target:binary", "compiled once for all");
            let tags = strings(&target["tags"]);
            assert!(tags.contains(&&*format!("registry.example/pystart:1.2.3-python{version}{suffix}")), "{tags:?}");
            let base = &target["labels"]["org.opencontainers.image.base.name"];
            assert_eq!(base, &format!("docker.io/library/python:{version}-slim"));
        }
    }
    let newest = &targets["runtime-3-15"];
    assert!(strings(&newest["tags"]).contains(&"registry.example/pystart:latest"));
    assert!(strings(&targets["appservice-3-15"]["tags"]).contains(&"registry.example/pystart:appservice"));
    assert_eq!(newest["args"]["PYTHON_IMAGE"], "python:3.15-slim@sha256:00ff");
    assert_eq!(newest["labels"]["org.opencontainers.image.base.digest"], "sha256:00ff");
}

fn no_release() {
    let plan = plan(&[]);
    let target = &plan["target"]["runtime-3-12"];
    assert_eq!(strings(&target["tags"]), ["pystart:python3.12"]);
    assert_eq!(target["args"]["PYTHON_IMAGE"], "python:3.12-slim");
    assert_eq!(target["args"]["VERSION"], Value::Null, "the one of the Dockerfile");
    for label in ["revision", "created", "source", "base.digest"] {
        assert_eq!(target["labels"][format!("org.opencontainers.image.{label}")], Value::Null, "{label}");
    }
}
