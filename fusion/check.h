#pragma once
/* check.h: is a finished file ready for a placement? Every way in which it is not is told, with
 * what it is, what the placement takes and what to do.
 *
 *     dio_verdict v;
 *     if (dio_asset_check(a, &(dio_check_job){"assets", "ad.mp4", "reels-9x16"}, &v, err))
 *         fputs(dio_verdict_text(a, &v, false), stdout);
 *
 * A rule is a const struct in one of check_*.c and a line in check.def.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_check_job {
    const char *assets, *path;
    const char *preset;   /* a preset's name, or a file of the user's own, NAME.yaml */
    const char *captions; /* SRT or WebVTT that goes with the film or sound; NULL: none */
} dio_check_job;

typedef struct dio_finding {
    const char *rule; /* "true-peak" */
    bool note;        /* worth knowing, and no reason to send the file back */
    const char *text;
} dio_finding;

typedef struct dio_verdict {
    const char *path, *preset, *title, *source, *checked;
    const char *summary; /* "film, mp4, 1080x1920, 30 fps, 8 s, h264 High, aac, 3.2 MB" */
    const dio_finding *list;
    int count;
    bool ready; /* nothing but notes */
} dio_verdict;

/* False when the file, the preset or the captions cannot be read. All results lie in the arena. */
bool dio_asset_check(dio_arena *a, const dio_check_job *job, dio_verdict *out, dio_error *err);

/* For people, or one JSON object. NULL without memory. */
char *dio_verdict_text(dio_arena *a, const dio_verdict *v, bool json);

/* All rules: names and what they say, as Markdown rows or lines. */
char *dio_rules_text(dio_arena *a, bool markdown);

#ifdef __cplusplus
}
#endif
