/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program sees at its very first instruction: alignment of the stack, registers, flags. */
/* cflags: -nostdlib -static -fno-stack-protector -fno-tree-loop-distribute-patterns */
#include <stddef.h>

struct start {
	unsigned long sp, dx, bx, bp, flags;
	unsigned int mxcsr;
	unsigned short fcw;
	unsigned short pad;
};

static long call3(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

static void print(const char *text, unsigned long value)
{
	char digits[20];
	size_t n = 0, i = sizeof(digits);

	while (text[n])
		n++;
	call3(1, 1, (long)text, n);
	digits[--i] = '\n';
	do
		digits[--i] = '0' + value % 10;
	while (value /= 10);
	call3(1, 1, (long)(digits + i), sizeof(digits) - i);
}

__attribute__((used)) void start_c(const struct start *s)
{
	const unsigned long *sp = (const unsigned long *)s->sp;

	print("stack pointer modulo 16: ", s->sp % 16);
	print("argc: ", sp[0]);
	print("argv[0] set: ", sp[1] != 0);
	print("argv ends with NULL: ", sp[1 + sp[0]] == 0);
	print("rdx: ", s->dx);
	print("rbx: ", s->bx);
	print("rbp: ", s->bp);
	print("direction flag: ", s->flags >> 10 & 1);
	print("trap flag: ", s->flags >> 8 & 1);
	print("mxcsr: ", s->mxcsr);
	print("x87 control word: ", s->fcw);
	call3(231, 0, 0, 0);
}

__asm__(".globl _start\n"
	"_start:\n\t"
	"mov %rsp, %rax\n\t"
	"sub $48, %rsp\n\t"
	"mov %rax, 0(%rsp)\n\t"
	"mov %rdx, 8(%rsp)\n\t"
	"mov %rbx, 16(%rsp)\n\t"
	"mov %rbp, 24(%rsp)\n\t"
	"pushfq\n\t"
	"pop %rax\n\t"
	"mov %rax, 32(%rsp)\n\t"
	"stmxcsr 40(%rsp)\n\t"
	"fnstcw 44(%rsp)\n\t"
	"mov %rsp, %rdi\n\t"
	"and $-16, %rsp\n\t"
	"call start_c\n\t"
	"hlt\n");
