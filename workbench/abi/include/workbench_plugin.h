/* workbench_plugin.h: the plugin ABI, version 1.
 *
 * A plugin is a shared library that exports one data symbol, `wb_plugin_v1`. It offers data sets,
 * which fill buffers, and architectures, which are called once and record their computation. The
 * guide is plugins/README.md; ../examples/gradient.c is a whole plugin.
 *
 * Rules
 * - `struct_size` comes first in every table and holds sizeof of the table as its author knew it.
 *   Tables only grow at their end, and neither side reads past the other's size.
 * - Nothing owned crosses. A wb_str is UTF-8, not terminated, and borrowed: strings given to a call
 *   live as long as the call, strings in tables as long as the library, those of a wb_field as long
 *   as the data set is open.
 * - A function that fails calls host->fail once, then returns WB_ERR. Nothing may unwind or longjmp
 *   out of a plugin's function.
 * - A library is never unloaded.
 */
#ifndef WORKBENCH_PLUGIN_H
#define WORKBENCH_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WB_MAGIC UINT64_C(0x6e69676c70425721) /* "!WBplgin" in memory on a little-endian machine */
#define WB_MAJOR 1
#define WB_MINOR 0
#define WB_OPSET 1
#define WB_MAX_RANK 8

#if defined(_WIN32)
#define WB_EXPORT __declspec(dllexport)
#else
#define WB_EXPORT __attribute__((visibility("default")))
#endif

typedef struct wb_str {
    const char *ptr; /* UTF-8; may be NULL where len is 0 */
    size_t len;
} wb_str;

/* A wb_str from a string literal, usable in static initialisers. */
#define WB_STR(literal) {(literal), sizeof(literal) - 1}

typedef int32_t wb_status;
enum {
    WB_OK = 0,
    WB_ERR = 1,         /* host->fail was called */
    WB_PANIC = 2,       /* the plugin's own code failed; host->fail was called */
    WB_UNSUPPORTED = 3  /* there is no such split, field, op or fact; nothing was reported */
};

typedef uint32_t wb_dtype;
enum { WB_U8 = 0, WB_F32 = 1, WB_I64 = 2 };

typedef struct wb_loc {
    wb_str file;
    uint32_t line;
    uint32_t column;
} wb_loc;

#define WB_HERE ((wb_loc){{__FILE__, sizeof(__FILE__) - 1}, __LINE__, 0})

/* A dimension of -k is k times the batch. */
typedef struct wb_shape {
    uint32_t rank;
    wb_dtype dtype;
    int64_t dim[WB_MAX_RANK];
} wb_shape;

/* ---- Parameters: what a user sets in the experiment file ---- */

typedef uint32_t wb_type;
enum {
    WB_BOOL = 0,  /* in i */
    WB_INT = 1,   /* in i */
    WB_FLOAT = 2, /* in f */
    WB_TEXT = 3,  /* in s */
    WB_PATH = 4,  /* in s; relative ones are made absolute by the host, against the card's folder or the root */
    WB_INTS = 5,  /* in ints, n_ints */
    WB_TEXTS = 6  /* in texts, n_ints: a list of texts */
};

typedef struct wb_value {
    wb_type type;
    uint32_t reserved;
    int64_t i;
    double f;
    wb_str s;
    union {
        const int64_t *ints;
        const wb_str *texts;
    };
    size_t n_ints;
} wb_value;

typedef struct wb_param {
    wb_str name;
    wb_str about; /* one sentence */
    uint32_t required; /* 1: the user must set it, and `fallback` only tells its type */
    uint32_t reserved;
    wb_value fallback;
    double min, max; /* inclusive; for WB_INT, WB_FLOAT and each of WB_INTS */
    const wb_str *choices; /* for WB_TEXT and each of WB_TEXTS; none: any text */
    size_t n_choices;
} wb_param;

/* ---- What the host offers to every call ---- */

typedef uint32_t wb_level;
enum { WB_DEBUG = 0, WB_INFO = 1, WB_WARN = 2 };

/* Its functions may be called while the call lasts, on its thread. */
typedef struct wb_host {
    size_t struct_size;
    void *ctx; /* given back to each function */
    /* The value of a declared parameter, checked, its default filled in. WB_UNSUPPORTED: it was not declared. */
    wb_status (*param)(void *ctx, wb_str name, wb_value *out);
    /* Says why the call fails; message and place are copied. The first call counts. */
    void (*fail)(void *ctx, wb_str message, wb_loc where);
    /* A line for stderr, and so for a detached trainer's trainer.log. */
    void (*log)(void *ctx, wb_level level, wb_str message);
    /* Unstable parts by a versioned name such as "wb.example.1"; NULL: not offered. */
    const void *(*extension)(void *ctx, wb_str id);
} wb_host;

/* ---- Data sets ---- */

typedef uint32_t wb_role;
enum {
    WB_ROLE_IMAGE = 0,     /* [C, H, W], u8 0..255 or f32 0..1; one field is an image, a volume or a clip */
    WB_ROLE_LABEL = 1,     /* [], i64, an index into classes */
    WB_ROLE_ATTRIBUTE = 2, /* [], f32 for WB_REAL (NaN: not known), else i64, an index into classes (-1: not known) */
    WB_ROLE_CAPTION = 3,   /* [bytes], u8, UTF-8 padded with zeros (zeros alone: not known); at most one */
    WB_ROLE_VOLUME = 4,    /* [C, D, H, W], as an image: D planes from the front to the back, H rows from the top */
    WB_ROLE_CLIP = 5       /* [C, T, H, W], as an image: T frames in the order of time */
};

/* A binary attribute has two values, the first of them "no"; those of an ordinal one are in order. */
typedef uint32_t wb_kind;
enum { WB_BINARY = 0, WB_CATEGORICAL = 1, WB_ORDINAL = 2, WB_REAL = 3 };

typedef struct wb_field {
    size_t struct_size;
    wb_str name; /* no two fields share one */
    wb_role role;
    wb_kind kind; /* labels are WB_CATEGORICAL; ignored for images, volumes, clips and captions */
    wb_shape shape; /* of one item, without the batch */
    const wb_str *classes; /* names in order, for labels and all attributes but WB_REAL */
    size_t n_classes;
    double min, max; /* between which a WB_REAL attribute lies; both 0: not known */
} wb_field;

typedef struct wb_buffer {
    void *data;
    size_t bytes; /* items times the field's elements times the size of its dtype */
} wb_buffer;

typedef struct wb_dataset {
    size_t struct_size;
    wb_str name;
    wb_str about;
    const wb_param *params;
    size_t n_params;
    size_t param_size; /* sizeof(wb_param) */

    /* Opens with the parameters that `host->param` gives. Any thread. */
    wb_status (*open)(const wb_host *host, void **self);
    /* Any thread; no other call runs or follows. */
    void (*close)(void *self);
    /* Field number `index`; WB_UNSUPPORTED past the last. Any thread. `out->struct_size` is set by the host. */
    wb_status (*field)(void *self, const wb_host *host, size_t index, wb_field *out);
    /* How many items a split has; WB_UNSUPPORTED: there is no such split. "train" and "test" must be
     * there; "valid" may be. Any thread. */
    wb_status (*length)(void *self, const wb_host *host, wb_str split, uint64_t *items);
    /* Fills one buffer a field with the items named, in order. Many threads at once. */
    wb_status (*read)(void *self, const wb_host *host, wb_str split, const uint64_t *items, size_t n_items,
                      const wb_buffer *out, size_t n_out);
} wb_dataset;

/* ---- Architectures ---- */

typedef uint32_t wb_tensor; /* a node; 0 is poisoned: ops on it give 0, and the first error is kept */

/* A live scalar, changed by the experiment's schedules or while training. */
typedef struct wb_knob {
    wb_str name;
    wb_str about;
    double fallback, min, max;
} wb_knob;

typedef uint32_t wb_init_kind;
enum { WB_INIT_CONSTANT = 0, WB_INIT_NORMAL = 1, WB_INIT_UNIFORM = 2 };

typedef struct wb_init {
    wb_init_kind kind;
    uint32_t reserved;
    double scale; /* the constant, the standard deviation, or the bound */
} wb_init;

/* An op's attribute: WB_INT, WB_FLOAT, WB_TEXT or WB_INTS. */
typedef struct wb_attr {
    wb_str name;
    wb_value value;
} wb_attr;

typedef uint32_t wb_mark;
enum {
    /* detail: "image", "logits", "mean", "log_variance", "latent"; of a classifier "prediction" (the name is the
     * attribute's, or "class": logits [B, K], or a number [B] or [B, 1] in its own units) and "features" [B, F] */
    WB_MARK_OUTPUT = 0,
    WB_MARK_PORT = 1,   /* the host may override it: `z` is how it decodes */
    WB_MARK_LOSS = 2,   /* detail: the group of parameters that it trains, "" the main one */
    WB_MARK_METRIC = 3
};

/* Where an architecture records itself. Only during `build`, only on its thread. */
typedef struct wb_builder {
    size_t struct_size;
    void *ctx;
    uint32_t opset;
    uint32_t reserved;
    /* "x" [B, C, H, W] f32, or [B, C, D, H, W] of volumes and clips; "label" [B] i64 where the data have classes; "step" and "train" [] f32.
     * For each attribute "attribute:NAME" [B], i64 with -1 where it is not known, or f32 with the middle of its
     * range (0 where it has none) there; and "known:NAME" [B] f32, 1 where it is known and 0 where not.
     * "caption" [B, bytes] i64, each 0 to 255 and 0 behind the end. */
    wb_tensor (*input)(void *ctx, wb_str name, wb_loc where);
    /* A knob that the architecture declares, []. */
    wb_tensor (*knob)(void *ctx, wb_str name, wb_loc where);
    /* A trained tensor, made or found by name within the open scopes. */
    wb_tensor (*param)(void *ctx, wb_str name, const wb_shape *shape, const wb_init *init, wb_str group, wb_loc where);
    /* `target`: the result's shape for reshape, broadcast, rand and iota; else NULL. Its dtype is ignored. */
    wb_tensor (*op)(void *ctx, wb_str name, const wb_tensor *inputs, size_t n_inputs, const wb_attr *attrs,
                    size_t n_attrs, const wb_shape *target, wb_loc where);
    wb_status (*mark)(void *ctx, wb_mark kind, wb_str name, wb_str detail, wb_tensor node, wb_loc where);
    /* WB_ERR: the node is poisoned. */
    wb_status (*shape)(void *ctx, wb_tensor node, wb_shape *out);
    /* 1 where the host knows the op. */
    uint32_t (*supports)(void *ctx, wb_str op);
    /* Names recorded until `leave` are prefixed; `composite` names what the nodes make up together ("linear"), or is empty. */
    void (*enter)(void *ctx, wb_str name, wb_str composite);
    void (*leave)(void *ctx);
    /* Facts about the data, which live as long as the build. WB_UNSUPPORTED: unknown.
     * "classes" (0: none), "items" (of the training split); "attributes": how many there are; of attribute number N,
     * from 0: "attribute/N/name" (WB_TEXT), "attribute/N/kind" (a wb_kind), "attribute/N/values": how many it has
     * (0 for WB_REAL), "attribute/N/value/M" (WB_TEXT), "attribute/N/min" and "attribute/N/max" (WB_FLOAT, of a
     * WB_REAL one that has a range); "caption": bytes of a caption (0: none); "caption/alphabet": how many values a
     * byte of it can have;
     * "clip": 1 where "x" is of clips, and its axis D is time. */
    wb_status (*fact)(void *ctx, wb_str key, wb_value *out);
    /* A tensor that is kept in checkpoints and not trained, such as a running mean: made or found by
     * name within the open scopes, initialised as a parameter is. */
    wb_tensor (*buffer)(void *ctx, wb_str name, const wb_shape *shape, const wb_init *init, wb_loc where);
    /* What a buffer becomes after a training step: the value of a node of its shape in that step's forward
     * pass. Once a buffer; no gradient flows from here; evaluation changes nothing. */
    wb_status (*update)(void *ctx, wb_tensor buffer, wb_tensor value, wb_loc where);
} wb_builder;

typedef struct wb_architecture {
    size_t struct_size;
    wb_str name;
    wb_str about;
    const wb_param *params;
    size_t n_params;
    size_t param_size; /* sizeof(wb_param) */
    const wb_knob *knobs;
    size_t n_knobs;
    size_t knob_size; /* sizeof(wb_knob) */
    /* Records the computation. Called on one thread. */
    wb_status (*build)(const wb_host *host, const wb_builder *builder);
} wb_architecture;

/* ---- The one exported symbol ---- */

typedef struct wb_plugin {
    /* Frozen in every version: read before anything else. */
    uint64_t magic;       /* WB_MAGIC */
    uint32_t struct_size; /* sizeof(wb_plugin) */
    uint16_t major;       /* WB_MAJOR: differs where plugins must be rebuilt */
    uint16_t minor;       /* WB_MINOR */

    wb_str name;
    wb_str version;
    const wb_dataset *const *datasets;
    size_t n_datasets;
    const wb_architecture *const *architectures;
    size_t n_architectures;
} wb_plugin;

extern WB_EXPORT const wb_plugin wb_plugin_v1;

#ifdef __cplusplus
}
#endif

#endif /* WORKBENCH_PLUGIN_H */
