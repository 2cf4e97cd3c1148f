/* speech_lexicon.c: reads lexicon files; every line is checked before any is used. */
#include "audio/phones/speech_lexicon.h"

#include <stdlib.h>
#include <string.h>

#include "audio/phones/normalise.h"
#include "base/file.h"
#include "base/str.h"
#include "text/unicode.h"

struct entry {
    const char *word, *phones;
    int line;
};

struct dio_speech_lexicon {
    struct entry *entries; /* by word */
    int count, cap;
};

static int by_word(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->word, y->word);
    return order ? order : x->line - y->line;
}

/* The word as the rules will meet it: ASCII, small letters. NULL with a sentence. */
static const char *folded(dio_arena *a, const char *text, size_t n, dio_error *err)
{
    dio_str form = {0};
    char word[DIO_SPEECH_WORD + 1];
    size_t length = 0;
    bool good = dio_unicode_normalize(text, n, DIO_NFKD, &form, err) &&
                (!form.failed || dio_fail_memory(err, "a lexicon"));
    for (size_t i = 0; good && i < form.length;) {
        uint32_t cp;
        int k = dio_utf8_next(form.text + i, form.length - i, &cp);
        i += (size_t)k;
        if (cp >= 0x300 && cp < 0x370)
            continue; /* an accent */
        char c = cp >= 'A' && cp <= 'Z' ? (char)(cp + 32) : (char)cp;
        bool letter = cp < 0x80 && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
        if (cp >= 0x80 || (!letter && (length == 0 || !c || !strchr("-'.&+/", c))))
            good = dio_fail(err,
                            "the word \"%.*s\" has other characters than letters, digits and "
                            "- ' . & + / inside",
                            n > 60 ? 60 : (int)n, text);
        else if (length == DIO_SPEECH_WORD)
            good = dio_fail(err, "the word \"%.*s...\" is longer than %d letters", 40, text,
                            DIO_SPEECH_WORD);
        else
            word[length++] = c;
    }
    if (good && length == 0)
        good = dio_fail(err, "there is no word before the tab");
    dio_str_deinit(&form);
    return good ? dio_arena_strndup(a, word, length) : NULL;
}

static bool read_line(dio_arena *a, dio_speech_lexicon *l, const char *text, size_t n, int line,
                      dio_error *err)
{
    const char *tab = memchr(text, '\t', n);
    dio_pronunciation p;
    size_t blanks = 0;
    while (blanks < n && (text[blanks] == ' ' || text[blanks] == '\t' || text[blanks] == '\r'))
        blanks++;
    if (blanks == n || *text == '#')
        return true;
    if (!tab)
        return dio_fail(err, "no tab: a line is a word, a tab and its phones (lumo<TAB>L UW1 M "
                             "OW0)");
    const char *word = folded(a, text, (size_t)(tab - text), err);
    if (!word || !dio_phones_read(tab + 1, n - (size_t)(tab + 1 - text), &p, err))
        return false;
    if (l->count == DIO_LEXICON_WORDS)
        return dio_fail(err, "a lexicon has at most %d words", DIO_LEXICON_WORDS);
    char phones[8 * DIO_WORD_PHONES];
    dio_phones_write(&p, phones, sizeof phones);
    const char *kept = dio_arena_strdup(a, phones);
    if (!dio_arena_grow(a, &l->entries, l->count, &l->cap, sizeof *l->entries) || !kept)
        return dio_fail_memory(err, "a lexicon");
    l->entries[l->count++] = (struct entry){word, kept, line};
    return true;
}

static bool refuse_twins(dio_speech_lexicon *l, const char *label, dio_error *err)
{
    if (l->count)
        qsort(l->entries, (size_t)l->count, sizeof *l->entries, by_word);
    for (int i = 1; i < l->count; i++)
        if (strcmp(l->entries[i - 1].word, l->entries[i].word) == 0) {
            dio_fail(err, "\"%s\" is there twice, first in line %d: keep one", l->entries[i].word,
                     l->entries[i - 1].line);
            return dio_error_at(err, label, l->entries[i].line, 1);
        }
    return true;
}

dio_speech_lexicon *dio_speech_lexicon_parse(dio_arena *a, const char *label, const char *text,
                                             size_t length, dio_error *err)
{
    dio_speech_lexicon *l = dio_arena_alloc(a, sizeof *l);
    size_t bad, at = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    int line = 1;
    if (length > DIO_LEXICON_BYTES) {
        dio_fail(err, "the lexicon has %zu bytes; at most %d are read", length, DIO_LEXICON_BYTES);
        dio_error_at(err, label, 0, 0);
        return NULL;
    }
    if (!dio_utf8_valid(text, length, &bad)) {
        dio_fail(err, "the lexicon is not UTF-8 at byte %zu", bad);
        dio_error_at(err, label, 0, 0);
        return NULL;
    }
    for (; at < length; line++) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t n = end ? (size_t)(end - text) - at : length - at, cut = n;
        while (cut > 0 && strchr(" \r\t", text[at + cut - 1]) && text[at + cut - 1])
            cut--;
        if (memchr(text + at, '\t', n) && cut < n && !memchr(text + at, '\t', cut))
            cut = n; /* a word and nothing after its tab */
        if (!read_line(a, l, text + at, cut, line, err)) {
            dio_error_at(err, label, line, 1);
            return NULL;
        }
        at += n + 1;
    }
    if (dio_arena_failed(a)) {
        dio_fail_memory(err, "a lexicon");
        return NULL;
    }
    return refuse_twins(l, label, err) ? l : NULL;
}

dio_speech_lexicon *dio_speech_lexicon_read(dio_arena *a, const char *path, dio_error *err)
{
    size_t length;
    char *text = dio_file_read(a, path, DIO_LEXICON_BYTES, &length, err);
    return text ? dio_speech_lexicon_parse(a, path, text, length, err) : NULL;
}

int dio_speech_lexicon_count(const dio_speech_lexicon *l)
{
    return l->count;
}

const char *dio_speech_lexicon_find(const dio_speech_lexicon *l, const char *word)
{
    int low = 0, high = l->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = strcmp(l->entries[middle].word, word);
        if (order == 0)
            return l->entries[middle].phones;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
