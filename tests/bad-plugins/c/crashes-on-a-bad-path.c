/* A folder that is not there ends the process. */
#define IN_OPEN if (given) abort();
#include "skeleton.h"
