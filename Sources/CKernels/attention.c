#include "attention.h"

#include "sets/table.h"

void ck_store_keys_values(const struct ck_kernels *set, const struct ck_store *store) {
  set->store_keys_values(store);
}

void ck_attend(const struct ck_kernels *set, const struct ck_attend *attend) { set->attend(attend); }
