    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb
    .text

/*
 * enter_with(kind, psp, control): let the exception come with that stack; back here when it is over, or when
 * rescue() is called.
 */
    .thumb_func
    .global enter_with
    .type enter_with, %function
enter_with:
    push {r4-r11, lr}
    sub sp, #4
    ldr r4, =kept_sp
    mov r5, sp
    str r5, [r4]
    msr psp, r1
    msr control, r2
    isb
    adr r3, kinds
    ldr r3, [r3, r0, lsl #2]
    bx r3
    .align 2
kinds:
    .word by_svc + 1, by_pendsv + 1, by_irq + 1, by_udf + 1, by_bus + 1
by_svc:
    svc #0
    b over
by_pendsv:
    ldr r0, =0xe000ed04
    ldr r1, =0x10000000
    b store
by_irq:
    ldr r0, =0xe000e200
    movs r1, #1
store:
    str r1, [r0]
    dsb
    isb
    b over
by_udf:
    udf #0
by_bus:
    ldr r0, =0x70000000
    ldr r0, [r0]
    .thumb_func
over:
    movs r0, #0
    msr control, r0
    isb
    ldr r4, =kept_sp
    ldr r4, [r4]
    mov sp, r4
    add sp, #4
    pop {r4-r11, pc}

/* rescue(exc_return): return by a frame that is good, to `over`; a handler that was interrupted is left. */
    .thumb_func
    .global rescue
    .type rescue, %function
rescue:
    ldr r4, =0xe000ed24
    ldr r5, [r4]
    mrs r6, ipsr
    movw r7, #0x0fff
    bic r5, r7
    cmp r6, #4
    it eq
    orreq r5, #1
    cmp r6, #5
    it eq
    orreq r5, #2
    cmp r6, #6
    it eq
    orreq r5, #8
    str r5, [r4]
    ldr r4, =kept_sp
    ldr r4, [r4]
    sub r4, #64
    movs r5, #0
    movs r6, #6
    mov r7, r4
1:  str r5, [r7], #4
    subs r6, #1
    bne 1b
    ldr r5, =over
    str r5, [r7], #4
    ldr r5, =0x01000000
    str r5, [r7]
    msr msp, r4
    isb
    ldr lr, =0xfffffff9
    bx lr
    .ltorg

    .bss
    .align 2
kept_sp:
    .space 4
