"""Validates reports against the schema, and the schema against the reports: no field that it lacks, none that it invents.

Run as `python schema.py SCHEMA` with a JSON array of reports on standard input.
"""

import json
import sys

import fastjsonschema


def close(node):
    """Forbids what is not described: users must let new fields pass, this test must not."""
    if isinstance(node, dict):
        if "properties" in node:
            node["additionalProperties"] = False
        for value in node.values():
            close(value)
    elif isinstance(node, list):
        for value in node:
            close(value)


def seen(node, value, path, found):
    """Collects the paths of the schema's properties that a value has, filled."""
    node = definitions[node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
    if value in (None, []):
        return
    found.add(path)
    for name, inner in node.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            seen(inner, value[name], path + "." + name, found)
    if "items" in node:
        for item in value:
            seen(node["items"], item, path, found)


def described(node, path):
    node = definitions[node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
    yield path
    for name, inner in node.get("properties", {}).items():
        yield from described(inner, path + "." + name)
    if "items" in node:
        yield from described(node["items"], path)


with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
definitions = schema["definitions"]
reports = json.load(sys.stdin)
found = set()
for report in reports:
    seen(schema, report, "report", found)
# In a container alone, or with a test of its own: what a restart would change, a limit on memory, archives.
ELSEWHERE = ("running.restart_would_start", "running.changed_files", "running.memory.limit", "source.archive", "source.size",
             "source.state")
missing = set(described(schema, "report")) - found - {"report." + name for name in ELSEWHERE}
assert not missing, "no report fills " + ", ".join(sorted(missing))
close(schema)
validate = fastjsonschema.compile(schema)
for report in reports:
    validate(report)
