#pragma once
/* file.h: reading by mmap, writing so that nothing half-written is ever seen. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A read-only view of a file, shared by reference count. */
typedef struct dio_map_file dio_map_file;
dio_map_file *dio_map_open(const char *path, dio_error *err);
dio_map_file *dio_map_ref(dio_map_file *m);
void dio_map_unref(dio_map_file *m);
const void *dio_map_data(const dio_map_file *m);
size_t dio_map_size(const dio_map_file *m);
/* Tells the kernel that these bytes will not be read again soon; they leave our memory. */
void dio_map_release(const dio_map_file *m, size_t offset, size_t bytes);

/* For readers that keep their own place: a descriptor of a regular file, to be closed by the
 * caller, and its size; -1 with a message for a pipe, a folder, a device. */
int dio_file_open(const char *path, size_t *size, dio_error *err);

/* The whole of a file of at most `limit` bytes, NUL-terminated, in the arena. */
char *dio_file_read(dio_arena *a, const char *path, size_t limit, size_t *length, dio_error *err);

/* A file under a temporary name beside its final one: bytes go in, then commit syncs, renames
 * and syncs the folder; abort (or close without commit) removes it. */
typedef struct dio_writer dio_writer;
/* In folders whose name ends in ".draft", and below them, nothing is synced: what lies there is
 * checked by whoever takes it up. */
dio_writer *dio_writer_open(const char *path, dio_error *err);
bool dio_writer_put(dio_writer *w, const void *bytes, size_t n, dio_error *err);
/* Random access for muxers; offsets are absolute. */
bool dio_writer_seek(dio_writer *w, int64_t offset, dio_error *err);
int64_t dio_writer_tell(const dio_writer *w);
bool dio_writer_commit(dio_writer *w, dio_error *err); /* closes and frees w, either way */
void dio_writer_abort(dio_writer *w);                  /* NULL is fine */
bool dio_file_write(const char *path, const void *bytes, size_t n, dio_error *err);
/* Removes the temporary files that processes of this machine which are no more have left in a
 * folder and, `depth` deep, in those within. */
void dio_writer_sweep(const char *dir, int depth);

bool dio_dir_make(const char *path, dio_error *err); /* with parents; fine when it exists */
bool dio_file_exists(const char *path);
char *dio_path_join(dio_arena *a, const char *dir, const char *name);
const char *dio_path_base(const char *path);
char *dio_path_dir(dio_arena *a, const char *path);

/* Resolves `name`, which came from a file, against `root`: it must be relative, without "..",
 * control characters or "%" tricks, at most 255 bytes a part, no reserved device name, and no
 * symbolic link on the way may leave root. The result lies in the arena. */
char *dio_path_confine(dio_arena *a, const char *root, const char *name, dio_error *err);

/* SHA-256 of bytes, as 64 hex digits and a NUL. */
enum { DIO_HASH_TEXT = 65 };
bool dio_hash_bytes(const void *bytes, size_t n, char out[DIO_HASH_TEXT], dio_error *err);
bool dio_hash_file(const char *path, char out[DIO_HASH_TEXT], dio_error *err);

#ifdef __cplusplus
}
#endif
