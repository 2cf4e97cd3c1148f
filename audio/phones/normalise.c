/* normalise.c: tries the rules at each place of the clean text and keeps the pieces they take. */
#include "audio/phones/normalise.h"

#include <string.h>

#include "audio/phones/forced.h"
#include "audio/phones/scan.h"

static const dio_rule rules[] = {
#define DIO_RULE(name, doc)         {#name, doc, dio_rule_##name, false},
#define DIO_RULE_NUMERIC(name, doc) {#name, doc, dio_rule_##name, true},
#include "audio/phones/rules.def"
#undef DIO_RULE
#undef DIO_RULE_NUMERIC
};

static size_t source_of(const struct scan *s, size_t clean)
{
    uint32_t at = s->from[clean];
    return s->in->source ? s->in->source[at] : at;
}

/* Byte after the character that the clean byte before `end` came from: what was dropped between
 * pieces belongs to none. */
static size_t source_end(const struct scan *s, size_t end)
{
    const dio_normalise_input *in = s->in;
    size_t at = s->from[end - 1], n = in->source ? in->origin_length : in->length;
    const char *text = in->source ? in->origin : in->text;
    if (in->source)
        at = in->source[at];
    const char *past = in->source && text[at] == '&' ? memchr(text + at, ';', n - at) : NULL;
    if (past) /* an entity */
        return (size_t)(past - text) + 1;
    for (at++; at < n && ((unsigned char)text[at] & 0xC0) == 0x80;)
        at++;
    return at;
}

static dio_said *piece(struct scan *s, size_t begin, size_t end, const char *rule, int words)
{
    if (!dio_arena_grow(s->arena, &s->items, s->said, &s->said_cap, sizeof *s->items) ||
        !dio_arena_grow(s->arena, &s->first, s->said, &s->first_cap, sizeof *s->first)) {
        s->failed = true;
        return NULL;
    }
    s->first[s->said] = words;
    dio_said *item = &s->items[s->said++];
    *item = (dio_said){.begin = source_of(s, begin),
                       .end = end > begin ? source_end(s, end) : source_of(s, begin),
                       .count = s->count - words,
                       .rule = rule,
                       .phones = s->phones};
    return item;
}

/* One piece at `at`: where it ends. Rules cover all that clean.c lets through; a byte that none
 * takes is passed over whole. */
static size_t step(struct scan *s, size_t at)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        int words = s->count;
        s->phones = NULL;
        size_t end = rules[i].read(s, at);
        if (!end) {
            s->count = words;
            continue;
        }
        if (s->count > words || s->phones) {
            piece(s, at, end, rules[i].name, words);
            s->numeric = rules[i].numeric;
        }
        return end;
    }
    for (at++; at < s->n && ((unsigned char)s->text[at] & 0xC0) == 0x80;)
        at++;
    return at;
}

static void forced_piece(struct scan *s, const dio_forced *f, size_t begin, size_t end)
{
    int words = s->count;
    size_t n = s->n;
    s->n = end;
    s->phones = NULL;
    const char *rule = dio_forced_say(s, f, begin);
    s->n = n;
    if (s->count > words || s->phones)
        piece(s, begin, end, rule, words);
    s->numeric = false;
}

static void run(struct scan *s, size_t n)
{
    const dio_normalise_input *in = s->in;
    size_t at = 0;
    for (int i = 0; i <= in->forced_count && !s->failed; i++) {
        const dio_forced *f = i < in->forced_count ? &in->forced[i] : NULL;
        size_t begin = at, end;
        while (f && begin < n && s->from[begin] < f->begin)
            begin++;
        s->n = f ? begin : n;
        while (at < s->n && !s->failed && !dio_arena_failed(s->arena))
            at = step(s, at);
        if (!f)
            continue;
        for (end = begin; end < n && s->from[end] < f->end;)
            end++;
        forced_piece(s, f, begin, end);
        at = end;
    }
}

bool dio_normalise(dio_arena *a, const dio_normalise_input *in, dio_spoken *out, dio_error *err)
{
    struct scan s = {.arena = a, .in = in, .err = err};
    *out = (dio_spoken){0};
    if (!dio_scan_clean(&s, err))
        return false;
    run(&s, s.n);
    if (err->message[0])
        return false;
    if (s.failed || dio_arena_failed(a))
        return dio_fail_memory(err, "what a text says");
    for (int i = 0; i < s.said; i++)
        s.items[i].words = s.words + s.first[i];
    *out = (dio_spoken){.items = s.items, .count = s.said};
    return true;
}
