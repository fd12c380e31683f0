#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shape of the code: long functions give a reason, architectures and call numbers keep their place."""

import re

from vulint import Report, files, read

LONG = 100
REASON = re.compile(r"/\* long: \S.*")
ARCH_IF = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b.*\b(__x86_64__|__i386__|__aarch64__|__arm__|"
                     r"__riscv\w*|__powerpc\w*|__s390\w*|__loongarch\w*|__mips\w*)")
CALL_CASE = re.compile(r"^\s*case\s+(__NR_|SYS_)\w+")
DEAD = re.compile(r"^\s*#\s*if\s+0\b")


def check_length(path, lines, report):
    """Functions in the kernel's layout: from a '{' to a '}' in the first column."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            length = number - start - 1
            around = lines[max(0, start - 12):number]
            if length > LONG and not any(REASON.search(text) for text in around):
                report.add(path, start,
                           f"function of {length} lines without a comment '/* long: reason */'")
            start = None


def check_lines(path, lines, report):
    """What a line alone tells."""
    for number, line in enumerate(lines, 1):
        if ARCH_IF.match(line) and not path.startswith("src/agent/arch/"):
            report.add(path, number, "conditional on the architecture outside src/agent/arch/")
        if CALL_CASE.match(line):
            report.add(path, number, "switch on a system call number: it belongs in syscalls.def")
        if DEAD.match(line):
            report.add(path, number, "dead code")


def main():
    """Checks the program itself, not its tests."""
    report = Report()
    sources = files(".c", ".h", under=("src", "modules", "include", "tools"))
    for path in sources:
        lines = read(path).splitlines()
        check_length(path, lines, report)
        check_lines(path, lines, report)
    report.finish(f"shape of {len(sources)} files")


main()
