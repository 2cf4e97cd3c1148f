/* repetition.c: how much of a text says again what it has said. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fusion/score.h"
#include "text/unicode.h"

struct params {
    struct dio_criterion_params criterion;
    int words;
};

static const dio_field fields[] = {
    DIO_CRITERION_FIELDS,
    DIO_FIELD(struct params, words, "2", 1, 8, "words in a row that count as one saying"),
    {0},
};

/* Words in lower case, each with one space behind it; punctuation is left out. */
static bool to_words(const char *text, dio_str *out, int *count)
{
    dio_str lower = {0};
    bool within = false;
    *count = 0;
    dio_unicode_lower(text, strlen(text), &lower);
    for (size_t i = 0; i < lower.length;) {
        uint32_t cp;
        int n = dio_utf8_next(lower.text + i, lower.length - i, &cp);
        bool word = n && (dio_cp_is_word(cp) || (within && cp == '\''));
        if (word)
            dio_str_put(out, lower.text + i, (size_t)n);
        else if (within)
            dio_str_putc(out, ' ');
        *count += word && !within;
        within = word;
        i += n ? (size_t)n : 1;
    }
    if (within)
        dio_str_putc(out, ' ');
    bool ok = !lower.failed && !out->failed;
    dio_str_deinit(&lower);
    return ok;
}

struct saying {
    const char *text;
    size_t length;
};

static int by_text(const void *x, const void *y)
{
    const struct saying *a = x, *b = y;
    size_t n = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, n);
    return order ? order : a->length < b->length ? -1 : a->length > b->length;
}

/* n sayings: from the beginning of each word to the end of the one `words` later. */
static void cut(const char *text, int words, struct saying *list, int n)
{
    const char *from = text, *to = text;
    for (int i = 0; i < words; i++)
        to = strchr(to, ' ') + 1;
    for (int i = 0; i < n; i++) {
        list[i] = (struct saying){from, (size_t)(to - from)};
        from = strchr(from, ' ') + 1;
        to = i + 1 < n ? strchr(to, ' ') + 1 : to;
    }
}

static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    const struct params *p = params;
    dio_str words = {0};
    int count, different = 0;
    bool ok = to_words(look->sight->text, &words, &count);
    int n = ok && count >= p->words ? count - p->words + 1 : 0;
    struct saying *list = n ? malloc((size_t)n * sizeof *list) : NULL;
    if (list) {
        cut(words.text, p->words, list, n);
        qsort(list, (size_t)n, sizeof *list, by_text);
        for (int i = 0; i < n; i++)
            different += i == 0 || by_text(&list[i - 1], &list[i]) != 0;
    }
    *out = n ? 1 - (double)different / n : 0;
    ok = ok && (!n || list);
    free(list);
    dio_str_deinit(&words);
    return ok || dio_fail_memory(err, "a text's words");
}

const dio_score dio_score_repetition = {
    .name = "repetition",
    .media = DIO_MEDIA_TEXT,
    .doc = "share of a text that says again what it has said",
    .unit = "of sayings",
    .lower = true,
    .lo = 0,
    .hi = 1,
    .reference = "1 - different sequences of n words / all of them; seq-rep-n of Welleck et al., "
                 "\"Neural Text Generation with Unlikelihood Training\", ICLR 2020",
    .usual = true,
    .params = fields,
    .params_size = sizeof(struct params),
    .measure = measure,
};
