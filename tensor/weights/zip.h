#pragma once
/* zip.h: where the entries of a zip archive lie, when all are stored as they are.
 *
 * torch.save never compresses, so a tensor's bytes can be used where they are in the mapped file.
 * That is all of zip that a checkpoint needs, and what no zip library offers: they hand out streams
 * and copies, and bring decompressors for a hostile file to aim at. zip64 is understood, because
 * checkpoints are larger than 4 GB.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_zip_entry {
    const char *name; /* in the file: nothing ends it but its length */
    size_t name_length;
    size_t header;        /* of the file: where the entry begins, */
    size_t offset, bytes; /* and its content */
} dio_zip_entry;

typedef struct dio_zip {
    const uint8_t *bytes; /* the whole file */
    size_t size;
    dio_zip_entry *entries; /* by name */
    int count;
} dio_zip;

/* Reads the table of contents, into the arena. Afterwards every entry is known to be stored as it
 * is, to lie inside the file, to overlap no other, and to have a name of its own in UTF-8. */
bool dio_zip_open(dio_zip *z, const void *bytes, size_t size, dio_arena *a, dio_error *err);
const dio_zip_entry *dio_zip_find(const dio_zip *z, const char *name); /* NULL: there is none */

#ifdef __cplusplus
}
#endif
