#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
VU_SCAN_VERSION has been raised with each change of what makes lists of sites and patched copies, which users keep.

scan_version.py         compares with what is recorded in src/scan/version.sum
scan_version.py --fix   records the present state, for a version that has been raised
"""

import hashlib
import os
import re
import sys

from vulint import ROOT, Report, files, read

RECORD = "src/scan/version.sum"
HEADER = "src/abi/scan.h"
OTHERS = ["src/abi/code.h", "src/abi/syscalls.def", "src/umvu/code_plan.c"]


def state():
    """(version, sum) as the sources have it; neither the line of the version itself nor blanks count."""
    header = read(HEADER)
    version = re.search(r"^#define VU_SCAN_VERSION\s+(\d+)u.*$", header, re.M)
    texts = [header.replace(version.group(0), "")]
    texts += [read(path) for path in sorted(files(".c", ".h", under=("src/scan",))) + OTHERS]
    total = hashlib.sha256(re.sub(r"\s+", " ", "\0".join(texts)).encode())
    return version.group(1), total.hexdigest()


def main():
    """Compares, or records."""
    version, total = state()
    was_version, was_total = read(RECORD).split()
    report = Report()
    if total != was_total and version == was_version:
        report.add(HEADER, 0, "VU_SCAN_VERSION must be raised: what it stands for has changed")
    elif (version, total) != (was_version, was_total):
        if sys.argv[1:] == ["--fix"]:
            with open(os.path.join(ROOT, RECORD), "w", encoding="ascii") as f:
                f.write(f"{version} {total}\n")
        else:
            report.add(RECORD, 0, f"is of version {was_version}: {sys.argv[0]} --fix records {version}")
    report.finish(f"version {version}")


if __name__ == "__main__":
    main()
