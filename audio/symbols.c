/* symbols.c: text as voices read it, and its numbers.
 *
 * A trap of transformers': its tokenizer cuts the text at the padding token before anything else,
 * and puts blanks around the other characters of each piece alone. MMS voices call a letter of
 * their own (the first of the vocabulary) that; so their numbers differ at such a letter, and so do
 * ours. */
#include "audio/symbols.h"

#include <stdlib.h>
#include <string.h>

#include "audio/espeak.h"
#include "base/file.h"
#include "text/unicode.h"

enum { CONFIG_LIMIT = 4 << 20, IDS = 4, SYMBOLS_MOST = 1 << 20 };

struct symbol {
    const char *text;
    size_t length;
    int ids[IDS], n;
};

struct dio_symbols {
    dio_arena *arena;
    struct symbol *items;
    int count, limit; /* ids are below limit */
    bool piper, blank, normalize, roman;
    const char *language, *pad; /* of VITS */
    const char *espeak;         /* its voice, or NULL */
};

/* --- tables --- */

static bool take_id(const struct dio_symbols *s, const dio_value *v, int *id, dio_error *err)
{
    if (v->kind != DIO_INT || v->integer < 0 || v->integer >= s->limit)
        return dio_value_fail(v, err, "a symbol's number is one of 0 to %d", s->limit - 1);
    *id = (int)v->integer;
    return true;
}

static bool take_symbol(struct dio_symbols *s, const dio_value *key, const dio_value *v,
                        dio_error *err)
{
    struct symbol *to = &s->items[s->count++];
    char *text = dio_arena_printf(s->arena, "%s", key->string.text);
    if (!text)
        return dio_fail_memory(err, "symbols");
    *to = (struct symbol){.text = text, .length = strlen(text), .n = 1};
    if (!to->length)
        return dio_value_fail(key, err, "a symbol of no character");
    if (v->kind != DIO_LIST)
        return take_id(s, v, &to->ids[0], err);
    to->n = v->list.count;
    if (to->n < 1 || to->n > IDS)
        return dio_value_fail(v, err, "a symbol has 1 to %d numbers", IDS);
    for (int i = 0; i < to->n; i++)
        if (!take_id(s, v->list.items[i], &to->ids[i], err))
            return false;
    return true;
}

static bool take_table(struct dio_symbols *s, const dio_value *map, const char *what,
                       dio_error *err)
{
    if (!map || map->kind != DIO_MAP || map->map.count < 1 || map->map.count > SYMBOLS_MOST)
        return dio_fail(err, "%s: a map of symbols to their numbers is needed", what);
    s->items = dio_arena_try(s->arena, (size_t)map->map.count * sizeof *s->items);
    if (!s->items)
        return dio_fail_memory(err, "symbols");
    for (int i = 0; i < map->map.count; i++)
        if (!take_symbol(s, map->map.keys[i], map->map.items[i], err))
            return false;
    return true;
}

static const struct symbol *find(const dio_symbols *s, const char *text, size_t n)
{
    for (int i = 0; i < s->count; i++)
        if (s->items[i].length == n && memcmp(s->items[i].text, text, n) == 0)
            return &s->items[i];
    return NULL;
}

static dio_symbols *begin(int limit, dio_error *err)
{
    dio_symbols *s = calloc(1, sizeof *s);
    if (s && (s->arena = dio_arena_create())) {
        s->limit = limit;
        return s;
    }
    free(s);
    dio_fail_memory(err, "symbols");
    return NULL;
}

static dio_symbols *end(dio_symbols *s, bool ok)
{
    if (ok)
        return s;
    dio_symbols_destroy(s);
    return NULL;
}

void dio_symbols_destroy(dio_symbols *s)
{
    if (s)
        dio_arena_destroy(s->arena);
    free(s);
}

/* --- transformers --- */

static bool flag(const dio_value *config, const char *key, bool usual)
{
    const dio_value *v = dio_map_get(config, key);
    return v && v->kind == DIO_BOOL ? v->boolean : usual;
}

static const char *word(const dio_value *config, const char *key, const char *usual)
{
    const dio_value *v = dio_map_get(config, key);
    const dio_value *content = v && v->kind == DIO_MAP ? dio_map_get(v, "content") : v;
    return content && content->kind == DIO_STRING ? content->string.text : usual;
}

dio_symbols *dio_symbols_open(const char *dir, int count, dio_error *err)
{
    dio_symbols *s = begin(count, err);
    if (!s)
        return NULL;
    dio_arena *a = s->arena;
    const char *settings = dio_path_join(a, dir, "tokenizer_config.json");
    dio_value *config = NULL;
    dio_value *vocab = dio_value_read(a, dio_path_join(a, dir, "vocab.json"), CONFIG_LIMIT, err);
    bool ok = vocab != NULL;
    if (ok && dio_file_exists(settings)) {
        config = dio_value_read(a, settings, CONFIG_LIMIT, err);
        ok = config != NULL;
    }
    if (ok) {
        s->blank = flag(config, "add_blank", true);
        s->normalize = flag(config, "normalize", true);
        s->roman = flag(config, "is_uroman", false);
        s->espeak = flag(config, "phonemize", true) ? "en-us" : NULL;
        s->language = word(config, "language", "");
        s->pad = word(config, "pad_token", "<pad>");
        ok = take_table(s, vocab, "vocab.json", err);
    }
    return end(s, ok);
}

/* The symbol of the vocabulary's order that begins here. */
static const struct symbol *begins(const dio_symbols *s, const char *text)
{
    for (int i = 0; i < s->count; i++)
        if (strncmp(text, s->items[i].text, s->items[i].length) == 0)
            return &s->items[i];
    return NULL;
}

/* What is in the vocabulary stays, the rest in small letters. */
static void lower(const dio_symbols *s, const char *text, dio_str *out)
{
    uint32_t cp;
    while (*text) {
        const struct symbol *known = begins(s, text);
        size_t n = known ? known->length : (size_t)dio_utf8_next(text, strlen(text), &cp);
        if (known)
            dio_str_put(out, text, n);
        else
            dio_unicode_lower(text, n, out);
        text += n;
    }
}

static bool check_roman(const dio_symbols *s, const char *text, dio_error *err)
{
    for (; s->roman && *text; text++)
        if ((unsigned char)*text >= 0x80)
            return dio_fail(err, "this voice reads text in Latin letters, as the program uroman "
                                 "writes it: pass the text through uroman first");
    return true;
}

/* Characters that the voice does not know go, and then space at the ends. */
static void keep_known(const dio_symbols *s, const char *text, dio_str *out)
{
    size_t start = out->length;
    uint32_t cp;
    for (size_t n; *text; text += n) {
        n = (size_t)dio_utf8_next(text, strlen(text), &cp);
        if (find(s, text, n) && (out->length > start || *text != ' '))
            dio_str_put(out, text, n);
    }
    while (out->length > start && out->text[out->length - 1] == ' ')
        out->text[--out->length] = 0;
}

/* --- Piper --- */

dio_symbols *dio_symbols_piper(const dio_value *config, int count, dio_error *err)
{
    dio_symbols *s = begin(count, err);
    if (!s)
        return NULL;
    const char *type = word(config, "phoneme_type", "espeak");
    bool ok = take_table(s, dio_map_get(config, "phoneme_id_map"), "phoneme_id_map", err);
    s->piper = true;
    if (ok && (!find(s, "^", 1) || !find(s, "$", 1) || !find(s, "_", 1)))
        ok = dio_fail(err, "phoneme_id_map: there must be ^, $ and _, which begin, end and part");
    if (ok && strcmp(type, "espeak") == 0)
        s->espeak =
            dio_arena_printf(s->arena, "%s", word(dio_map_get(config, "espeak"), "voice", "en-us"));
    else if (ok && strcmp(type, "text") != 0)
        ok = dio_fail(err, "phoneme_type: \"espeak\" and \"text\" are supported, not \"%.40s\"",
                      type);
    return end(s, ok);
}

/* --- phonemes --- */

const char *dio_symbols_espeak(const dio_symbols *s)
{
    return s->espeak;
}

/* A mark that ends a clause: it stands before space or the end. */
static bool ends_clause(const char *p)
{
    return strchr(".?!,:;", *p) && (!p[1] || strchr(" \t\r\n", p[1]) || strchr(".?!,:;", p[1]));
}

static bool say_clause(const dio_symbols *s, const char *text, size_t n, dio_str *out,
                       dio_error *err)
{
    char clause[DIO_ESPEAK_TEXT + 1];
    while (n && strchr(" \t\r\n", *text))
        text++, n--;
    if (!n)
        return true;
    if (n > DIO_ESPEAK_TEXT)
        return dio_fail(err, "%zu bytes without a pause are more than %d: break the text up", n,
                        DIO_ESPEAK_TEXT);
    memcpy(clause, text, n);
    clause[n] = 0;
    if (out->length)
        dio_str_putc(out, ' ');
    return dio_espeak_run(s->espeak, clause, out, err);
}

/* Clause by clause, with their marks behind them. */
static bool phonemes(const dio_symbols *s, const char *text, dio_str *out, dio_error *err)
{
    const char *from = text;
    for (const char *p = text;; p++) {
        if (*p && !ends_clause(p))
            continue;
        if (!say_clause(s, from, (size_t)(p - from), out, err))
            return false;
        if (!*p)
            return true;
        dio_str_putc(out, *p);
        from = p + 1;
    }
}

/* --- preparing --- */

static bool prepare_vits(const dio_symbols *s, const char *text, dio_str *out, dio_error *err)
{
    static const char with_comma[] = "\xc8\x9b", with_cedilla[] = "\xc5\xa3"; /* t */
    dio_str low = {0}, plain = {0};
    if (s->normalize)
        lower(s, text, &low);
    else
        dio_str_puts(&low, text);
    bool romanian = strcmp(s->language, "ron") == 0;
    for (const char *p = low.text ? low.text : ""; *p; p++)
        if (romanian && strncmp(p, with_comma, 2) == 0)
            dio_str_puts(&plain, with_cedilla), p++;
        else
            dio_str_putc(&plain, *p);
    const char *ready = plain.text ? plain.text : "";
    bool ok = check_roman(s, ready, err);
    if (ok && s->espeak)
        ok = phonemes(s, ready, out, err);
    else if (ok && s->normalize)
        keep_known(s, ready, out);
    else if (ok)
        dio_str_puts(out, ready);
    if (ok && (low.failed || plain.failed))
        ok = dio_fail_memory(err, "a text");
    dio_str_deinit(&low);
    dio_str_deinit(&plain);
    return ok;
}

/* Phonemes, or letters, each mark on its own: Piper's maps have decomposed characters. */
static bool prepare_piper(const dio_symbols *s, const char *text, dio_str *out, dio_error *err)
{
    dio_str said = {0};
    bool ok = true;
    if (s->espeak)
        ok = phonemes(s, text, &said, err);
    else
        dio_unicode_lower(text, strlen(text), &said);
    ok = ok && dio_unicode_normalize(said.text ? said.text : "", said.length, DIO_NFD, out, err);
    dio_str_deinit(&said);
    return ok;
}

bool dio_symbols_prepare(const dio_symbols *s, const char *text, dio_str *out, dio_error *err)
{
    size_t n = strlen(text), bad;
    if (n > DIO_SYMBOLS_TEXT)
        return dio_fail(err, "%zu bytes of text are more than %d: say less at a time", n,
                        DIO_SYMBOLS_TEXT);
    if (!dio_utf8_valid(text, n, &bad))
        return dio_fail(err, "the text is no UTF-8 at byte %zu", bad);
    bool ok = s->piper ? prepare_piper(s, text, out, err) : prepare_vits(s, text, out, err);
    return ok && (!out->failed || dio_fail_memory(err, "a text"));
}

/* --- numbers --- */

static void put(dio_symbol_list *l, const struct symbol *s, int from)
{
    for (int i = 0; i < s->n; i++) {
        l->ids[l->count] = s->ids[i];
        l->from[l->count++] = from;
    }
}

static const struct symbol *known(const dio_symbols *s, const char *p, size_t n, dio_error *err)
{
    const struct symbol *it = find(s, p, n);
    uint32_t cp = 0;
    dio_utf8_next(p, n, &cp);
    if (!it)
        dio_fail(err, "\"%.*s\" (U+%04X) is none of this voice's symbols", (int)n, p, (unsigned)cp);
    return it;
}

static bool ids_piper(const dio_symbols *s, const char *text, dio_symbol_list *l, dio_error *err)
{
    const struct symbol *between = find(s, "_", 1);
    uint32_t cp;
    put(l, find(s, "^", 1), -1);
    put(l, between, -1);
    for (size_t n, at = 0; text[at]; at += n) {
        n = (size_t)dio_utf8_next(text + at, strlen(text + at), &cp);
        const struct symbol *it = known(s, text + at, n, err);
        if (!it)
            return false;
        put(l, it, (int)at);
        put(l, between, -1);
    }
    put(l, find(s, "$", 1), -1);
    return true;
}

static bool ids_vits(const dio_symbols *s, const char *text, dio_symbol_list *l, dio_error *err)
{
    static const struct symbol zero = {.ids = {0}, .n = 1};
    const struct symbol *pad = find(s, s->pad, strlen(s->pad));
    uint32_t cp;
    bool inside = false; /* of a piece between padding tokens */
    for (size_t n, at = 0; text[at]; at += n) {
        n = (size_t)dio_utf8_next(text + at, strlen(text + at), &cp);
        const struct symbol *it = known(s, text + at, n, err);
        if (!it)
            return false;
        if (s->blank && it != pad && !inside)
            put(l, &zero, -1);
        put(l, it, (int)at);
        inside = it != pad;
        if (s->blank && inside)
            put(l, &zero, -1);
    }
    return l->count > 0 || dio_fail(err, "there is nothing in this text that the voice can say");
}

bool dio_symbols_ids(const dio_symbols *s, const char *prepared, dio_arena *a, dio_symbol_list *out,
                     dio_error *err)
{
    size_t n = strlen(prepared), bad, room = (n + 2) * (IDS + 1) + 2 * IDS;
    if (!dio_utf8_valid(prepared, n, &bad))
        return dio_fail(err, "the text is no UTF-8 at byte %zu", bad);
    *out = (dio_symbol_list){dio_arena_try(a, room * sizeof *out->ids),
                             dio_arena_try(a, room * sizeof *out->from), 0};
    if (!out->ids || !out->from)
        return dio_fail_memory(err, "symbols");
    return s->piper ? ids_piper(s, prepared, out, err) : ids_vits(s, prepared, out, err);
}
