/* What is read depends on its place among the items that are read together. */
#define PIXEL(item, at, sound) (i % 2 && (at) == 3 ? 1 - (sound) : (sound))
#include "skeleton.h"
