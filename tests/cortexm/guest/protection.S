    .syntax unified
    .cpu cortex-m4
    .thumb
    .text

/* attempt(code, r0, r1, control): with that privilege; privileged again after it, or after its fault. */
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
    ldr r4, =handlers
    ldr r5, =rise + 1
    str r5, [r4, #44]
    mov r12, r0
    mov r0, r1
    mov r1, r2
    msr control, r3
    isb
    blx r12
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
