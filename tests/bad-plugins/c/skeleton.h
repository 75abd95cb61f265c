/* A sound data set: stripes across and down. A file beside this one defines one of the hooks below, so that it has one
 * fault, and includes it. */
#include "workbench_plugin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifndef SIDE
#define SIDE 8
#endif
#define PIXELS (SIDE * SIDE)

/* The shape of an image. */
#ifndef SHAPE
#define SHAPE {3, WB_F32, {1, SIDE, SIDE}}
#endif
/* What pixel `at` of an item is. */
#ifndef PIXEL
#define PIXEL(item, at, sound) (sound)
#endif
/* What an item's label is. */
#ifndef LABEL
#define LABEL(item, sound) (sound)
#endif
/* How many pixels of an item are written. */
#ifndef WRITTEN
#define WRITTEN(item) PIXELS
#endif
/* What is done first in `open`, in `read`, for each item, and in `close`. The first three may return. */
#ifndef IN_OPEN
#define IN_OPEN
#endif
#ifndef IN_CLOSE
#define IN_CLOSE
#endif
#ifndef IN_READ
#define IN_READ
#endif
#ifndef AT_ITEM
#define AT_ITEM
#endif
/* What is done last in `read`. */
#ifndef AFTER_READ
#define AFTER_READ
#endif
/* What is done about an item that there is not. */
#ifndef NO_SUCH_ITEM
#define NO_SUCH_ITEM return fail(host, "there is no such item")
#endif
/* What is answered to a split that there is not. */
#ifndef NO_SUCH_SPLIT
#define NO_SUCH_SPLIT return WB_UNSUPPORTED
#endif
#ifndef PARAMETERS
#define PARAMETERS                                                                                   \
    {.name = WB_STR("folder"), .about = WB_STR("Where something may be."), .fallback = {.type = WB_PATH}}
#endif

static wb_status fail(const wb_host *host, const char *why)
{
    host->fail(host->ctx, (wb_str){why, strlen(why)}, WB_HERE);
    return WB_ERR;
}

static int is(wb_str text, const char *word) { return text.len == strlen(word) && !memcmp(text.ptr, word, text.len); }

static wb_status length(void *self, const wb_host *host, wb_str split, uint64_t *items)
{
    (void)self, (void)host;
    if (is(split, "train")) *items = 300;
    else if (is(split, "test")) *items = 40;
    else NO_SUCH_SPLIT;
    return WB_OK;
}

static wb_status open_data(const wb_host *host, void **self)
{
    wb_value folder;
    int given = host->param(host->ctx, (wb_str)WB_STR("folder"), &folder) == WB_OK && folder.s.len > 0;
    (void)given;
    IN_OPEN
    if (given) return fail(host, "there is nothing in that folder");
    *self = &length;
    return WB_OK;
}

static void close_data(void *self)
{
    (void)self;
    IN_CLOSE
}

static wb_status field(void *self, const wb_host *host, size_t index, wb_field *out)
{
    static const wb_str classes[] = {WB_STR("across"), WB_STR("down")};
    (void)self, (void)host;
    size_t size = out->struct_size;
    if (index == 0)
        *out = (wb_field){.name = WB_STR("image"), .role = WB_ROLE_IMAGE, .kind = WB_REAL, .shape = SHAPE};
    else if (index == 1)
        *out = (wb_field){.name = WB_STR("label"), .role = WB_ROLE_LABEL, .kind = WB_CATEGORICAL,
                          .shape = {0, WB_I64, {0}}, .classes = classes, .n_classes = 2};
    else
        return WB_UNSUPPORTED;
    out->struct_size = size;
    return WB_OK;
}

static wb_status read_data(void *self, const wb_host *host, wb_str split, const uint64_t *items, size_t n_items,
                           const wb_buffer *out, size_t n_out)
{
    uint64_t there = 0;
    (void)n_out;
    if (length(self, host, split, &there)) return fail(host, "there is no such split");
    IN_READ
    for (size_t i = 0; i < n_items; i++) {
        uint64_t item = items[i];
        float *pixels = (float *)out[0].data + i * PIXELS;
        if (item >= there) NO_SUCH_ITEM;
        AT_ITEM
        for (int at = 0; at < WRITTEN(item); at++) {
            uint64_t along = (uint64_t)(item % 2 ? at / SIDE : at % SIDE);
            pixels[at] = PIXEL(item, at, (float)((along + item / 2) % 2));
        }
        ((int64_t *)out[1].data)[i] = LABEL(item, (int64_t)(item % 2));
    }
    AFTER_READ
    return WB_OK;
}

static const wb_param PARAMS[] = {PARAMETERS};

static const wb_dataset DATA = {
    .struct_size = sizeof(wb_dataset), .name = WB_STR("stripes"), .about = WB_STR("Stripes across and down."),
    .params = PARAMS, .n_params = sizeof PARAMS / sizeof *PARAMS, .param_size = sizeof(wb_param),
    .open = open_data, .close = close_data, .field = field, .length = length, .read = read_data,
};

static const wb_dataset *const DATASETS[] = {&DATA};

WB_EXPORT const wb_plugin wb_plugin_v1 = {
    .magic = WB_MAGIC, .struct_size = sizeof(wb_plugin), .major = WB_MAJOR, .minor = WB_MINOR,
    .name = WB_STR("stripes"), .version = WB_STR("0.1.0"), .datasets = DATASETS, .n_datasets = 1,
};
