#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each file names its licence in one of its first three lines."""

import re

from vulint import Report, files, read

LINE = "SPDX-License-Identifier: LGPL-2.1-or-later"
EXEMPT = re.compile(r"^(LICENSE|.*\.(md|png|svg|sum|txt|json))$")


def main():
    """Checks all files that are text of ours."""
    report = Report()
    checked = [p for p in files() if not EXEMPT.match(p)]
    for path in checked:
        if not any(LINE in line for line in read(path).splitlines()[:3]):
            report.add(path, 0, f"lacks '{LINE}' in its first three lines")
    report.finish(f"licence lines of {len(checked)} files")


main()
