/*
 * What `armillary bench m4` runs: integer work of several kinds, with SysTick interrupting it.
 *
 * The first word at 0x20008000 says how many rounds, the second is SysTick's reload (0: none).  The program
 * ends in finish(), by asking for a reset.
 */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define WISHES ((volatile uint32_t *)0x20008000)

static volatile uint32_t ticks, answer;

void reset(void);
void tick(void);
void finish(void);

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    0x20008000, (uintptr_t)reset, [15] = (uintptr_t)tick};

void tick(void)
{
    ticks++;
}

__attribute__((section(".finish"), used, noinline)) void finish(void)
{
    for (;;)
        REG(0xe000ed0c) = 0x05fa0004;
}

static uint32_t crc(const uint8_t *bytes, uint32_t size, uint32_t sum)
{
    for (uint32_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        for (uint32_t bit = 0; bit < 8; bit++)
            sum = sum & 1 ? sum >> 1 ^ 0xedb88320 : sum >> 1;
    }
    return sum;
}

static void multiply(int32_t out[8][8], const int32_t a[8][8], const int32_t b[8][8])
{
    for (uint32_t i = 0; i < 8; i++)
        for (uint32_t j = 0; j < 8; j++) {
            int32_t sum = 0;
            for (uint32_t k = 0; k < 8; k++)
                sum += a[i][k] * b[k][j];
            out[i][j] = sum >> 3;
        }
}

struct node {
    struct node *next;
    uint32_t value;
};

static uint32_t walk(struct node *nodes, uint32_t count, uint32_t seed)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        nodes[i].next = 0;
        nodes[i].value = seed = seed * 1664525 + 1013904223;
    }
    for (uint32_t i = 0; i + 1 < count; i++)
        nodes[i].next = &nodes[i + 1];
    for (const struct node *node = nodes; node; node = node->next)
        found += node->value > seed ? node->value & 7 : 1;
    return found;
}

/* Numbers in text: a machine of states. */
static uint32_t parse(const char *text)
{
    uint32_t total = 0, number = 0;
    for (; *text; text++)
        switch (*text) {
        case '0' ... '9':
            number = number * 10 + (uint32_t)(*text - '0');
            break;
        case ',':
            total += number;
            number = 0;
            break;
        default:
            total ^= (uint32_t)*text;
        }
    return total + number;
}

void reset(void)
{
    static int32_t a[8][8], b[8][8], c[8][8];
    static struct node nodes[32];
    uint32_t sum = 0xffffffff;
    if (WISHES[1]) {
        REG(0xe000e014) = WISHES[1];
        REG(0xe000e010) = 7;
    }
    for (uint32_t i = 0; i < 64; i++)
        a[i / 8][i % 8] = (int32_t)i, b[i % 8][i / 8] = (int32_t)(i ^ 21);
    for (uint32_t round = WISHES[0]; round; round--) {
        multiply(c, (const int32_t(*)[8])a, (const int32_t(*)[8])b);
        sum += walk(nodes, 32, sum) + parse("12,7,x1999,+42,65535,-3,1000000");
        sum = crc((const uint8_t *)c, 128, sum);
    }
    answer = sum;
    finish();
}
