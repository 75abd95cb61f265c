/* Reading one item writes to nowhere. */
static int *volatile nowhere;
#define AT_ITEM if (item == 277) *nowhere = 1;
#include "skeleton.h"
