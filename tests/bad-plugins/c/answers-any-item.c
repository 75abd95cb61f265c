/* An item that there is not is answered as if it were there. */
#define NO_SUCH_ITEM item %= there
#include "skeleton.h"
