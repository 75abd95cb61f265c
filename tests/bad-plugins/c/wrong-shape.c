/* An image without channels. */
#define SHAPE {2, WB_F32, {SIDE, SIDE}}
#include "skeleton.h"
