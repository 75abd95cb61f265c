/* A parameter does not say what it is. */
#define PARAMETERS {.name = WB_STR("side"), .fallback = {.type = WB_INT, .i = 8}}
#include "skeleton.h"
