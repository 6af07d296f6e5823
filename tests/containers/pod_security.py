"""Checks every Pod of a file against the restricted Pod Security Standard, and its stop against gunicorn's.

Rules: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

import sys

import yaml

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
HOST = ("hostNetwork", "hostPID", "hostIPC")
GRACEFUL_TIMEOUT = 30  # gunicorn's default, in seconds


def faults(pod):
    """What the profile forbids in this Pod, one sentence each."""
    whole = pod.get("securityContext", {})
    for name in HOST:
        if pod.get(name):
            yield f"{name} is set"
    for volume in pod.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= VOLUMES:
            yield f"volume {volume['name']} is a {kinds}"
    for container in pod["containers"] + pod.get("initContainers", []):
        own = container.get("securityContext", {})
        name = container["name"]
        if own.get("privileged"):
            yield f"{name} is privileged"
        if own.get("allowPrivilegeEscalation") is not False:
            yield f"{name} may escalate its privileges"
        if own.get("runAsNonRoot", whole.get("runAsNonRoot")) is not True:
            yield f"{name} may run as root"
        if own.get("runAsUser", whole.get("runAsUser", 1)) == 0:
            yield f"{name} runs as root"
        capabilities = own.get("capabilities", {})
        if "ALL" not in capabilities.get("drop", []) or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield f"{name} keeps capabilities"
        profile = own.get("seccompProfile", whole.get("seccompProfile", {}))
        if profile.get("type") not in ("RuntimeDefault", "Localhost"):
            yield f"{name} has no seccomp profile"
        # More than the profile asks for: what the documentation promises.
        if own.get("readOnlyRootFilesystem") is not True:
            yield f"{name} has a writable root"
        wait = float(container["lifecycle"]["preStop"]["exec"]["command"][1])
        if pod["terminationGracePeriodSeconds"] <= wait + GRACEFUL_TIMEOUT:
            yield f"{name} is killed before it has answered what it has"


with open(sys.argv[1], encoding="utf-8") as file:
    pods = [entry["spec"]["template"]["spec"] for entry in yaml.safe_load_all(file) if entry["kind"] == "Deployment"]
assert pods, "no Pod to check"
found = [fault for pod in pods for fault in faults(pod)]
sys.exit("\n".join(found) or 0)
