# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the checkers share: the project's files, and how findings are told."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
SKIPPED = {".git", ".cache", "__pycache__"}  # .git is a file in a worktree


def files(*suffixes, under=("",)):
    """Paths from the root of the project's files that end in one of `suffixes`, sorted."""
    found = []
    for top in under:
        for folder, folders, names in os.walk(os.path.join(ROOT, top)):
            rel = os.path.relpath(folder, ROOT)
            folders[:] = [d for d in folders if d not in SKIPPED
                          and not (rel == "." and d.startswith("build"))]
            found += [os.path.normpath(os.path.join(rel, n)) for n in names
                      if n not in SKIPPED and (not suffixes or n.endswith(suffixes))]
    return sorted(found)


def read(path):
    """Text of a file of the project."""
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return f.read()


class Report:
    """Collects findings; finish() prints them and ends the program."""

    def __init__(self):
        self.findings = 0

    def add(self, where, line, text):
        """One finding at a line (0: the whole file)."""
        self.findings += 1
        print(f"{where}:{line}: {text}" if line else f"{where}: {text}")

    def finish(self, checked):
        """Exits with status 1 if there was a finding."""
        print(f"{checked}: {self.findings} findings")
        sys.exit(1 if self.findings else 0)
