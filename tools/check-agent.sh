#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Is this vu-loader what an agent has to be?
#   check-agent.sh FILE
# A static executable at its fixed address, nothing undefined, nothing for a dynamic linker, no
# writable code, an unexecutable stack, no TLS, and not one vector or x87 register touched.

set -euo pipefail
file=$1
address=7e000000 # VU_AGENT_ADDR
end=$((0x7e100000)) # VU_VIEW_ADDR
status=0

bad()
{
	echo "$file: $*"
	status=1
}

headers=$(readelf -W -h -l "$file")
sections=$(readelf -W -S "$file")

grep -q '^ *Type: *EXEC' <<<"$headers" || bad "not of type EXEC"
! grep -qE '^ *(DYNAMIC|INTERP) ' <<<"$headers" || bad "has something for a dynamic linker"
! grep -qE '^ *TLS ' <<<"$headers" || bad "has thread-local storage"
! grep -qE '\] \.(init_array|fini_array|ctors|dtors|rela?\.(dyn|plt|iplt|text|data))' <<<"$sections" ||
	bad "has constructors or relocations"
grep -qE '^ *GNU_STACK .* RW +0x' <<<"$headers" || bad "does not say that its stack is not executable"
! grep -qE '^ *LOAD .* (RWE|R?WE) ' <<<"$headers" || bad "has code that can be written"
! grep -q ' U ' < <(nm "$file") || bad "has undefined symbols: $(nm -u "$file" | tr -s ' \n' ' ')"

# Where its segments lie.
while read -r _ _ vaddr _ _ memsz _; do
	if ((vaddr < 0x$address || vaddr + memsz > end)); then
		bad "a segment at $vaddr lies outside the agent's range"
	fi
done < <(grep -E '^ *LOAD ' <<<"$headers")
grep -qE "^ *LOAD +0x0+ 0x0*$address " <<<"$headers" || bad "does not start at 0x$address"

# Vector and x87 state belongs to the guest; saving and loading it as a whole is allowed.
code=$(objdump -d --no-show-raw-insn "$file")
touched=$(grep -E '%[xyz]mm[0-9]|%st\b|%mm[0-7]|%k[0-7]\b' <<<"$code" | head -n 5) || true
[ -z "$touched" ] || bad "touches vector or x87 registers: $touched"
# %fs and %gs are the guest's.
segments=$(grep -E '%[fg]s:' <<<"$code" | head -n 5) || true
[ -z "$segments" ] || bad "uses %fs or %gs: $segments"

# pages PATTERN: the pages that the symbols of such names begin in; what the compiler adds to a name does not count.
pages()
{
	nm "$file" | sed -nE "s/^0*([0-9a-f]*)[0-9a-f]{3} [A-Za-z] ($1)(\.[a-z.0-9_]*)?\$/\1/p" | sort | uniq -c
}

# What most calls run is in one page, what they look up in another (agent.ld): each page costs them.
run=$(pages 'vu_gate|vu_gate_(f000|nr|ask|host|back|ret|unmask)|vu_quick|look|quick_name|vu_is_plain|is_plain_name|may_be_ours|may_be_mount_name|vu_known_now')
if [ "$(wc -l <<<"$run")" != 1 ] || [ "$(awk '{ print $1 }' <<<"$run")" -lt 12 ]; then
	bad "calls with a path need more than a page, or functions have other names now: $run"
fi
tables=$(pages 'vu_gate_class|quick_of')
if [ "$(wc -l <<<"$tables")" != 1 ] || ! grep -q " ${tables##* }$" < <(pages rows); then
	bad "the tables of calls need more than a page: $tables"
fi
exit $status
