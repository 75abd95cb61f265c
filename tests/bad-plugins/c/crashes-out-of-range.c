/* An item that there is not is looked for anyway. */
static int *volatile nowhere;
#define NO_SUCH_ITEM *nowhere = 1
#include "skeleton.h"
