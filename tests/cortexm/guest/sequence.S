    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb
    .text

/* run_sequence(code): registers from `state`, the code, registers to `state`.  The code ends with BX LR and keeps SP. */
    .thumb_func
    .global run_sequence
    .type run_sequence, %function
run_sequence:
    push {r4-r11, lr}
    vpush {s16-s31}
    sub sp, #4
    str r0, [sp]
    ldr r0, =state
    add r1, r0, #56
    vldm r1, {s0-s31}
    ldr r1, [r0, #184]
    vmsr fpscr, r1
    ldr r1, [r0, #52]
    msr apsr_nzcvqg, r1
    ldr lr, [sp]
    ldm r0, {r0-r12}
    blx lr
    push {r0, r1}
    mrs r1, apsr
    ldr r0, =state
    str r1, [r0, #52]
    add r0, #8
    stm r0, {r2-r12}
    pop {r2, r3}
    sub r0, #8
    strd r2, r3, [r0]
    add r1, r0, #56
    vstm r1, {s0-s31}
    vmrs r1, fpscr
    str r1, [r0, #184]
    add sp, #4
    vpop {s16-s31}
    pop {r4-r11, pc}
    .ltorg
