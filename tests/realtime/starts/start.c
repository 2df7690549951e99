/* A start-up in the manner of those that come with C libraries: registers of the processor by hand, .data copied if it
 * is stored elsewhere, constructors called, output from the library's `_write`. With -DMOVED the vector table is copied
 * into memory first, as programs do that execute in place and set handlers while they run. The floating-point unit is
 * not switched on. */
#include "start.h"

extern uint32_t stack_top, data_start, data_end, data_stored, bss_start, bss_end;
extern char end;
int main(void);
void __libc_init_array(void);
void _init(void);
void reset(void);

static void stopped(void) {
    for (;;) {
    }
}

extern void (*const table[16 + 100])(void);
__attribute__((section(".table"), used)) void (*const table[16 + 100])(void) = {
    (void (*)(void))&stack_top, reset, stopped, stopped, stopped, stopped, stopped,
};

#ifdef MOVED
__attribute__((section(".moved"), aligned(512))) static void (*moved[16 + 100])(void);

void handle(uint32_t irq, void (*handler)(void)) {
    moved[16 + irq] = handler;
    WORD(0xE000E100u + 4u * (irq / 32u)) = 1u << (irq % 32u);
}
#endif

void reset(void) {
    WORD(0xE000ED08u) = (uint32_t)table;
#ifdef MOVED
    for (uint32_t at = 0; at < 16 + 100; at++) {
        moved[at] = table[at];
    }
    WORD(0xE000ED08u) = (uint32_t)moved;
#endif
    for (uint32_t *from = &data_stored, *to = &data_start; to < &data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *word = &bss_start; word < &bss_end; word++) {
        *word = 0;
    }
    WORD(0x2104000Cu) = 0x80; /* divisor: 115200 baud of 26 MHz */
    WORD(0x21040000u) = 14;
    WORD(0x2104000Cu) = 3;
    WORD(0x21040008u) = 7;
    __libc_init_array();
    (void)main();
    stopped();
}

void _init(void) {
}

#ifndef DEBUGGER /* its library has these */
struct stat;
int _write(int file, const char *text, int size);
void *_sbrk(int size);
int _read(int file, char *text, int size), _close(int file), _lseek(int file, int at, int from), _isatty(int file);
int _fstat(int file, struct stat *what), _kill(int who, int why), _getpid(void);
void _exit(int code);

int _write(int file, const char *text, int size) {
    (void)file;
    for (int at = 0; at < size; at++) {
        while (!(WORD(0x21040014u) & 0x20)) {
        }
        WORD(0x21040000u) = (uint32_t)(uint8_t)text[at];
    }
    return size;
}

/* Memory for malloc: what is above .bss. */
void *_sbrk(int size) {
    static char *top = &end;
    top += size;
    return top - size;
}

int _read(int file, char *text, int size) { (void)file, (void)text, (void)size; return 0; }
int _close(int file) { (void)file; return -1; }
int _lseek(int file, int at, int from) { (void)file, (void)at, (void)from; return 0; }
int _isatty(int file) { (void)file; return 1; }
int _fstat(int file, struct stat *what) { (void)file, (void)what; return -1; }
int _kill(int who, int why) { (void)who, (void)why; return -1; }
int _getpid(void) { return 1; }
void _exit(int code) { (void)code; stopped(); for (;;) { } }
#endif
