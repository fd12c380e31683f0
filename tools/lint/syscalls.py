#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every system call number of the kernel's headers has one row in src/abi/syscalls.def."""

import os
import re
import subprocess

from vulint import Report, read

TABLE = "src/abi/syscalls.def"
ROW = re.compile(r"^VU_SYSCALL\(\s*(\d+)\s*,\s*(\w+)\s*,")


def kernel_numbers():
    """{number: name} of the installed headers."""
    text = subprocess.run([os.environ.get("CC", "cc"), "-E", "-dM", "-x", "c", "-"],
                          input="#include <asm/unistd_64.h>\n", text=True, check=True,
                          capture_output=True).stdout
    found = re.findall(r"^#define __NR_(\w+) (\d+)$", text, re.M)
    return {int(number): name for name, number in found}


def main():
    """Compares the table with the headers."""
    report = Report()
    rows = {}
    last = -1
    for line_number, line in enumerate(read(TABLE).splitlines(), 1):
        match = ROW.match(line)
        if not match:
            if line.startswith("VU_"):
                report.add(TABLE, line_number, "not a row VU_SYSCALL(number, name, ...)")
            continue
        number, name = int(match.group(1)), match.group(2)
        if number in rows:
            report.add(TABLE, line_number, f"second row for number {number}")
        elif number < last:
            report.add(TABLE, line_number, "rows are not in the order of their numbers")
        last = number
        rows[number] = (name, line_number)
    known = kernel_numbers()
    for number, name in sorted(known.items()):
        if number not in rows:
            report.add(TABLE, 0, f"no row for {name} ({number})")
        elif rows[number][0] != name:
            report.add(TABLE, rows[number][1], f"{number} is called {name} by the kernel's headers")
    report.finish(f"{len(rows)} rows against {len(known)} numbers of the kernel's headers")


main()
