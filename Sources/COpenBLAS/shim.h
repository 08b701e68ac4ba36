// The door to OpenBLAS; Tensors is its only user.
#include <cblas.h>
