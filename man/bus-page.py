#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""bus-page.py TEMPLATE MANAGER.XML UNIKERNEL.XML FIELDS.TSV METHODS.TSV ERRORS.TSV STATISTICS.TSV

Prints the source of org.albatross(5): the template, with each line "@WORD ARGUMENT@" replaced by
what the introspection data with its comments and the tables say, so that each is told once.
"""

import re
import sys


# These are those of another section, but for a few that the template itself explains.
TOLD_BY_HAND = {"set", "update"}


def table(path):
    with open(path, encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]


def quoted(text):
    """Text for scdoc, which would take these for markup."""
    return re.sub(r"([*_\\])", r"\\\1", text)


class Interface:
    """The members of an interface, each with the comment that stands before it."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.members = []
        pattern = r"(?:<!--(.*?)-->\s*)?<(method|signal) name=\"(\w+)\"(?:/>|>(.*?)</\2>)"
        for comment, kind, name, body in re.findall(pattern, text, re.S):
            arguments = [dict(re.findall(r'(\w+)="([^"]*)"', tag))
                         for tag in re.findall(r"<arg ([^>]*)/>", body)]
            self.members.append((kind, name, arguments, " ".join(comment.split())))

    def print_members(self, kind, actions):
        for its_kind, name, arguments, comment in self.members:
            if its_kind != kind:
                continue
            into = [a for a in arguments if a.get("direction") != "out"]
            out = [a for a in arguments if a.get("direction") == "out"]
            words = ", ".join(f"{a['type']} _{a['name']}_" for a in into)
            answer = "".join(f", {a['type']} _{a['name']}_" for a in out)[2:]
            print(f"*{name}*({words})" + (f" -> {answer}" if out else ""))
            if not comment:
                sys.exit(f"bus-page: nothing is said about {name}")
            print("\t" + quoted(comment))
            if kind == "method" and name in actions:
                action, verb = actions[name]
                print(f"\tAsks for the action _{action}_ with the verb _{verb}_.")
            print()


def print_fields(fields, where):
    rows = [row for row in fields if row[0] == where]
    if not rows:
        sys.exit(f"bus-page: no fields of {where}")
    for _, name, kind, unit, text in rows:
        print(f"*{name}* ({kind}{'' if unit == '-' else ', ' + unit})")
        print(f"\t{quoted(text)}.\n")


def print_statistics(figures, where):
    for its_where, name, kind, unit, source, key, text in figures:
        if its_where != where:
            continue
        origin = key if source == "computed" else source if key == "-" else f"{source}, {key}"
        print(f"*{name}* ({kind}{'' if unit == '-' else ', ' + unit})")
        print(f"\t{quoted(text)}. From: {quoted(origin)}.\n")


def main():
    template, manager, unikernel, fields, methods, errors, statistics = sys.argv[1:]
    sections = {row[0] for row in table(fields)} - TOLD_BY_HAND
    interfaces = {"manager": Interface(manager), "unikernel": Interface(unikernel)}
    actions = {name: (action, verb) for name, action, verb in table(methods)}
    with open(template, encoding="utf-8") as lines:
        for line in lines:
            word = re.fullmatch(r"@(\w+) ?([\w-]*)@\n", line)
            if not word:
                print(line, end="")
            elif word[1] in ("methods", "signals"):
                interfaces[word[2]].print_members(word[1][:-1], actions if word[2] == "manager" else {})
            elif word[1] == "fields":
                print_fields(table(fields), word[2])
                sections.discard(word[2])
            elif word[1] == "statistics":
                print_statistics(table(statistics), word[2])
            elif word[1] == "errors":
                for name, text in table(errors):
                    print(f"*{name}*\n\t{quoted(text)}.\n")
            else:
                sys.exit(f"bus-page: {line}")
    if sections:
        sys.exit(f"bus-page: {template} leaves out the fields of {', '.join(sorted(sections))}")


main()
