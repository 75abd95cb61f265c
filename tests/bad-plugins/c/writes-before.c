/* One byte before the labels is written. */
#define AFTER_READ ((char *)out[1].data)[-1] = 7;
#include "skeleton.h"
