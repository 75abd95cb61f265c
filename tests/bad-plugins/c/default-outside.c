/* A parameter does not allow its own default. */
#define PARAMETERS \
    {.name = WB_STR("side"), .about = WB_STR("Pixels a side."), .fallback = {.type = WB_INT, .i = 8}, .min = 16, .max = 64}
#include "skeleton.h"
