#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Each command has a man page and a completion, and its --help, its page and its completion name the
same long options. Needs a build: options.py BIN-FOLDER VERSION
"""

import os
import re
import subprocess
import sys

from vulint import ROOT, Report, read

OPTION = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)")


def run(*argv):
    """Runs a program natively; its status and output."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def page_of(name):
    """Path of a command's man page from the root."""
    for section in "18":
        path = f"man/{name}.{section}"
        if os.path.exists(os.path.join(ROOT, path)):
            return path
    return None


def check_page(name, options, report):
    """The man page names each option, and lists none that is not there."""
    page = page_of(name)
    if page is None:
        report.add(f"man/{name}.1", 0, f"command {name} has no man page")
        return
    text = subprocess.run(["mandoc", "-T", "utf8", os.path.join(ROOT, page)], capture_output=True,
                          text=True, check=True).stdout
    text = re.sub(".\b", "", text).replace("‐", "-").replace("−", "-")
    documented = set(OPTION.findall(text))
    for option in sorted(options - documented):
        report.add(page, 0, f"--{option} is in '{name} --help' only")
    items = set(re.findall(r"^\.It .*?Fl -([a-z][a-z0-9-]*)", read(page), re.M))
    for option in sorted(items - options):
        report.add(page, 0, f"--{option} is not in '{name} --help'")


def check_completion(name, options, report):
    """The completion names each option."""
    path = f"completions/{name}"
    if not os.path.exists(os.path.join(ROOT, path)):
        report.add(path, 0, f"command {name} has no completion")
        return
    text = read(path)
    if "_parse_help" in text or "_longopt" in text:
        return  # asks the command itself
    for option in sorted(options - set(OPTION.findall(text))):
        report.add(path, 0, f"--{option} is missing")


def main():
    """Checks all commands of a build."""
    folder, version = sys.argv[1:3]
    report = Report()
    names = sorted(os.listdir(folder))
    for name in names:
        status, out, err = run(os.path.join(folder, name), "--help")
        if status != 0 or not out or err:
            report.add(name, 0, f"--help: status {status}, {len(out)} bytes on stdout, stderr: {err}")
        options = set(OPTION.findall(out))
        for common in ("help", "version"):
            if common not in options:
                report.add(name, 0, f"'{name} --help' does not name --{common}")
        status, out, _ = run(os.path.join(folder, name), "--version")
        if status != 0 or version not in out:
            report.add(name, 0, f"--version: status {status}, says '{out.strip()}', not {version}")
        check_page(name, options, report)
        check_completion(name, options, report)
    if not names:
        report.add(folder, 0, "no commands")
    report.finish(f"options of {len(names)} commands")


main()
