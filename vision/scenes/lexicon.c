/* lexicon.c: prompts are cut into words; the longest phrase that begins at a word and is known says
 * something, and the next one is looked for behind it. */
#include "vision/scenes/lexicon.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"

enum { LONGEST = 6, WORD = 40, PHRASE = 200, FILE_LIMIT = 4 << 20 };

enum what { SUBJECT, MATERIAL, LIGHT, FRAME, BACKDROP, STYLE, COLOUR, KINDS };
static const char *const sections[KINDS] = {"subjects",  "materials", "lights", "frames",
                                            "backdrops", "styles",    "colours"};

struct entry {
    const char *phrase;
    int what, value;
    float rgb[3];
};

struct dio_lexicon {
    dio_arena *a;
    struct entry *entries; /* sorted by phrase */
    int count, cap;
};

static int name_index(int what, const char *name)
{
    const char *const *names[KINDS] = {[MATERIAL] = dio_material_names,
                                       [LIGHT] = dio_light_names,
                                       [FRAME] = dio_frame_names,
                                       [BACKDROP] = dio_backdrop_names,
                                       [STYLE] = dio_style_names};
    if (what == SUBJECT)
        return dio_scene_subject(name);
    for (int i = 0; names[what][i]; i++)
        if (strcmp(names[what][i], name) == 0)
            return i;
    return -1;
}

static bool add(dio_lexicon *l, const char *phrase, int what, int value, const float *rgb,
                dio_error *err)
{
    if (!dio_arena_grow(l->a, &l->entries, l->count, &l->cap, sizeof *l->entries))
        return dio_fail_memory(err, "the painter's words");
    l->entries[l->count] = (struct entry){dio_arena_strdup(l->a, phrase), what, value, {0}};
    if (rgb)
        memcpy(l->entries[l->count].rgb, rgb, sizeof l->entries[l->count].rgb);
    l->count++;
    return true;
}

static bool add_colour(dio_lexicon *l, const char *name, const dio_value *v, dio_error *err)
{
    unsigned r, g, b;
    char rest;
    if (v->kind != DIO_STRING || strlen(v->string.text) != 7 ||
        sscanf(v->string.text, "#%2x%2x%2x%c", &r, &g, &b, &rest) != 3)
        return dio_value_fail(v, err, "%s: a colour is written \"#rrggbb\"", name);
    float rgb[3] = {(float)r / 255, (float)g / 255, (float)b / 255};
    return add(l, name, COLOUR, 0, rgb, err);
}

static bool add_name(dio_lexicon *l, int what, const dio_value *key, const dio_value *list,
                     dio_error *err)
{
    int value = name_index(what, key->string.text);
    if (value < 0)
        return dio_value_fail(key, err, "%s: the painter knows no \"%s\"", sections[what],
                              key->string.text);
    if (list->kind != DIO_LIST)
        return dio_value_fail(list, err, "%s: a list of phrases", key->string.text);
    for (int i = 0; i < list->list.count; i++) {
        const dio_value *v = list->list.items[i];
        if (v->kind != DIO_STRING || v->string.length >= PHRASE)
            return dio_value_fail(v, err, "a phrase is a text of less than %d bytes", PHRASE);
        if (!add(l, v->string.text, what, value, NULL, err))
            return false;
    }
    return true;
}

static bool fill(dio_lexicon *l, const dio_value *file, dio_error *err)
{
    for (int what = 0; what < KINDS; what++) {
        const dio_value *section = dio_map_get(file, sections[what]);
        if (!section || section->kind != DIO_MAP)
            return dio_value_fail(section ? section : file, err, "%s: is missing or no map",
                                  sections[what]);
        for (int i = 0; i < section->map.count; i++) {
            const dio_value *key = section->map.keys[i], *item = section->map.items[i];
            if (what == COLOUR ? !add_colour(l, key->string.text, item, err)
                               : !add_name(l, what, key, item, err))
                return false;
        }
    }
    return true;
}

static int by_phrase(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->phrase, ((const struct entry *)b)->phrase);
}

dio_lexicon *dio_lexicon_open(const char *path, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "the painter's words");
        return NULL;
    }
    dio_lexicon *l = dio_arena_alloc(a, sizeof *l);
    l->a = a;
    const dio_value *file = dio_value_read(a, path, FILE_LIMIT, err);
    if (!file || !fill(l, file, err)) {
        dio_arena_destroy(a);
        return NULL;
    }
    qsort(l->entries, (size_t)l->count, sizeof *l->entries, by_phrase);
    return l;
}

void dio_lexicon_close(dio_lexicon *l)
{
    if (l)
        dio_arena_destroy(l->a);
}

/* --- reading --- */

struct words {
    char word[DIO_PROMPT_WORDS][WORD];
    bool ends[DIO_PROMPT_WORDS]; /* a comma or full stop follows: phrases do not go across */
    int count;
};

static bool is_letter(unsigned char c)
{
    return isalnum(c) || c == '-' || c == '\'' || c >= 0x80;
}

static void cut(struct words *w, const char *text)
{
    for (const char *p = text; *p && w->count < DIO_PROMPT_WORDS;) {
        int n = 0;
        while (*p && !is_letter((unsigned char)*p)) {
            if (strchr(",.;:!?()", *p) && w->count)
                w->ends[w->count - 1] = true;
            p++;
        }
        for (; is_letter((unsigned char)*p); p++)
            if (n < WORD - 1)
                w->word[w->count][n++] = (char)tolower((unsigned char)*p);
        w->word[w->count][n] = 0;
        w->count += n > 0;
    }
}

static const struct entry *find(const dio_lexicon *l, const char *phrase)
{
    int lo = 0, hi = l->count;
    while (lo < hi) {
        int middle = (lo + hi) / 2;
        if (strcmp(l->entries[middle].phrase, phrase) < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo < l->count && strcmp(l->entries[lo].phrase, phrase) == 0 ? &l->entries[lo] : NULL;
}

/* Words at..at+n-1 as they are, or with the last one in the singular. */
static const struct entry *match(const dio_lexicon *l, const struct words *w, int at, int n)
{
    char phrase[LONGEST * WORD] = "";
    for (int i = 0; i < n; i++) {
        strcat(phrase, i ? " " : "");
        strcat(phrase, w->word[at + i]);
    }
    const struct entry *e = find(l, phrase);
    size_t length = strlen(phrase);
    if (!e && length > 3 && phrase[length - 1] == 's') {
        phrase[length - 1] = 0;
        e = find(l, phrase);
        if (!e && length > 4 && phrase[length - 2] == 'e') {
            phrase[length - 2] = 0;
            e = find(l, phrase);
        }
    }
    return e;
}

static const struct entry *longest(const dio_lexicon *l, const struct words *w, int at, int *length)
{
    int most = 1;
    while (most < LONGEST && at + most < w->count && !w->ends[at + most - 1])
        most++;
    for (*length = most; *length > 0; --*length) {
        const struct entry *e = match(l, w, at, *length);
        if (e)
            return e;
    }
    *length = 1;
    return NULL;
}

static bool says(const dio_lexicon *l, const struct entry *e, int what)
{
    for (const struct entry *i = e; i < l->entries + l->count && strcmp(i->phrase, e->phrase) == 0;
         i++)
        if (i->what == what)
            return true;
    return false;
}

/* The entries that share a phrase all speak, a fruit's and its colour's; but what is subject and
 * material is a material before a subject ("a glass bottle"), a subject elsewhere ("a glass"). */
static void apply(const dio_lexicon *l, const struct entry *e, bool before_subject,
                  dio_scene_wish *wish, int *colours, float named[DIO_ROLES][3])
{
    bool either = says(l, e, SUBJECT) && says(l, e, MATERIAL);
    int *slots[KINDS] = {&wish->subject,  &wish->material, &wish->light, &wish->frame,
                         &wish->backdrop, &wish->style,    NULL};
    for (const struct entry *i = e; i < l->entries + l->count && strcmp(i->phrase, e->phrase) == 0;
         i++) {
        if (either && i->what == (before_subject ? SUBJECT : MATERIAL))
            continue;
        if (i->what == COLOUR) {
            if (*colours < DIO_ROLES)
                memcpy(named[(*colours)++], i->rgb, sizeof named[0]);
        } else if (*slots[i->what] == DIO_SCENE_ANY) {
            *slots[i->what] = i->value;
        }
    }
}

/* Of named colours the first is the subject's, the next the ground's. */
static void take_colours(dio_scene_wish *wish, int n, float named[DIO_ROLES][3])
{
    static const int roles[DIO_ROLES] = {DIO_ROLE_SUBJECT, DIO_ROLE_GROUND, DIO_ROLE_SECOND,
                                         DIO_ROLE_FLOOR, DIO_ROLE_ACCENT};
    if (n < 2 || wish->colours > 0)
        return;
    for (int i = 0; i < n; i++)
        memcpy(wish->palette[roles[i]], named[i], sizeof named[i]);
    wish->colours = n;
}

void dio_lexicon_read(const dio_lexicon *l, const char *prompt, dio_scene_wish *wish, int *known)
{
    float named[DIO_ROLES][3];
    int colours = 0, understood = 0;
    struct words *w = calloc(1, sizeof *w);
    if (w)
        cut(w, prompt);
    for (int at = 0, length; w && at < w->count; at += length) {
        const struct entry *e = longest(l, w, at, &length);
        understood += e != NULL;
        if (!e)
            continue;
        int next = at + length, after;
        const struct entry *follows =
            next < w->count && !w->ends[next - 1] ? longest(l, w, next, &after) : NULL;
        apply(l, e, follows && says(l, follows, SUBJECT), wish, &colours, named);
    }
    free(w);
    take_colours(wish, colours, named);
    if (wish->subject == DIO_SCENE_ANY)
        wish->subject = dio_scene_subject("shapes");
    if (known)
        *known = understood;
}
