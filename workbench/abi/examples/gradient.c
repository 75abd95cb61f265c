/* A data set in C: pictures of one straight gradient each, its label the direction.
 *
 *     cc -shared -fPIC -I ../include -o libgradient.so gradient.c -lm
 */
#include "workbench_plugin.h"

#include <math.h>
#include <stdlib.h>

#define DIRECTIONS 8

typedef struct gradient {
    int64_t side, items;
} gradient;

static const wb_str DIRECTION_NAMES[DIRECTIONS] = {
    WB_STR("east"), WB_STR("north-east"), WB_STR("north"), WB_STR("north-west"),
    WB_STR("west"), WB_STR("south-west"), WB_STR("south"), WB_STR("south-east"),
};

static int is(wb_str text, const char *word)
{
    size_t i = 0;
    while (i < text.len && word[i] && text.ptr[i] == word[i]) i++;
    return i == text.len && !word[i];
}

static wb_status say(const wb_host *host, const char *why, uint32_t line)
{
    size_t n = 0;
    while (why[n]) n++;
    host->fail(host->ctx, (wb_str){why, n}, (wb_loc){WB_STR(__FILE__), line, 0});
    return WB_ERR;
}

static wb_status open_gradient(const wb_host *host, void **self)
{
    wb_value side, items;
    if (host->param(host->ctx, (wb_str)WB_STR("side"), &side) || host->param(host->ctx, (wb_str)WB_STR("items"), &items))
        return say(host, "side and items are declared", __LINE__);
    gradient *g = malloc(sizeof *g);
    if (!g) return say(host, "out of memory", __LINE__);
    g->side = side.i;
    g->items = items.i;
    *self = g;
    return WB_OK;
}

static void close_gradient(void *self) { free(self); }

static wb_status field(void *self, const wb_host *host, size_t index, wb_field *out)
{
    const gradient *g = self;
    (void)host;
    size_t size = out->struct_size;
    if (index == 0)
        *out = (wb_field){.name = WB_STR("image"), .role = WB_ROLE_IMAGE, .kind = WB_REAL,
                          .shape = {3, WB_U8, {1, g->side, g->side}}};
    else if (index == 1)
        *out = (wb_field){.name = WB_STR("label"), .role = WB_ROLE_LABEL, .kind = WB_CATEGORICAL,
                          .shape = {0, WB_I64, {0}}, .classes = DIRECTION_NAMES, .n_classes = DIRECTIONS};
    else
        return WB_UNSUPPORTED;
    out->struct_size = size;
    return WB_OK;
}

static wb_status length(void *self, const wb_host *host, wb_str split, uint64_t *items)
{
    const gradient *g = self;
    (void)host;
    if (is(split, "train")) *items = (uint64_t)g->items;
    else if (is(split, "test")) *items = (uint64_t)(g->items / 8 + 1);
    else return WB_UNSUPPORTED;
    return WB_OK;
}

static wb_status read_gradient(void *self, const wb_host *host, wb_str split, const uint64_t *items, size_t n_items,
                      const wb_buffer *out, size_t n_out)
{
    const gradient *g = self;
    uint64_t last;
    if (n_out != 2) return say(host, "two buffers are needed", __LINE__);
    if (length(self, host, split, &last)) return WB_UNSUPPORTED;
    for (size_t i = 0; i < n_items; i++) {
        if (items[i] >= last) return say(host, "there is no such item", __LINE__);
        /* The two splits differ by where their directions start within a class. */
        double turn = (double)(items[i] * 37 % 101) / 101.0 * 0.8 - 0.4 + (is(split, "test") ? 0.01 : 0.0);
        int64_t class = (int64_t)(items[i] % DIRECTIONS);
        double angle = ((double)class + turn) * 6.283185307179586 / DIRECTIONS;
        unsigned char *pixel = (unsigned char *)out[0].data + i * (size_t)(g->side * g->side);
        for (int64_t y = 0; y < g->side; y++)
            for (int64_t x = 0; x < g->side; x++) {
                double u = (2.0 * (double)x + 1) / (double)g->side - 1, v = 1 - (2.0 * (double)y + 1) / (double)g->side;
                double value = 0.5 + (u * cos(angle) + v * sin(angle)) * 0.35;
                *pixel++ = (unsigned char)(255.0 * value);
            }
        ((int64_t *)out[1].data)[i] = class;
    }
    return WB_OK;
}

static const wb_param PARAMS[] = {
    {.name = WB_STR("side"), .about = WB_STR("Pixels a side."), .fallback = {.type = WB_INT, .i = 16}, .min = 4, .max = 512},
    {.name = WB_STR("items"), .about = WB_STR("Items in the training split."), .fallback = {.type = WB_INT, .i = 512}, .min = 8, .max = 1000000},
};

static const wb_dataset GRADIENT = {
    .struct_size = sizeof(wb_dataset),
    .name = WB_STR("gradient"),
    .about = WB_STR("One straight gradient a picture; the label is its direction."),
    .params = PARAMS,
    .n_params = sizeof PARAMS / sizeof *PARAMS,
    .param_size = sizeof(wb_param),
    .open = open_gradient,
    .close = close_gradient,
    .field = field,
    .length = length,
    .read = read_gradient,
};

static const wb_dataset *const DATASETS[] = {&GRADIENT};

WB_EXPORT const wb_plugin wb_plugin_v1 = {
    .magic = WB_MAGIC,
    .struct_size = sizeof(wb_plugin),
    .major = WB_MAJOR,
    .minor = WB_MINOR,
    .name = WB_STR("gradient"),
    .version = WB_STR("0.1.0"),
    .datasets = DATASETS,
    .n_datasets = 1,
};
