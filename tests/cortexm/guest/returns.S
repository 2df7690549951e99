    .syntax unified
    .cpu cortex-m4
    .thumb
    .text

/*
 * call_once(control, within): an SVC, out of the handler of PendSV if `within`; its r0, or what escape()
 * leaves behind.  Ends in thread mode with MSP and everything kept, whatever happened.
 */
    .thumb_func
    .global call_once
    .type call_once, %function
call_once:
    push {r4-r11, lr}
    sub sp, #4
    ldr r4, =kept_sp
    mov r5, sp
    str r5, [r4]
    msr control, r0
    isb
    movs r0, #0
    cbz r1, 1f
    ldr r1, =0xe000ed04
    ldr r2, =0x10000000
    str r2, [r1]
    dsb
    isb
    b 2f
1:  svc #0
2:  adds r0, #1                 /* in an IT block that skips it: see IT_SET */
    adds r0, #2
    .thumb_func
finished:
    movs r1, #0
    msr control, r1
    isb
    ldr r4, =kept_sp
    ldr r4, [r4]
    mov sp, r4
    add sp, #4
    pop {r4-r11, pc}

/* leave(value, msp): as the handler's own end. */
    .thumb_func
    .global leave
    .type leave, %function
leave:
    msr msp, r1
    isb
    movs r1, #0
    movs r2, #0
    movs r3, #0
    mov lr, r0
    movs r0, #0
    bx lr

/* escape(): thread mode, at `finished`, with no exception active. */
    .thumb_func
    .global escape
    .type escape, %function
escape:
    ldr r4, =0xe000ed24         /* nothing is active but what runs */
    ldr r5, [r4]
    mrs r6, ipsr
    bic r5, #0xff
    bic r5, #0x0f00
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
    str r5, [r4, #0]
    str r5, [r4, #4]
    str r5, [r4, #8]
    str r5, [r4, #12]
    str r5, [r4, #16]
    str r5, [r4, #20]
    ldr r5, =finished
    str r5, [r4, #24]
    ldr r5, =0x01000000
    str r5, [r4, #28]
    msr msp, r4
    isb
    ldr lr, =0xfffffff9
    bx lr

    .ltorg

    .bss
    .align 2
kept_sp:
    .space 4
