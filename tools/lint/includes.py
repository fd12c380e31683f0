#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Include directions: which part of the project may include which other."""

import os
import re

from vulint import ROOT, Report, files, read

# Part (folder): parts that it may include besides itself. The first match from the top counts.
ALLOWED = {
    "include/viewos": [],
    "src/abi": [],
    "src/base": [],
    "src/agent": ["src/abi"],
    "src/realm": ["src/abi", "src/base"],
    "src/umvu": ["src/abi", "src/base", "src/realm", "include/viewos"],
    "src/cmd": ["src/abi", "src/base"],
    "src/scan": ["src/abi", "src/base"],
    "src/files": ["src/abi", "src/base"],
    "src/fuse": ["src/base", "src/abi"],
    "modules": ["include/viewos"],
    "test/guest": [],
    "test/unit": ["src", "include/viewos", "modules"],
    "tools": [],
}

# The agent is freestanding: constants and types of compiler and kernel only.
AGENT_SYSTEM = re.compile(
    r"^(std(arg|bool|def|int|noreturn|align)|limits|float|elf)\.h$|^(linux|asm|asm-generic)/")

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]')


def part_of(path):
    """The part a file belongs to; modules are parts each."""
    for part in ALLOWED:
        if path.startswith(part + "/"):
            if part == "modules":
                return "/".join(path.split("/")[:2])
            return part
    return None


def resolve(path, quote, name):
    """The project's file that an include names, None if it is the system's."""
    for folder in ("src", "include") if quote == "<" else (os.path.dirname(path), "src", "include"):
        found = os.path.normpath(os.path.join(folder, name))
        if os.path.exists(os.path.join(ROOT, found)):
            return found
    return None


def check(path, report):
    """All includes of one file."""
    part = part_of(path)
    if part is None:
        return
    allowed = ALLOWED["modules" if part.startswith("modules/") else part]
    for number, line in enumerate(read(path).splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, name = match.groups()
        if name.endswith(".c"):
            report.add(path, number, f"includes a .c file: {name}")
        target = resolve(path, quote, name)
        if target is None:
            if quote == '"':
                report.add(path, number, f"not found in the project: {name}")
            elif part == "src/agent" and not AGENT_SYSTEM.match(name):
                report.add(path, number, f"the agent is freestanding, no <{name}>")
            continue
        other = part_of(target)
        if other != part and not any((other or target + "/").startswith(a) for a in allowed):
            report.add(path, number, f"{part} must not include {target}")


def main():
    """Checks all C sources."""
    report = Report()
    sources = files(".c", ".h", ".S", ".def")
    for path in sources:
        check(path, report)
    report.finish(f"include directions of {len(sources)} files")


main()
