/* Reading one item never ends. */
#define AT_ITEM while (item == 277) {}
#include "skeleton.h"
