#ifndef CK_FILES_H
#define CK_FILES_H
#include <stdbool.h>

/// Renames a file or folder in one step: to a name that is free, or else it changes places with what has the name.
/// Gives 0, or -1 and errno; glibc shows the call behind it only to C.
int ck_move(const char *from, const char *to, bool exchange);
#endif
