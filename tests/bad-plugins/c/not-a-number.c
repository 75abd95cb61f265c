/* One pixel of one item is not a number. */
#define PIXEL(item, at, sound) ((item) == 277 && (at) == 10 ? NAN : (sound))
#include "skeleton.h"
