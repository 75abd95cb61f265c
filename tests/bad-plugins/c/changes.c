/* What is read depends on how often it was read. */
static volatile int times;
#define IN_READ times++;
#define PIXEL(item, at, sound) ((item) == 5 && (at) == 0 ? (float)(times % 2) : (sound))
#include "skeleton.h"
