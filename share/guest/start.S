// SPDX-License-Identifier: Apache-2.0
//
// The first instructions of a guest, for three modes: -DBITS=16, 32 or 64. Xen starts the processor in
// flat 32-bit mode without paging; memory holds whatever it held before.

#define CODE32 8
#define DATA32 16
#define CODE64 24
#define CODE16 32
#define DATA16 40

    .section .start, "ax"
    .code32
    .globl _start
_start:
    cli
    cld
    movl $__bss_start, %edi
    movl $__bss_end, %ecx
    subl %edi, %ecx
    xorl %eax, %eax
    rep stosb
    movl $0x1000, %edi              // the mailbox
    movl $48, %ecx                  // all but the token behind it
    rep stosb
    movl $stack_top, %esp
    lgdt gdt_pointer
    ljmp $CODE32, $1f
1:  movl $DATA32, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs

#if BITS == 32
    call kit_begin
    call main
    pushl %eax
    call finish

#elif BITS == 16
    ljmp $CODE16, $2f
    .code16
2:  movw $DATA16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl %cr0, %eax
    andl $~1, %eax
    movl %eax, %cr0
    ljmp $0, $3f
3:  xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    lidt real_idt
    calll kit_begin
    calll main
    pushl %eax
    calll finish
real_idt:
    .word 0x3ff
    .long 0

#else
    // The first GiB, as it lies, in pages of 2 MiB.
    movl $pml4, %eax
    movl $pdpt + 3, (%eax)
    movl $pdpt, %eax
    movl $pd + 3, (%eax)
    movl $pd, %edi
    movl $0x83, %eax
    movl $512, %ecx
2:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 2b
    movl $pml4, %eax
    movl %eax, %cr3
    movl %cr4, %eax
    orl $0x20, %eax                 // PAE
    movl %eax, %cr4
    movl $0xc0000080, %ecx          // EFER
    rdmsr
    orl $0x100, %eax                // LME
    wrmsr
    movl %cr0, %eax
    orl $0x80000000, %eax           // PG
    movl %eax, %cr0
    ljmp $CODE64, $3f
    .code64
3:  movq $stack_top, %rsp
    call kit_begin
    call main
    movl %eax, %edi
    call finish
#endif

// --- interrupts, 32 and 64 bit -----------------------------------------------------------------
// Each vector has a stub of 16 bytes that leaves its number and an error code on the stack.

#if BITS != 16
    .text
    .balign 16
    .globl interrupt_stubs
interrupt_stubs:
    vector = 0
    .rept 256
    .balign 16
    .if vector != 8 && vector != 10 && vector != 11 && vector != 12 && vector != 13 && vector != 14 && vector != 17 && vector != 21
    push $0
    .endif
#if BITS == 32
    pushl $vector
#else
    pushq $vector
#endif
    jmp interrupt_common
    vector = vector + 1
    .endr

interrupt_common:
#if BITS == 32
    pusha
    pushl %esp
    call on_interrupt
    addl $4, %esp
    popa
    addl $8, %esp
    iret
#else
    pushq %rax; pushq %rcx; pushq %rdx; pushq %rbx; pushq %rbp; pushq %rsi; pushq %rdi
    pushq %r8; pushq %r9; pushq %r10; pushq %r11; pushq %r12; pushq %r13; pushq %r14; pushq %r15
    movq %rsp, %rdi
    call on_interrupt
    popq %r15; popq %r14; popq %r13; popq %r12; popq %r11; popq %r10; popq %r9; popq %r8
    popq %rdi; popq %rsi; popq %rbp; popq %rbx; popq %rdx; popq %rcx; popq %rax
    addq $16, %rsp
    iretq
#endif
#endif

    .section .rodata
    .balign 16
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff        // 32-bit code
    .quad 0x00cf93000000ffff        // data
    .quad 0x00af9b000000ffff        // 64-bit code
    .quad 0x00009b000000ffff        // 16-bit code
    .quad 0x000093000000ffff        // 16-bit data
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt

    .bss
    .balign 4096
#if BITS == 64
pml4: .skip 4096
pdpt: .skip 4096
pd:   .skip 4096
#endif
    .skip 16384
stack_top:
    .section .note.GNU-stack, "", @progbits
