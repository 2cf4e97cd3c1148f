#pragma once
/* hashes.h: private to fusion/: SHA-256 of files, remembered while they do not change.
 *
 * Remembered under device, inode, size and both times to the nanosecond; not when the file was
 * written within the last two seconds, since it could change again within one tick of its clock.
 */
#include "base/arena.h"
#include "base/file.h"

typedef struct dio_hashes dio_hashes;

/* `path`: where they are remembered between runs (a damaged file is begun anew), or NULL: not. */
dio_hashes *dio_hashes_open(const char *path, dio_error *err);
void dio_hashes_close(dio_hashes *h); /* NULL is fine */

bool dio_hashes_file(dio_hashes *h, const char *path, char out[DIO_HASH_TEXT], dio_error *err);
/* A file, or a folder: then of its files' names and hashes, those in folders within included. */
bool dio_hashes_path(dio_hashes *h, const char *path, char out[DIO_HASH_TEXT], dio_error *err);
