# For ports built by make:  make -C ports/PORT USER_C_MODULES=.../armillary/native ...
ARMILLARY := $(patsubst %/,%,$(dir $(USERMOD_DIR)))

SRC_USERMOD_C += $(wildcard $(USERMOD_DIR)/*.c)
# The engine holds no names for MicroPython's table of strings: it is compiled as a library is.
SRC_USERMOD_LIB_C += $(filter-out $(ARMILLARY)/src/confinement/%,$(wildcard $(ARMILLARY)/src/*/*.c))
CFLAGS_USERMOD += -I$(ARMILLARY)/src
