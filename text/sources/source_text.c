/* source_text.c: a user's own texts: one UTF-8 file, cut into documents at a separator line.
 *
 * A document's split follows from a hash of its bytes, so adding texts moves none of the old. */
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/str.h"
#include "text/source.h"

struct params {
    const char *path, *separator;
    double valid, test;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, path, NULL, 0, 0, "a UTF-8 text file"),
    DIO_FIELD(struct params, separator, "", 0, 200,
              "a line that stands between documents; empty: an empty line"),
    DIO_FIELD(struct params, valid, "0.05", 0, 0.5, "share of documents kept for validation"),
    DIO_FIELD(struct params, test, "0.05", 0, 0.5, "share of documents kept for the test"),
    {0},
};

enum { SPLITS = 3, FILE_LIMIT = 1 << 30 };

struct piece {
    const char *text;
    size_t length;
};

struct source {
    struct piece *items[SPLITS];
    int count[SPLITS], cap[SPLITS];
};

static uint64_t hash(const char *text, size_t n)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)text[i]) * 1099511628211u;
    return h;
}

static bool add(struct source *s, const struct params *p, const char *text, size_t n, dio_arena *a)
{
    while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    if (!n)
        return true;
    double u = dio_uniform53(hash(text, n), 0, 0);
    int split = u < p->test              ? DIO_SPLIT_TEST
                : u < p->test + p->valid ? DIO_SPLIT_VALID
                                         : DIO_SPLIT_TRAIN;
    if (!dio_arena_grow(a, &s->items[split], s->count[split], &s->cap[split], sizeof **s->items))
        return false;
    s->items[split][s->count[split]++] = (struct piece){text, n};
    return true;
}

static bool cut(struct source *s, const struct params *p, const char *text, size_t n, dio_arena *a)
{
    size_t mark = strlen(p->separator), from = 0;
    for (size_t at = 0; at < n;) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t next = end ? (size_t)(end - text) + 1 : n, length = next - at - (end != NULL);
        if (length && text[at + length - 1] == '\r')
            length--;
        if (length == mark && memcmp(text + at, p->separator, mark) == 0) {
            if (!add(s, p, text + from, at - from, a))
                return false;
            from = next;
        }
        at = next;
    }
    return add(s, p, text + from, n - from, a);
}

static void *open_source(const void *params, const char *root, uint64_t seed, dio_arena *a,
                         dio_error *err)
{
    (void)seed;
    const struct params *p = params;
    size_t n, bad;
    const char *path = p->path[0] == '/' ? p->path : dio_path_join(a, root, p->path);
    char *text = dio_file_read(a, path, FILE_LIMIT, &n, err);
    struct source *s = dio_arena_alloc(a, sizeof *s);
    if (!text)
        return NULL;
    if (!dio_utf8_valid(text, n, &bad)) {
        dio_fail(err, "%s: byte %zu is not UTF-8", path, bad);
        return NULL;
    }
    if (strlen(text) < n) {
        dio_fail(err, "%s: byte %zu is a NUL, which no text has", path, strlen(text));
        return NULL;
    }
    if (!cut(s, p, text, n, a)) {
        dio_fail_memory(err, "the training text");
        return NULL;
    }
    if (!s->count[DIO_SPLIT_TRAIN] || !s->count[DIO_SPLIT_VALID]) {
        dio_fail(err,
                 "%s: %d documents to train on and %d to validate with: both are needed; "
                 "check separator and valid",
                 path, s->count[0], s->count[1]);
        return NULL;
    }
    return s;
}

static void close_source(void *source)
{
    (void)source; /* all in the arena */
}

static int64_t count(void *source, dio_split split)
{
    return ((struct source *)source)->count[split];
}

static char *document(void *source, dio_split split, int64_t index, dio_arena *a, size_t *learn)
{
    const struct piece *it = &((struct source *)source)->items[split][index];
    *learn = 0;
    return dio_arena_strndup(a, it->text, it->length);
}

const dio_source_kind dio_source_text = {
    .name = "text",
    .doc = "a text file of documents",
    .params = fields,
    .params_size = sizeof(struct params),
    .open = open_source,
    .close = close_source,
    .count = count,
    .document = document,
};
