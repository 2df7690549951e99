/* Output through a debugger that is not there: every call is a BKPT 0xAB. */
#include <stdio.h>

void initialise_monitor_handles(void);

int main(void) {
    initialise_monitor_handles();
    printf("nobody hears this\n");
    return 0;
}
