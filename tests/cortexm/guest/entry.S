    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb
    .text

/* probe_on(kind, with_floats, seen, stack, control): see entry.c */
    .thumb_func
    .global probe_on
    .type probe_on, %function
probe_on:
    push {r4-r11, lr}
    vpush {s16-s31}
    ldr r4, [sp, #100]          /* control: 9 + 16 words were pushed */
    ldr r5, =saved
    mov r6, sp
    stm r5, {r0, r1, r2, r3, r4, r6}
    lsls r6, r4, #30            /* bit 1: the process stack */
    bpl 1f
    msr psp, r3
    b 2f
1:  mov sp, r3
2:  cbz r1, 3f
    bl fill_floats
    ldr r4, [r5, #16]
    orr r4, #4                  /* its floating-point context is live */
3:  msr control, r4
    isb
    ldr r5, =saved
    ldr r0, [r5]
    adr r1, kinds
    ldr r1, [r1, r0, lsl #2]
    str r1, [r5, #24]
    ldr r0, =0xa8000000         /* N, C, Q */
    msr apsr_nzcvq, r0
    ldr r0, =0x11110000
    ldr r2, =0x22220002
    ldr r3, =0x33330003
    ldr r4, =0x44440004
    ldr r6, =0x66660006
    ldr r7, =0x77770007
    ldr r8, =0x88880008
    ldr r9, =0x99990009
    ldr r10, =0xaaaa000a
    ldr r11, =0xbbbb000b
    ldr r12, =0xcccc000c
    ldr lr, =0xeeee000e
    bx r1

    .align 2
kinds:
    .word by_svc + 1, by_pendsv + 1, by_irq + 1, by_systick + 1, by_stir + 1

by_svc:
    svc #7
    b after
by_pendsv:
    ldr r1, =0xe000ed04
    ldr r5, =0x10000000
    b store
by_irq:
    ldr r1, =0xe000e200
    movs r5, #1
    b store
by_systick:
    ldr r1, =0xe000ed04
    ldr r5, =0x04000000
    b store
by_stir:
    ldr r1, =0xe000ef00
    movs r5, #1
store:
    str r5, [r1]
    dsb
    isb

after:
    push {r4, r5}
    ldr r5, =saved
    ldr r4, [r5, #8]            /* seen */
    stm r4!, {r0-r3}
    pop {r0, r1}
    stm r4!, {r0, r1, r6, r7}
    mov r0, r8
    mov r1, r9
    mov r2, r10
    mov r3, r11
    stm r4!, {r0-r3}
    str r12, [r4], #4
    ldr r0, [r5, #12]
    mov r1, sp
    sub.w r0, r0, r1
    str r0, [r4], #4
    mrs r0, apsr
    str r0, [r4], #4
    mrs r0, control
    str r0, [r4], #4
    vmrs r0, fpscr
    str r0, [r4], #4
    vstm r4, {s0-s31}
    ldr r0, =handlers           /* back to privilege, by a call */
    ldr r1, [r0, #44]
    str r1, [r5, #28]
    ldr r1, =rise + 1
    str r1, [r0, #44]
    svc #0
    ldr r0, =handlers
    ldr r1, [r5, #28]
    str r1, [r0, #44]
    movs r0, #0
    msr control, r0
    isb
    ldr r6, [r5, #20]
    mov sp, r6
    vpop {s16-s31}
    pop {r4-r11, pc}

rise:
    movs r0, #0
    mrs r1, control
    bic r1, #1
    msr control, r1
    bx lr

fill_floats:
    push {r4, r5}
    ldr r4, =0x3f800000
    vmov s0, r4
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    add r4, #0x1100
    vmov s\n, r4
    .endr
    ldr r4, =0x03000000
    vmsr fpscr, r4
    pop {r4, r5}
    bx lr
    .ltorg

    .bss
    .align 2
saved:
    .space 32
