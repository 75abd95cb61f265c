/* Reading one item aborts. */
#define AT_ITEM if (item == 277) abort();
#include "skeleton.h"
