// What libFuzzer offers when it is used as a library (https://llvm.org/docs/LibFuzzer.html).
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Runs the fuzzer with the command line of the program.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *data, size_t size));

/// libFuzzer's own mutation; gives the new size.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);

/// Glibc's, which Swift does not see without `_GNU_SOURCE`: a file that lives in memory only.
int memfd_create(const char *name, unsigned int flags);
