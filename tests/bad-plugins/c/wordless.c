/* Reading one item fails without saying why. */
#define AT_ITEM if (item == 277) return WB_ERR;
#include "skeleton.h"
