/* words.c: a sorted list of words; words are runs of letters (all of UTF-8 beyond ASCII counts as
 * letters), with apostrophes inside. */
#define _GNU_SOURCE /* strcasestr */
#include "text/copy/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

enum { DOCUMENTS = 20000, WORD = 64, FILE_LIMIT = 4 << 20, SHARED_LETTERS = 4 };

static bool is_letter(unsigned char c)
{
    return isalpha(c) || c >= 0x80;
}

/* The next word from *at in lower case; false at the end. Longer ones than WORD are cut. */
static bool next_word(const char **at, char out[WORD])
{
    const char *p = *at;
    int n = 0;
    while (*p && !is_letter((unsigned char)*p))
        p++;
    for (; is_letter((unsigned char)*p) || (*p == '\'' && is_letter((unsigned char)p[1])); p++)
        if (n < WORD - 1)
            out[n++] = (char)tolower((unsigned char)*p);
    out[n] = 0;
    *at = p;
    return n > 0;
}

struct dio_copy_lexis {
    dio_arena *arena;
    const char **words;
    int count, cap;
};

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void sort_unique(dio_copy_lexis *l)
{
    int kept = 0;
    if (l->count)
        qsort(l->words, (size_t)l->count, sizeof *l->words, by_text);
    for (int i = 0; i < l->count; i++)
        if (!kept || strcmp(l->words[kept - 1], l->words[i]) != 0)
            l->words[kept++] = l->words[i];
    l->count = kept;
}

static bool knows(const dio_copy_lexis *l, const char *word)
{
    return l->count && bsearch(&word, l->words, (size_t)l->count, sizeof *l->words, by_text);
}

static bool add_text(dio_copy_lexis *l, const char *text, const char *brief, dio_error *err)
{
    char word[WORD];
    while (next_word(&text, word)) {
        if (strcasestr(brief, word)) /* the advertiser's own: names are not to be learnt here */
            continue;
        if (!dio_arena_grow(l->arena, &l->words, l->count, &l->cap, sizeof *l->words))
            return dio_fail_memory(err, "the words of ads");
        l->words[l->count++] = dio_arena_strdup(l->arena, word);
    }
    return true;
}

static dio_copy_lexis *create(dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "the words of ads");
        return NULL;
    }
    dio_copy_lexis *l = dio_arena_alloc(a, sizeof *l);
    l->arena = a;
    return l;
}

static bool collect(dio_copy_lexis *l, const dio_copy_corpus *c, uint64_t seed, dio_error *err)
{
    bool ok = true;
    for (uint64_t i = 0; ok && i < DOCUMENTS; i++) {
        struct dio_brief brief;
        struct dio_ad ad;
        dio_arena *a = dio_arena_create();
        if (!a || !dio_copy_draw(c, seed, DIO_COPY_TRAIN, i, a, &brief, &ad)) {
            dio_arena_destroy(a);
            return dio_fail_memory(err, "the words of ads");
        }
        const char *said = dio_brief_prompt(a, &brief);
        for (int part = 0; ok && part < DIO_AD_PARTS; part++)
            ok = part == DIO_AD_HASHTAGS || add_text(l, ad.text[part], said, err);
        dio_arena_destroy(a);
        if (i % 1000 == 999)
            sort_unique(l);
    }
    sort_unique(l);
    return ok;
}

bool dio_copy_words_write(const dio_copy_corpus *c, uint64_t seed, const char *dir, dio_error *err)
{
    dio_copy_lexis *l = create(err);
    dio_str s = {0};
    bool ok = l && collect(l, c, seed, err);
    for (int i = 0; ok && i < l->count; i++)
        dio_str_printf(&s, "%s\n", l->words[i]);
    if (ok)
        ok = s.failed ? dio_fail_memory(err, "the words of ads")
                      : dio_file_write(dio_path_join(l->arena, dir, "words.txt"),
                                       s.text ? s.text : "", s.length, err);
    dio_str_deinit(&s);
    dio_copy_lexis_close(l);
    return ok;
}

dio_copy_lexis *dio_copy_lexis_open(const char *dir, dio_error *err)
{
    size_t n;
    dio_copy_lexis *l = create(err);
    if (!l)
        return NULL;
    const char *path = dio_path_join(l->arena, dir, "words.txt");
    char *text = dio_file_exists(path) ? dio_file_read(l->arena, path, FILE_LIMIT, &n, err) : NULL;
    const char *at = text;
    if (!text || !add_text(l, at, "", err)) {
        dio_copy_lexis_close(l);
        return NULL;
    }
    sort_unique(l);
    return l;
}

void dio_copy_lexis_close(dio_copy_lexis *l)
{
    if (l)
        dio_arena_destroy(l->arena);
}

const char *dio_copy_lexis_unknown(const dio_copy_lexis *l, const char *text, const char *brief,
                                   dio_arena *a)
{
    char word[WORD];
    while (next_word(&text, word))
        if (!knows(l, word) && !strcasestr(brief, word))
            return dio_arena_strdup(a, word);
    return NULL;
}

static bool has_word(const char *text, const char *wanted)
{
    char word[WORD];
    while (next_word(&text, word))
        if (strcmp(word, wanted) == 0)
            return true;
    return false;
}

int dio_copy_lexis_shared(const char *text, const char *brief, int *of)
{
    char word[WORD];
    int shared = 0, all = 0;
    while (next_word(&brief, word))
        if (strlen(word) >= SHARED_LETTERS) {
            shared += has_word(text, word);
            all++;
        }
    if (of)
        *of = all;
    return shared;
}
