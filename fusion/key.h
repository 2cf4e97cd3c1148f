#pragma once
/* key.h: private to fusion/: what a step's results depend on.
 *
 * The key holds all that is known before the step runs: its type and version, its parameters with
 * other steps' files by content, the seed, and the epoch: the program, its libraries and the small
 * files that it ships with. What a step turns to while it works (a model, a picture of the user's,
 * the device) the studio notes; it is kept with the entry, and an entry counts only while all of it
 * still has the content that it had. So no step declares what it reads, and none can forget to.
 */
#include "fusion/record.h"

/* SHA-256 over the build identities of the program and of the libraries in it, and over the data
 * files in `assets` that steps share (scenes, palettes, presets, fonts' list). In the studio. */
const char *dio_epoch(dio_studio *s, dio_error *err);

/* The key of an instance with its parameters as canonical JSON. */
bool dio_key_make(const dio_run *run, const dio_record *r, uint64_t seed, char out[DIO_HASH_TEXT],
                  dio_error *err);

/* What the studio has noted since dio_studio_trace, with its content now: a list for dio_entry. */
dio_value *dio_deps_take(const dio_run *run, dio_arena *a, dio_error *err);
/* Whether all of it still has that content. */
bool dio_deps_hold(const dio_run *run, const dio_value *deps);
