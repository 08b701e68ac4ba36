#define _GNU_SOURCE
#include "CKernels.h"

#include <fcntl.h>
#include <stdio.h>

int ck_move(const char *from, const char *to, bool exchange) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, exchange ? RENAME_EXCHANGE : RENAME_NOREPLACE);
}
