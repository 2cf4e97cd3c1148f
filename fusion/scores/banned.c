/* banned.c: words that must not be said: the house's list (assets/corpus/banned.yaml), and the
 * user's own. */
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "fusion/score.h"
#include "text/copy/copy.h"
#include "text/unicode.h"

enum { WORDS = 1000 };

struct params {
    struct dio_criterion_params criterion;
    const dio_value *words;
    bool house;
};

static const dio_field fields[] = {
    DIO_CRITERION_FIELDS,
    DIO_FIELD(struct params, words, "null", 0, 0, "more of them: a list; whole words, any case"),
    DIO_FIELD(struct params, house, "true", 0, 0,
              "the house's list, too: claims that need proof, and other people's brands"),
    {0},
};

static bool is_word_at(const char *text, size_t at, size_t length)
{
    uint32_t cp;
    return at < length && dio_utf8_next(text + at, length - at, &cp) && dio_cp_is_word(cp);
}

static bool is_word_before(const char *text, size_t at)
{
    size_t from = at;
    while (from > 0 && ((unsigned char)text[from - 1] & 0xC0) == 0x80)
        from--;
    return from > 0 && is_word_at(text, from - 1, at);
}

/* Both in lower case; whole words only. */
static int count_of(const dio_str *text, const dio_str *phrase)
{
    int count = 0;
    const char *at = text->text;
    while (phrase->length && (at = strstr(at, phrase->text))) {
        size_t from = (size_t)(at - text->text), to = from + phrase->length;
        count += !is_word_before(text->text, from) && !is_word_at(text->text, to, text->length);
        at = text->text + to;
    }
    return count;
}

static bool count_own(const dio_value *words, const char *said, int *count)
{
    dio_str text = {0}, phrase = {0};
    dio_str_puts(&text, "");
    dio_unicode_lower(said, strlen(said), &text);
    bool ok = !text.failed;
    for (int i = 0; ok && words && words->kind == DIO_LIST && i < words->list.count; i++) {
        const dio_value *v = words->list.items[i];
        dio_str_clear(&phrase);
        dio_str_puts(&phrase, "");
        if (v->kind == DIO_STRING)
            dio_unicode_lower(v->string.text, v->string.length, &phrase);
        ok = !phrase.failed;
        *count += ok ? count_of(&text, &phrase) : 0;
    }
    dio_str_deinit(&text);
    dio_str_deinit(&phrase);
    return ok;
}

/* What the client's own parameters say is the client's to say. */
static bool count_house(const dio_look *look, int *count, dio_error *err)
{
    const char *assets = dio_studio_assets(look->studio);
    const char *dir = dio_path_join(look->arena, assets, "corpus");
    dio_studio_touch(look->studio, DIO_TOUCH_FILE, dio_path_join(look->arena, dir, "banned.yaml"));
    dio_copy_rules *rules = dio_copy_rules_open(dir, err);
    if (!rules)
        return false;
    const char *own = look->with ? dio_json_write(look->arena, look->with, 0) : NULL;
    *count += dio_copy_rules_broken(rules, look->sight->text, own) != NULL;
    dio_copy_rules_close(rules);
    return true;
}

static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    const struct params *p = params;
    int count = 0;
    if (!count_own(p->words, look->sight->text, &count))
        return dio_fail_memory(err, "banned words");
    if (p->house && !count_house(look, &count, err))
        return false;
    *out = count;
    return true;
}

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    (void)studio, (void)with;
    const struct params *p = params;
    if (!p->words || p->words->kind == DIO_NULL)
        return;
    if (p->words->kind != DIO_LIST || p->words->list.count > WORDS) {
        dio_report_at(report, p->words, "words: expected a list of at most %d words", WORDS);
        return;
    }
    for (int i = 0; i < p->words->list.count; i++) {
        const dio_value *v = p->words->list.items[i];
        if (v->kind != DIO_STRING || !v->string.length)
            dio_report_at(report, v, "words: expected a word, found %s", dio_kind_name(v->kind));
    }
}

const dio_score dio_score_banned = {
    .name = "banned",
    .media = DIO_MEDIA_TEXT,
    .doc = "how often a text says what it must not say",
    .unit = "times",
    .lower = true,
    .fault = true,
    .lo = 0,
    .hi = 1e6,
    .reference = "places where a phrase of `words` stands as whole words in any case, and 1 when "
                 "one of assets/corpus/banned.yaml does that the step's own parameters do not say",
    .usual = true,
    .params = fields,
    .params_size = sizeof(struct params),
    .check = check,
    .measure = measure,
};
