    .syntax unified
    .cpu cortex-m4
    .thumb
    .text

/*
 * attempt(code, r0, r1, control): run the code with that CONTROL; flags, r2 and r3 are zero.  A fault that
 * nobody handles goes on behind it, with this stack; CONTROL is 0 again.
 */
    .thumb_func
    .global attempt
    .type attempt, %function
attempt:
    push {r4-r11, lr}
    sub sp, #4
    ldr r4, =kept_sp
    mov r5, sp
    str r5, [r4]
    ldr r4, =resume_at
    ldr r5, =after
    str r5, [r4]
    mov r12, r0
    mov r0, r1
    mov r1, r2
    mov r4, r3
    lsls r5, r4, #31            /* without privilege: the way back is a call */
    beq 1f
    ldr r5, =handlers
    ldr r2, =rise + 1
    str r2, [r5, #44]
1:  movs r2, #0
    movs r3, #0
    msr apsr_nzcvq, r2
    msr control, r4
    isb
    blx r12
    mrs r4, control
    lsls r4, r4, #31
    beq after
    svc #0
    .thumb_func
after:
    ldr r4, =kept_sp
    ldr r4, [r4]
    mov sp, r4
    movs r0, #0
    msr control, r0
    isb
    add sp, #4
    pop {r4-r11, pc}

    .thumb_func
rise:
    movs r0, #0
    msr control, r0
    isb
    bx lr
    .ltorg

    .bss
    .align 2
kept_sp:
    .space 4
