#pragma once
/* weights.h: an open set of named tensors, as files of trained models hold them.
 *
 * Files are mapped, not read: a tensor's bytes come into memory when somebody touches them, and
 * dio_buffer_release on its buffer sends them away again. Every file is hostile until its header
 * has been checked whole; after that a tensor's range is known to lie inside the file.
 *
 * A format is one file in weights/ that ends in a `const dio_weights_reader`, and one line in
 * weights/readers.def.
 *
 *     dio_weights *w = dio_weights_open("model.safetensors", err);
 *     const dio_tensor *t = dio_weights_find(w, "wte.weight");
 *     ...
 *     dio_weights_close(w);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_weights dio_weights;

/* A weights file, an index of shards (NAME.safetensors.index.json, NAME.bin.index.json), or a
 * folder that holds model.safetensors or pytorch_model.bin or one's index (in diffusers' folders
 * diffusion_pytorch_model, a file or an index). What a file is, its first bytes say and not its
 * name. NULL with a message that names the file. */
dio_weights *dio_weights_open(const char *path, dio_error *err);
/* Tensors that were referenced elsewhere stay valid. NULL is fine. */
void dio_weights_close(dio_weights *w);

/* Tensors in the order of their bytes in the file, or of the dict that names them. Borrowed:
 * dio_tensor_ref to keep one. */
int dio_weights_count(const dio_weights *w);
dio_tensor *dio_weights_at(const dio_weights *w, int i);
dio_tensor *dio_weights_find(const dio_weights *w, const char *name); /* NULL: there is none */

/* Text that rides along (safetensors' __metadata__, a checkpoint's plain values). find: NULL when
 * there is none. */
int dio_weights_meta_count(const dio_weights *w);
const char *dio_weights_meta_at(const dio_weights *w, int i, const char **key);
const char *dio_weights_meta_find(const dio_weights *w, const char *key);

const char *dio_weights_path(const dio_weights *w);
const char *dio_weights_format(const dio_weights *w); /* "safetensors" */

/* One tensor of a set, or a part of it, as it is to be called in another. */
typedef struct dio_weights_rename {
    const char *from, *to;
    int64_t row, rows; /* of the first axis; rows 0: all of it */
    int dims;          /* 1s at the end are dropped until so many dims are left; 0: none are */
    bool transpose;    /* a matrix's rows become columns: this alone copies */
} dio_weights_rename;
/* The tensors that the list names, under its names and on the same memory. Either set may be closed
 * first. NULL with a message when one is not there or is no such matrix, or a name comes twice. */
dio_weights *dio_weights_renamed(const dio_weights *from, const dio_weights_rename *list, int n,
                                 dio_error *err);

/* The same set without the tensors whose names begin with one of these (NULL-terminated): parts of
 * a file that a model does not need. Either set may be closed first. */
dio_weights *dio_weights_without(const dio_weights *from, const char *const *starts,
                                 dio_error *err);

/* The same set with the pairs that weight normalisation leaves (X.weight_g and X.weight_v, or
 * X.parametrizations.weight.original0 and .original1) multiplied out to X.weight, f32; tensors that
 * are not under it are the same ones. Either set may be closed first. NULL with a message when one
 * of a pair is missing, misshapen, or the layer has its plain weight, too. A direction of length 0
 * gives numbers that are not finite, as torch does. */
dio_weights *dio_weights_folded(const dio_weights *from, dio_error *err);

/* Writes tensors as one safetensors file that appears under its name only when whole. Widest
 * types first and then by name, so that every tensor is aligned and the same tensors always give
 * the same bytes. Tensors' own names are used unless `names` gives others. */
typedef struct dio_weights_meta {
    const char *key, *value;
} dio_weights_meta;
bool dio_weights_write(const char *path, dio_tensor *const *tensors, const char *const *names,
                       int count, const dio_weights_meta *meta, int n_meta, dio_error *err);

/* --- for readers --- */

typedef struct dio_weights_reader {
    const char *name;
    const char *doc;
    const char *suffix; /* of names that are meant for this reader where no magic fits, or NULL */
    bool index;         /* names other files, and is therefore never read from within such a one */
    /* True when the first bytes (all of a small file) look like this format. */
    bool (*magic)(const uint8_t *bytes, size_t n);
    /* Adds the file's tensors and metadata to w. */
    bool (*read)(dio_weights *w, const char *path, dio_map_file *file, dio_error *err);
} dio_weights_reader;

extern const dio_weights_reader *const dio_weights_readers[];
extern const int dio_weights_readers_count;

/* Adds a tensor that lies at `offset` of the file; its range must have been checked. Bytes that
 * are not aligned to their type are copied to memory that is. False on a name that is taken. */
bool dio_weights_add(dio_weights *w, const char *name, const dio_type *type, dio_map_file *file,
                     size_t offset, dio_error *err);
/* Adds a tensor that the reader has made; w takes a reference of its own. */
bool dio_weights_put(dio_weights *w, dio_tensor *t, dio_error *err);
void dio_weights_add_meta(dio_weights *w, const char *key, const char *value);
dio_arena *dio_weights_arena(dio_weights *w);
/* An empty set with the other's path and format. */
dio_weights *dio_weights_like(const dio_weights *other, dio_error *err);
/* Reads one more file into w by whichever reader knows it: for indexes of shards. Another index is
 * refused, so that none can lead back to itself. */
bool dio_weights_read(dio_weights *w, const char *path, dio_error *err);

#ifdef __cplusplus
}
#endif
