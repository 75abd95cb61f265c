/* One row too many is written. */
#define WRITTEN(item) (PIXELS + SIDE)
#define AFTER_READ memset((float *)out[0].data + n_items * PIXELS, 7, SIDE * sizeof(float));
#include "skeleton.h"
