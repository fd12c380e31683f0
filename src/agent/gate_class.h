/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the gate does with a call, by the column `when` of abi/syscalls.def: it makes it at once; it asks the agent; the
 * same if argument n is not zero. Unless vu_gate_asks it looks itself whether a call is not about the tree's descriptor,
 * or one of an empty path. For C and for gate.S.
 */
#ifndef VU_AGENT_GATE_CLASS_H
#define VU_AGENT_GATE_CLASS_H

#define VU_GATE_HOST   0
#define VU_GATE_TRAP   1
#define VU_GATE_GATE   1
#define VU_GATE_OWN0   2
#define VU_GATE_EMPTY  3
#define VU_GATE_OWN1   1
#define VU_GATE_ENOSYS 1
#define VU_GATE_ARG(n) (4 + (n))
#define VU_GATE_ARG1   VU_GATE_ARG(1)
#define VU_GATE_ARG3   VU_GATE_ARG(3)
#define VU_GATE_ARG4   VU_GATE_ARG(4)
#define VU_GATE_ARG5   VU_GATE_ARG(5)

#endif
