/* notes.c: the words that travel with a picture.
 * The list is shared by all pictures that were made from one another; a write to a shared list
 * copies it first, so that nobody's notes change unasked. */
#include "vision/notes.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct note {
    char *key, *text;
};

struct dio_notes {
    atomic_int refs;
    int count, cap;
    struct note *list;
};

static void destroy(dio_notes *n)
{
    for (int i = 0; i < n->count; i++) {
        free(n->list[i].key);
        free(n->list[i].text);
    }
    free(n->list);
    free(n);
}

dio_notes *dio_notes_ref(dio_notes *n)
{
    if (n)
        atomic_fetch_add(&n->refs, 1);
    return n;
}

void dio_notes_unref(dio_notes *n)
{
    if (n && atomic_fetch_sub(&n->refs, 1) == 1)
        destroy(n);
}

static bool append(dio_notes *n, const char *key, const char *text, dio_error *err)
{
    if (n->count == n->cap) {
        int cap = n->cap ? 2 * n->cap : 4;
        struct note *list = realloc(n->list, (size_t)cap * sizeof *list);
        if (!list)
            return dio_fail_memory(err, "a picture's notes");
        n->list = list;
        n->cap = cap;
    }
    struct note note = {strdup(key), strdup(text)};
    if (!note.key || !note.text) {
        free(note.key);
        free(note.text);
        return dio_fail_memory(err, "a picture's notes");
    }
    n->list[n->count++] = note;
    return true;
}

/* A list of the picture's own: made, copied or as it is. */
static dio_notes *own(dio_image *image, dio_error *err)
{
    dio_notes *old = image->notes;
    if (old && atomic_load(&old->refs) == 1)
        return old;
    dio_notes *n = calloc(1, sizeof *n);
    if (!n) {
        dio_fail_memory(err, "a picture's notes");
        return NULL;
    }
    atomic_init(&n->refs, 1);
    for (int i = 0; old && i < old->count; i++) {
        if (!append(n, old->list[i].key, old->list[i].text, err)) {
            destroy(n);
            return NULL;
        }
    }
    dio_notes_unref(old);
    image->notes = n;
    return n;
}

int dio_image_notes(const dio_image *image)
{
    return image->notes ? image->notes->count : 0;
}

const char *dio_image_note_key(const dio_image *image, int i)
{
    return image->notes->list[i].key;
}

const char *dio_image_note_text(const dio_image *image, int i)
{
    return image->notes->list[i].text;
}

const char *dio_image_note(const dio_image *image, const char *key)
{
    for (int i = 0; i < dio_image_notes(image); i++)
        if (strcmp(image->notes->list[i].key, key) == 0)
            return image->notes->list[i].text;
    return NULL;
}

/* What PNG asks of a key: 1 to 79 characters of Latin-1, no spaces at its ends. */
static bool check(const char *key, const char *text, dio_error *err)
{
    size_t n = strlen(key), bad;
    bool good = n > 0 && dio_utf8_valid(key, n, &bad) && dio_utf8_count(key, n) <= 79 &&
                key[0] != ' ' && key[n - 1] != ' ';
    for (size_t i = 0; good && i < n;) {
        uint32_t cp;
        i += (size_t)dio_utf8_next(key + i, n - i, &cp);
        good = cp >= 0x20 && cp < 0x100 && !(cp >= 0x7f && cp < 0xa1);
    }
    if (!good)
        return dio_fail(err,
                        "a picture's note is called \"%.80s\": the name must be 1 to 79 characters "
                        "of Latin-1 without spaces at its ends",
                        key);
    if (text && !dio_utf8_valid(text, strlen(text), &bad))
        return dio_fail(err, "a picture's note \"%s\" is not valid UTF-8 at byte %zu", key, bad);
    return true;
}

bool dio_image_note_add(dio_image *image, const char *key, const char *text, dio_error *err)
{
    if (!check(key, text, err))
        return false;
    dio_notes *n = own(image, err);
    return n && append(n, key, text, err);
}

bool dio_image_note_set(dio_image *image, const char *key, const char *text, dio_error *err)
{
    if (!check(key, text, err))
        return false;
    dio_notes *n = own(image, err);
    if (!n || (text && !append(n, key, text, err)))
        return false;
    int kept = 0, last = text ? n->count - 1 : n->count;
    for (int i = 0; i < n->count; i++) {
        if (i >= last || strcmp(n->list[i].key, key) != 0) {
            n->list[kept++] = n->list[i];
        } else {
            free(n->list[i].key);
            free(n->list[i].text);
        }
    }
    n->count = kept;
    return true;
}
