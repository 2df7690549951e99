# For ports built by CMake (rp2, esp32):  cmake -DUSER_C_MODULES=.../armillary/native/micropython/micropython.cmake ...
add_library(usermod_armillary INTERFACE)

file(GLOB ARMILLARY_MODULE ${CMAKE_CURRENT_LIST_DIR}/*.c)
file(GLOB ARMILLARY_ENGINE ${CMAKE_CURRENT_LIST_DIR}/../src/*/*.c)
list(FILTER ARMILLARY_ENGINE EXCLUDE REGEX "/(confinement|lms_sign)/")

target_sources(usermod_armillary INTERFACE ${ARMILLARY_MODULE} ${ARMILLARY_ENGINE})
target_include_directories(usermod_armillary INTERFACE ${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_LIST_DIR}/../src)
target_link_libraries(usermod INTERFACE usermod_armillary)

# MicroPython brings a SHA-256 of its own for ports without mbedTLS, with a function of the same name.
set_source_files_properties(${ARMILLARY_MODULE} ${ARMILLARY_ENGINE} PROPERTIES
    COMPILE_DEFINITIONS sha256_update=armillary_sha256_update)
