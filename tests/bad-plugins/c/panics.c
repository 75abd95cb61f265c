/* Reading one item falls over, and says so. */
#define AT_ITEM if (item == 277) return fail(host, "panicked: index out of bounds"), WB_PANIC;
#include "skeleton.h"
