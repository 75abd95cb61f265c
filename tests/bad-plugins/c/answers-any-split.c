/* There is every split that one asks for. */
#define NO_SUCH_SPLIT *items = 10
#include "skeleton.h"
