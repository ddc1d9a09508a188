/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nested guest's first instructions: multiboot header, stack, interrupt entry.
 *
 * Only one interrupt is ever let through, the ACPI one; it wakes the processor from hlt so that
 * a waiting guest costs nothing.
 */
	.set	MAGIC, 0x1badb002
	.set	FLAGS, 0x00000002

	.section .multiboot, "a"
	.align	4
	.long	MAGIC
	.long	FLAGS
	.long	-(MAGIC + FLAGS)

	.text
	.globl	_start
_start:
	movl	$stack_end, %esp
	pushl	%ebx
	pushl	%eax
	call	guest_main
1:	cli
	hlt
	jmp	1b

	/* The handler of the ACPI interrupt: the main loop looks at the status, nothing to do here. */
	.globl	wake
wake:
	pushl	%eax
	movb	$0x20, %al
	outb	%al, $0xa0
	outb	%al, $0x20
	popl	%eax
	iret

	.section .bss
	.align	16
	.skip	8192
stack_end:
	.section .note.GNU-stack, "", @progbits
