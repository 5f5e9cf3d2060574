/* SPDX-License-Identifier: ISC */

/*
 * The page that stays: it makes the last calls, of which only the last one, the system call filter,
 * must succeed, and enters the guest with clean registers. It uses no memory but the list of calls,
 * since the stack of its caller is among what these unmap.
 */

        .section .text.departure, "ax", @progbits
        .balign 4096
        .globl departure_page, departure_run, departure_page_end
        .hidden departure_page, departure_run, departure_page_end
        .type departure_run, @function

departure_page:
departure_run:                          /* rdi calls, rsi number of calls, rdx entry, */
        movq %rdi, %r12                 /* rcx boot information, r8 stack */
        movq %rsi, %r13
        movq %rdx, %r14
        movq %rcx, %r15
        movq %r8, %rsp

next:
        movq 0(%r12), %rax
        movq 8(%r12), %rdi
        movq 16(%r12), %rsi
        movq 24(%r12), %rdx
        syscall
        addq $32, %r12
        decq %r13
        jnz next

        testq %rax, %rax
        jnz failed

        movq %r15, %rdi
        movq %r14, %rax
        xorl %ebx, %ebx
        xorl %ecx, %ecx
        xorl %edx, %edx
        xorl %esi, %esi
        xorl %ebp, %ebp
        xorl %r8d, %r8d
        xorl %r9d, %r9d
        xorl %r10d, %r10d
        xorl %r11d, %r11d
        xorl %r12d, %r12d
        xorl %r13d, %r13d
        xorl %r14d, %r14d
        xorl %r15d, %r15d
        jmpq *%rax

failed:
        movl $1, %eax                   /* write */
        movl $1, %edi
        leaq message(%rip), %rsi
        movl $(message_end - message), %edx
        syscall
        movl $231, %eax                 /* exit_group */
        movl $1, %edi
        syscall
        ud2

message:
        .ascii "albatross-spt: Cannot filter system calls\n"
message_end:
        .size departure_run, . - departure_run

        .balign 4096
departure_page_end:

        .section .note.GNU-stack, "", @progbits
