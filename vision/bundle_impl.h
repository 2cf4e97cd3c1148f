#pragma once
/* bundle_impl.h: what the files of bundles share. Private to vision/.
 *
 * bundle.c: the parts and their lookup; bundle_folder.c: diffusers folders; bundle_file.c: single
 * files, their parts under diffusers' names; bundle_infer.c: the configs that single files lack. */
#include "base/arena.h"
#include "tensor/weights.h"
#include "vision/bundle.h"
#include "vision/keymap.h"

enum bundle_part {
    PART_UNET,
    PART_VAE,
    PART_TEXT,
    PART_TEXT_2,
    PART_WEIGHTS, /* those above have weights */
    PART_SCHEDULER = PART_WEIGHTS,
    PART_INDEX,
    PARTS,
};

/* How the text encoder of a single file is named. */
enum bundle_text { TEXT_HF, TEXT_OPEN_CLIP };

struct part {
    const dio_value *config; /* NULL: the bundle has no such part */
    const char *path;        /* of a folder's weights */
    const char *prefix;      /* of a single file's names */
    enum bundle_text text;   /* how those of a text encoder are named, */
    int layers;              /* and how many of its layers are read */
    dio_weights *weights;    /* NULL until asked for */
};

struct dio_bundle {
    dio_arena *arena;
    dio_bundle_kind kind;
    const char *path, *remark;
    bool folder;
    struct part part[PARTS];
    dio_weights *file; /* a single file's tensors, under their own names */
    dio_unet_layout layout;
    int vae_levels;
};

extern const char *const bundle_part_names[PARTS + 1]; /* NULL-terminated */

bool bundle_open_folder(dio_bundle *b, const char *variant, dio_error *err);
bool bundle_open_file(dio_bundle *b, dio_error *err);
/* A single file's part under diffusers' or transformers' names. */
dio_weights *bundle_file_weights(dio_bundle *b, enum bundle_part part, dio_error *err);
/* Configs of all parts that bundle_open_file found. */
bool bundle_infer(dio_bundle *b, dio_error *err);

/* A tensor of the single file, by two strings that make its name; NULL: there is none. */
const dio_tensor *bundle_find(const dio_bundle *b, const char *prefix, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
