#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a file of system tests: bats-run.sh FILE. No process may outlive it.

set -euo pipefail
base=$(mktemp -d "${VU_TEST_TMP:-/tmp}/$(basename "$1" .bats).XXXXXX")
trap 'chmod -R u+rwX "$base" 2>/dev/null; rm -rf --one-file-system "$base"' EXIT
export TMPDIR=$base
export VU_BUILD VU_SOURCE
"$VU_BUILD/test/leash" -t "${VU_BATS_TIMEOUT:-290}" bats --tap "$1"
