/* The data set `my-plugin`: a bar across the picture; its class is whether the bar lies or stands.
 *
 * A plugin is a table of functions that the workbench finds under the name `wb_plugin_v1`, at the end of this file. What
 * each function may do is said in workbench_plugin.h; the guide is plugins/README.md.
 */
#include "workbench_plugin.h"

#include <stdlib.h>
#include <string.h>

/* What is held while the data are open. Many threads read at once, so it only changes in `open_data`. */
typedef struct data {
    int64_t side, items;
} data;

/* An error: the user sees the words with this file and line. The function then returns WB_ERR. */
static wb_status fail_at(const wb_host *host, const char *why, uint32_t line)
{
    host->fail(host->ctx, (wb_str){why, strlen(why)}, (wb_loc){WB_STR(__FILE__), line, 0});
    return WB_ERR;
}
#define FAIL(host, why) fail_at(host, why, __LINE__)

/* Strings come with a length and no zero at their end. */
static int is(wb_str text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

/* The value of a whole number that PARAMS declares: the workbench has checked it, and filled in the default. */
static int64_t whole_number(const wb_host *host, const char *name)
{
    wb_value value = {0};
    host->param(host->ctx, (wb_str){name, strlen(name)}, &value);
    return value.i;
}

static wb_status open_data(const wb_host *host, void **self)
{
    data *d = malloc(sizeof *d);
    if (!d) return FAIL(host, "out of memory");
    d->side = whole_number(host, "side");
    d->items = whole_number(host, "items");
    *self = d;
    return WB_OK;
}

static void close_data(void *self)
{
    free(self);
}

/* What an item is made of, one field after another: an image [channels, height, width] of bytes, and a class. */
static wb_status field(void *self, const wb_host *host, size_t index, wb_field *out)
{
    static const wb_str classes[] = {WB_STR("lying"), WB_STR("standing")};
    const data *d = self;
    (void)host;
    if (index > 1) return WB_UNSUPPORTED;
    if (index == 0) {
        out->name = (wb_str)WB_STR("image");
        out->role = WB_ROLE_IMAGE;
        out->shape = (wb_shape){3, WB_U8, {1, d->side, d->side}};
    } else {
        out->name = (wb_str)WB_STR("label");
        out->role = WB_ROLE_LABEL;
        out->kind = WB_CATEGORICAL;
        out->shape = (wb_shape){0, WB_I64, {0}};
        out->classes = classes;
        out->n_classes = 2;
    }
    return WB_OK;
}

static wb_status length(void *self, const wb_host *host, wb_str split, uint64_t *items)
{
    const data *d = self;
    (void)host;
    if (is(split, "train")) *items = (uint64_t)d->items;
    else if (is(split, "test")) *items = (uint64_t)d->items / 8;
    else return WB_UNSUPPORTED;
    return WB_OK;
}

/* A number that looks random, and is the same for the same item (SplitMix64). */
static uint64_t mix(uint64_t x)
{
    x = (x + 1) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Fills one buffer a field with the items that are asked for, one after another. The same number gives the same item. */
static wb_status read_items(void *self, const wb_host *host, wb_str split, const uint64_t *items, size_t n_items,
                            const wb_buffer *out, size_t n_out)
{
    const data *d = self;
    const size_t side = (size_t)d->side;
    uint64_t n;
    if (n_out != 2) return FAIL(host, "two buffers are wanted");
    if (length(self, host, split, &n) != WB_OK) return WB_UNSUPPORTED;
    for (size_t i = 0; i < n_items; i++) {
        if (items[i] >= n) return FAIL(host, "there is no such item");
        const uint64_t random = mix(2 * items[i] + (uint64_t)is(split, "test"));
        const int stands = (int)(random & 1);
        const size_t width = 1 + (random >> 1) % (side / 4), from = (random >> 17) % (side - width);
        unsigned char *image = (unsigned char *)out[0].data + i * side * side;
        for (size_t y = 0; y < side; y++)
            for (size_t x = 0; x < side; x++) {
                const size_t across = stands ? x : y;
                image[y * side + x] = across >= from && across < from + width ? 255 : 0;
            }
        ((int64_t *)out[1].data)[i] = stands;
    }
    return WB_OK;
}

/* What an experiment may set under [dataset]: checked before any of this code runs. */
static const wb_param PARAMS[] = {
    {.name = WB_STR("side"), .about = WB_STR("Pixels a side."),
     .fallback = {.type = WB_INT, .i = 28}, .min = 8, .max = 512},
    {.name = WB_STR("items"), .about = WB_STR("Pictures of the training split."),
     .fallback = {.type = WB_INT, .i = 4000}, .min = 64, .max = 1e9},
};

static const wb_dataset DATASET = {
    .struct_size = sizeof(wb_dataset),
    .name = WB_STR("my-plugin"),
    .about = WB_STR("A bar across the picture; its class is whether it lies or stands."),
    .params = PARAMS,
    .n_params = sizeof PARAMS / sizeof *PARAMS,
    .param_size = sizeof(wb_param),
    .open = open_data,
    .close = close_data,
    .field = field,
    .length = length,
    .read = read_items,
};

static const wb_dataset *const DATASETS[] = {&DATASET};

WB_EXPORT const wb_plugin wb_plugin_v1 = {
    .magic = WB_MAGIC,
    .struct_size = sizeof(wb_plugin),
    .major = WB_MAJOR,
    .minor = WB_MINOR,
    .name = WB_STR("my-plugin"),
    .version = WB_STR("0.1.0"),
    .datasets = DATASETS,
    .n_datasets = 1,
};
