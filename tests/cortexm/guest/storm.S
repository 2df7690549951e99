    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb
    .text

/* PendSV: keep what a frame does not have below it, and go on with the next thread. */
    .thumb_func
    .global switch_threads
    .type switch_threads, %function
switch_threads:
    mrs r0, psp
    tst lr, #16
    it eq
    vstmdbeq r0!, {s16-s31}
    mov r3, lr
    sub r0, #4                  /* nine words and one to keep 8 bytes together */
    stmdb r0!, {r3}
    stmdb r0!, {r4-r11}
    push {r3, lr}
    bl next_stack
    pop {r3, lr}
    ldmia r0!, {r4-r11}
    ldmia r0!, {r3}
    add r0, #4
    mov lr, r3
    tst lr, #16
    it eq
    vldmiaeq r0!, {s16-s31}
    msr psp, r0
    bx lr

/* start_thread(psp): as if it were switched to; from here on it may be. */
    .thumb_func
    .global start_thread
    .type start_thread, %function
start_thread:
    add r0, #40                 /* what switch_threads would take */
    ldr r1, [r0, #24]
    add r0, #32
    msr psp, r0
    movs r2, #2
    msr control, r2
    isb
    orr r1, #1
    cpsie i
    bx r1
