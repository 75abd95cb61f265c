/* Sound on one thread; with several at once, one disturbs the other. */
#define _POSIX_C_SOURCE 200809L
#include <stdatomic.h>
#include <time.h>
static atomic_int inside;
#define IN_READ                                                \
    int disturbed = atomic_fetch_add(&inside, 1) > 0;          \
    nanosleep(&(struct timespec){.tv_nsec = 200 * 1000}, NULL); \
    disturbed |= atomic_load(&inside) > 1;
#define PIXEL(item, at, sound) (disturbed ? 0.5f : (sound))
#define AFTER_READ atomic_fetch_sub(&inside, 1);
#define NO_SUCH_ITEM return atomic_fetch_sub(&inside, 1), fail(host, "there is no such item")
#include "skeleton.h"
