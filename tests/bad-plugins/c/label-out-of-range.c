/* One item has a label that has no class. */
#define LABEL(item, sound) ((item) == 123 ? 2 : (sound))
#include "skeleton.h"
