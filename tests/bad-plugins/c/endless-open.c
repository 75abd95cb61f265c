/* Opening never ends. */
#define IN_OPEN for (volatile int i = 0;; i++) {}
#include "skeleton.h"
