/* Vectors and the one handler behind all of them. */
    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb

    .section .vectors, "a"
    .global vectors
vectors:
    .word 0x40000
    .word reset
    .rept 62
    .word trap_entry
    .endr

    .text
    .thumb_func
    .global reset
reset:
    bl main
    bl finish

    .thumb_func
    .global trap_entry
    .type trap_entry, %function
trap_entry:
    mov r0, lr
    mrs r1, msp
    mrs r2, psp
    push {r4, lr}
    bl trap
    pop {r4, pc}
