/* printf of everything, with the C library's own memory. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double initial = 2.5;
static int cleared[100];

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 64);
    printf("%d %+06d %x %c %s|%-6s|\n", -7, 42, 0xBEEFu, 'z', "text", "left");
    printf("%.3f %e %g\n", initial, initial * 1e10, (double)sqrtf(2.0f));
    char *text = malloc(100);
    if (snprintf(text, 100, "%s %u", strstr("no yes", "yes"), (unsigned)strtoul("4000000000", NULL, 10)) > 0) {
        puts(text);
    }
    free(text);
    for (int at = 0; at < 100; at++) {
        cleared[0] += cleared[at] + at;
    }
    printf("sum %d\n", cleared[0]);
    return 0;
}
