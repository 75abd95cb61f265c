/* Reading one item ends the process as if all were well. */
#define AT_ITEM if (item == 277) exit(0);
#include "skeleton.h"
