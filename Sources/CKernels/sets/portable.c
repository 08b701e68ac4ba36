// No instruction set is asked for: what the compiler takes for the machine's least member, on x86-64 and on Arm.
#define SET portable
// Rows whose sums fit the registers.
#define SET_ROWS 4
#define SET_HAS_FMA 0
#include "set.inc"
