#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""make-schema.py FIELDS STATISTICS OUTPUT

Writes the JSON Schema of what albatrossctl prints with --json, made from the tables of the bus's
fields: names, types and units stand there, once. Below $defs is a schema for each verb.
"""

import json
import sys


def rows(path):
    with open(path, encoding="utf-8") as table:
        for line in table:
            if line.strip() and not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def complete_types(signature):
    """The complete types that follow each other in a signature of D-Bus."""
    start = position = 0
    while position < len(signature):
        start = position
        while signature[position] == "a":
            position += 1
        if signature[position] in "({":
            depth = 0
            while True:
                depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(signature[position], 0)
                if depth == 0:
                    break
                position += 1
        position += 1
        yield signature[start:position]


def schema_of(signature):
    """How a value of that type is printed."""
    if signature == "ay":
        return {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
    if signature.startswith("a{"):
        return {"type": "object"}
    if signature.startswith("a"):
        return {"type": "array", "items": schema_of(signature[1:])}
    if signature.startswith("("):
        members = [schema_of(each) for each in complete_types(signature[1:-1])]
        return {"type": "array", "prefixItems": members, "minItems": len(members), "items": False}
    if signature in "bd":
        return {"type": {"b": "boolean", "d": "number"}[signature]}
    if signature in "yqut":
        return {"type": "integer", "minimum": 0}
    return {"type": {"i": "integer", "n": "integer", "x": "integer"}.get(signature, "string")}


def described(signature, unit, text):
    schema = schema_of(signature)
    schema["description"] = text if unit == "-" else f"{text} ({unit})"
    return schema


def an_object(properties, required=None):
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties if required is None else required),
        "additionalProperties": False,
    }


def array_of(name):
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


def text(description, **more):
    return {"type": "string", "description": description, **more}


def number(description, kind="number"):
    return {"type": kind, "minimum": 0, "description": description}


def read_fields(path):
    fields = {}
    for where, name, signature, unit, words in rows(path):
        fields.setdefault(where, {})[name] = described(signature, unit, words)
    return fields


def read_statistics(path):
    figures = {"unikernel": {}, "interface": {}}
    for where, name, signature, unit, _source, _field, words in rows(path):
        figures[where][name] = described(signature, unit, words)
    interface = {
        "Interface": text("Its name"),
        "Device": text("The network's name in the guest"),
        "Bridge": text("The bridge that it is in"),
        **figures["interface"],
    }
    figures["unikernel"]["Interfaces"] = {
        "type": "array",
        "description": "Its taps",
        "items": an_object(interface, ["Interface"]),
    }
    figures["unikernel"]["VMM"] = {
        "type": "object",
        "description": "What KVM counts of it, by the kernel's names",
        "additionalProperties": {"type": "integer"},
    }
    return figures["unikernel"]


# What monitor says beside Timestamp and Event.
EVENTS = {
    "Name": text("The unikernel"),
    "Path": text("That of a policy"),
    "Block": text("The block device"),
    "InvocationID": text("That of the run which started or ended", pattern="^[0-9a-f]{32}$"),
    "MainPID": number("Of started, where it is known: its process", "integer"),
    "ExitResult": text("Of ended: as in the properties of a unikernel"),
    "ExitStatus": {"type": "integer", "description": "Of ended: the exit status, or the signal"},
    "NextRestartTimestamp": number("Of restarting: when (microseconds UTC)", "integer"),
}
KINDS = [
    "created", "started", "ended", "restarting", "stopped", "failed", "changed", "destroyed",
    "policy-changed", "policy-removed", "block-created", "block-changed", "block-removed",
    "daemon-gone", "daemon-back",
]

# What top says of each unikernel, or each path.
TOP = {
    "NUnikernels": number("How many it is of", "integer"),
    "CPUPercent": number("CPU time, in percent of one CPU"),
    "MemoryBytes": number("Memory that it has", "integer"),
    "ReceivedBytesPerSecond": number("Received by the guest"),
    "SentBytesPerSecond": number("Sent by the guest"),
    "ReadBytesPerSecond": number("Read from disk"),
    "WrittenBytesPerSecond": number("Written to disk"),
}

LIST = ["Name", "Type", "State", "StateChangeTimestamp", "Memory", "CPUs", "Restarts"]


def make(fields, figures):
    unikernel, inspect, host = fields["unikernel"], fields["inspect"], fields["host"]
    policy = an_object({"Path": text("Its path; empty: the root"), **fields["policy"]})
    statistics = an_object({"Name": text("Full name"), **figures}, ["Name", "Timestamp"])
    definitions = {
        "list": array_of("list-item"),
        "list-item": an_object({name: unikernel[name] for name in LIST}),
        "show": an_object({**unikernel, **inspect}, unikernel),
        "status": array_of("status-item"),
        "status-item": an_object(
            {**unikernel, **inspect, "Statistics": an_object(figures, ["Timestamp"])}, unikernel),
        "status-host": an_object({**host, "Policy": {"$ref": "#/$defs/policy"}}, host),
        "policy-list": array_of("policy"),
        "policy": policy,
        "block-list": array_of("block"),
        "block": an_object(fields["block"]),
        "stats": array_of("statistics"),
        "statistics": statistics,
        "top": array_of("top-item"),
        "top-item": {
            **an_object({"Name": text("Full name"), "Path": text("With --paths"), **TOP},
                        ["NUnikernels"]),
            "oneOf": [{"required": ["Name"]}, {"required": ["Path"]}],
        },
        "monitor": an_object({
            "Timestamp": number("When it was heard of (microseconds UTC)", "integer"),
            "Event": text("What has happened", enum=KINDS),
            **EVENTS,
        }, ["Timestamp", "Event"]),
        "inspect": an_object({
            "Type": unikernel["Type"],
            "ABIVersion": number("The version of the interface that it was made for", "integer"),
            "Devices": {"type": "array", "items": an_object({
                "Type": text("What it is", enum=["net", "block", "unknown"]),
                "Name": text("Its name in the guest"),
            })},
            "ImageSize": unikernel["ImageSize"],
            "ImageDigest": inspect["ImageDigest"],
            "Format": text("How the file is packed", enum=["plain", "zlib", "gzip", "unknown"]),
        }),
        "import-state": {"type": "array", "items": an_object({
            "Kind": text("What it is: a policy, a unikernel, a block device"),
            "Original": {"description": "Its name there; bytes where that is no UTF-8"},
            "Name": text("Its name here"),
            "Outcome": text("What became of it"),
            "Reason": text("Why that failed; empty: it did not"),
            "Remarks": {"type": "array", "description": "What is different, and what was left out"},
        })},
        "cat-config": {"type": "array", "items": an_object({
            "Path": text("The file"),
            "Text": {"description": "What is in it; bytes where that is no UTF-8"},
        })},
        "console": {
            "type": "object",
            "description": "An entry of the journal, by its fields: see systemd.journal-fields(7)",
            "required": ["__REALTIME_TIMESTAMP"],
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What albatrossctl prints with --json",
        "description": "Each verb has its schema below $defs; monitor and console print one such "
                       "object for each event and line, with --json=short one a line.",
        "$defs": definitions,
    }


def main():
    fields, statistics, output = sys.argv[1:]
    schema = make(read_fields(fields), read_statistics(statistics))
    with open(output, "w", encoding="utf-8") as file:
        json.dump(schema, file, indent=2)
        file.write("\n")


main()
