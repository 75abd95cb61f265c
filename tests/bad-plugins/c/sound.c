/* Nothing is wrong with it. */
#include "skeleton.h"
