/* Bytes, given as numbers that should be from 0 to 1. */
#define PIXEL(item, at, sound) (255 * (sound))
#include "skeleton.h"
