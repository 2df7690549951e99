/* Code that changes: overlays copied over one another, an instruction patched in place, code that DMA brings. */
#include <stdio.h>
#include <string.h>

#include "dma.h"
#include "start.h"

enum { PLACE = 32, COPY = 12, WORDS = 2 }; /* bytes of a place of an overlay; the DMA channel, and its items */

typedef uint32_t function(uint32_t);

/* Written in the assembler, so that they are all as long and lie where they are put. */
__asm__(".section .rodata.overlays, \"a\"\n\t.align 5\n\t.syntax unified\n\t.thumb\n"
        "overlays:\n\tadds r0, #1\n\tbx lr\n\t.align 5\n"
        "\tlsls r0, r0, #1\n\tbx lr\n\t.align 5\n"
        "\tb 1f\n1:\tmuls r0, r0\n\tbx lr\n\t.align 5\n\t.text\n");
extern const uint8_t overlays[3 * PLACE];

static uint8_t near[PLACE] __attribute__((aligned(PLACE)));
IN_SYSRAM static uint8_t far[PLACE];
IN_SYSRAM static uint8_t brought[3 * PLACE];

static uint32_t call(const uint8_t *code, uint32_t value) {
    return ((function *)((uintptr_t)code | 1u))(value);
}

static void overlay(const char *name, uint8_t *place) {
    uint32_t value = 3;
    for (uint32_t round = 0; round < 6; round++) {
        memcpy(place, overlays + PLACE * (round % 3), PLACE);
        synchronize();
        value = call(place, value) % 1000;
    }
    printf("%s %u\n", name, (unsigned)value);
}

/* The first instruction is ADDS R0, #n: n is its low byte. */
static void patch(const char *name, uint8_t *place) {
    uint32_t value = 0;
    memcpy(place, overlays, PLACE);
    for (uint32_t by = 1; by <= 10; by++) {
        *(volatile uint8_t *)place = (uint8_t)by;
        synchronize();
        value = call(place, value);
    }
    printf("%s %u\n", name, (unsigned)value);
}

static void bring(void) {
    uint32_t value = 3;
    memcpy(brought, overlays, sizeof brought);
    for (uint32_t round = 0; round < 6; round++) {
        DMA(COPY, 0x00) = (uint32_t)(brought + PLACE * (round % 3));
        DMA(COPY, 0x04) = (uint32_t)far;
        DMA_CON(COPY) = 2 + 4 + 8; /* words, both addresses go on; no interrupt */
        DMA_COUNT(COPY) = WORDS;
        DMA_START(COPY) = DMA_RUN;
        while (WORD(DMA_BASE + 0x4000u) >> 2 * COPY & 1u) {
        }
        DMA_START(COPY) = 0;
        synchronize();
        value = call(far, value) % 1000;
    }
    printf("brought %u\n", (unsigned)value);
}

int main(void) {
    overlay("near", near);
    overlay("far", far);
    patch("patched near", near);
    patch("patched far", far);
    bring();
    return 0;
}
