# For ports built by make:  make -C ports/PORT USER_C_MODULES=.../armillary/native ...
ARMILLARY := $(patsubst %/,%,$(dir $(USERMOD_DIR)))
ARMILLARY_MODULE := $(wildcard $(USERMOD_DIR)/*.c)
ARMILLARY_ENGINE := $(filter-out $(ARMILLARY)/src/confinement/% $(ARMILLARY)/src/lms_sign/%,$(wildcard $(ARMILLARY)/src/*/*.c))

SRC_USERMOD_C += $(ARMILLARY_MODULE)
# The engine holds no names for MicroPython's table of strings: it is compiled as a library is.
SRC_USERMOD_LIB_C += $(ARMILLARY_ENGINE)
CFLAGS_USERMOD += -I$(ARMILLARY)/src

# MicroPython brings a SHA-256 of its own for ports without mbedTLS, with a function of the same name.
$(patsubst $(USER_C_MODULES)/%.c,$(BUILD)/%.o,$(ARMILLARY_MODULE) $(ARMILLARY_ENGINE)): \
    CFLAGS += -Dsha256_update=armillary_sha256_update
