#include "../include/learning.h"

#include <math.h>

#define REAL float
#define NAME CK_F32
#include "real_f32.inc"

#include "learning.inc"
