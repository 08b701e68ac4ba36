#include "../include/learning.h"

#include <math.h>

#define REAL double
#define NAME CK_F64
#include "real_f64.inc"

#include "learning.inc"
