/* splitter.c: one row a type. A splitter reads every piece that is still text, in two steps at
 * most: it rewrites the text (a space before it, ▁ for spaces, the byte alphabet), and it cuts. */
#include "text/splitter.h"

#include <stdlib.h>
#include <string.h>

#include "text/byte_level.h"
#include "text/component.h"
#include "text/cut.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

enum { BYTE_LEVEL, SPLIT, DIGITS, METASPACE, WHITESPACE, WHITESPACE_SPLIT, PUNCTUATION };
enum { FIRST, NEVER, ALWAYS };

static const dio_component table[] = {
    [BYTE_LEVEL] = {"ByteLevel", "add_prefix_space trim_offsets use_regex "},
    [SPLIT] = {"Split", "pattern behavior invert "},
    [DIGITS] = {"Digits", "individual_digits "},
    [METASPACE] = {"Metaspace", "replacement add_prefix_space prepend_scheme split str_rep "},
    [WHITESPACE] = {"Whitespace", ""},
    [WHITESPACE_SPLIT] = {"WhitespaceSplit", ""},
    [PUNCTUATION] = {"Punctuation", "behavior "},
    {NULL},
};

static const dio_components components = {"pre_tokenizer", "pretokenizers", table};

const char dio_splitter_gpt2[] =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/* \w+|[^\w\s]+ of the other library that the reference uses: letters, marks, digits, letter
 * numbers, connectors, circled and squared letters, joiners. */
#define WORD                                                                                       \
    "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}"                    \
    "\\x{1f150}-\\x{1f169}\\x{1f170}-\\x{1f189}\\x{200c}\\x{200d}"
static const char whitespace_words[] = "[" WORD "]+|[^" WORD "\\s]+";

static bool read_metaspace(dio_splitter *s, const dio_value *v, dio_error *err)
{
    static const char *const schemes[] = {"first", "never", "always"};
    uint32_t cp;
    bool prefix;
    if (!dio_member_char(v, "replacement", &cp, err) ||
        !dio_member_bool(v, "add_prefix_space", true, &prefix, err) ||
        !dio_member_word(v, "prepend_scheme", schemes, 3, ALWAYS, &s->scheme, err) ||
        !dio_member_bool(v, "split", true, &s->split, err))
        return false;
    const dio_value *scheme = dio_map_get(v, "prepend_scheme");
    if (!prefix && scheme && s->scheme != NEVER)
        return dio_value_fail(v, err, "add_prefix_space is false, but prepend_scheme is \"%s\"",
                              schemes[s->scheme]);
    if (!prefix)
        s->scheme = NEVER;
    s->replacement_length = dio_utf8_put(cp, s->replacement);
    return true;
}

static bool read_byte_level(dio_splitters *list, dio_splitter *s, const dio_value *v,
                            dio_error *err)
{
    bool trim;
    if (!dio_member_bool(v, "add_prefix_space", true, &s->prefix_space, err) ||
        !dio_member_bool(v, "trim_offsets", true, &trim, err) ||
        !dio_member_bool(v, "use_regex", true, &s->use_regex, err))
        return false;
    list->bytes = true;
    if (!s->use_regex)
        return true;
    s->pattern = dio_pattern_create(dio_splitter_gpt2, strlen(dio_splitter_gpt2), false, err);
    return s->pattern != NULL;
}

static bool read_one(void *user, int kind, const dio_value *v, dio_error *err)
{
    dio_splitters *list = user;
    if (!dio_arena_grow(list->arena, &list->items, list->count, &list->cap, sizeof *list->items))
        return dio_fail_memory(err, "a tokenizer's pre-tokenizers");
    dio_splitter *s = &list->items[list->count++];
    *s = (dio_splitter){.kind = kind};
    switch (kind) {
    case BYTE_LEVEL:
        return read_byte_level(list, s, v, err);
    case SPLIT:
        return dio_member_word(v, "behavior", dio_cut_names, DIO_CUT_COUNT, -1, &s->behavior,
                               err) &&
               dio_member_bool(v, "invert", false, &s->invert, err) &&
               (s->pattern = dio_member_pattern(v, err)) != NULL;
    case DIGITS:
        return dio_member_bool(v, "individual_digits", false, &s->individual, err);
    case METASPACE:
        return read_metaspace(s, v, err);
    case WHITESPACE:
        s->pattern = dio_pattern_create(whitespace_words, strlen(whitespace_words), false, err);
        return s->pattern != NULL;
    case PUNCTUATION:
        return dio_member_word(v, "behavior", dio_cut_names, DIO_CUT_COUNT, DIO_CUT_ISOLATED,
                               &s->behavior, err);
    default:
        return true;
    }
}

bool dio_splitters_read(dio_splitters *s, dio_arena *a, const dio_value *v, dio_error *err)
{
    s->arena = a;
    return dio_components_read(&components, v, read_one, s, err);
}

void dio_splitters_deinit(dio_splitters *s)
{
    for (int i = 0; i < s->count; i++)
        dio_pattern_destroy(s->items[i].pattern);
    s->count = 0;
}

static bool starts_with(const dio_pieces *p, const dio_piece *piece, const char *word, int length)
{
    return piece->end - piece->start >= (size_t)length &&
           !memcmp(p->text.text + piece->start, word, (size_t)length);
}

/* How a splitter writes the text of one piece anew; NULL: it leaves it. */
typedef void rewrite_fn(const dio_splitter *s, const dio_pieces *from, const dio_piece *piece,
                        dio_str *out);

static void write_prefixed(const dio_splitter *s, const dio_pieces *from, const dio_piece *piece,
                           dio_str *out)
{
    (void)s;
    if (!starts_with(from, piece, " ", 1))
        dio_str_putc(out, ' ');
    dio_str_put(out, from->text.text + piece->start, piece->end - piece->start);
}

static void write_bytes(const dio_splitter *s, const dio_pieces *from, const dio_piece *piece,
                        dio_str *out)
{
    (void)s;
    dio_byte_level_put(out, from->text.text + piece->start, piece->end - piece->start);
}

static void write_metaspace(const dio_splitter *s, const dio_pieces *from, const dio_piece *piece,
                            dio_str *out)
{
    size_t length = (size_t)s->replacement_length;
    bool there = starts_with(from, piece, " ", 1) ||
                 starts_with(from, piece, s->replacement, s->replacement_length);
    if (!there && (s->scheme == ALWAYS || (s->scheme == FIRST && piece->first)))
        dio_str_put(out, s->replacement, length);
    const char *at = from->text.text + piece->start, *end = from->text.text + piece->end;
    while (at < end) {
        const char *space = memchr(at, ' ', (size_t)(end - at));
        dio_str_put(out, at, (size_t)((space ? space : end) - at));
        if (!space)
            break;
        dio_str_put(out, s->replacement, length);
        at = space + 1;
    }
}

static bool rewrite(const dio_splitter *s, rewrite_fn *fn, dio_pieces *pieces, dio_pieces *spare,
                    dio_error *err)
{
    dio_pieces_clear(spare);
    for (size_t i = 0; i < pieces->count; i++) {
        dio_piece piece = pieces->items[i];
        size_t start = spare->text.length;
        if (piece.id < 0)
            fn(s, pieces, &piece, &spare->text);
        piece.start = start;
        piece.end = spare->text.length;
        if (!dio_pieces_put(spare, piece, err))
            return false;
    }
    if (spare->text.failed)
        return dio_fail_memory(err, "the pieces of a text");
    if (spare->text.length > 4 * (size_t)DIO_TOKENIZER_TEXT)
        return dio_fail(err, "the pre-tokenizers make more than %d bytes of the text",
                        4 * DIO_TOKENIZER_TEXT);
    dio_pieces swap = *pieces;
    *pieces = *spare;
    *spare = swap;
    return true;
}

/* Where a splitter cuts one piece. */
static bool cut(const dio_splitter *s, dio_matcher *m, dio_cutter *c, const char *text, size_t n,
                dio_error *err)
{
    switch (s->kind) {
    case SPLIT:
        return dio_cut_pattern(c, s->pattern, m, text, n, s->invert, s->behavior, err);
    case DIGITS:
        return dio_cut_class(c, dio_cp_is_numeric, text, n,
                             s->individual ? DIO_CUT_ISOLATED : DIO_CUT_CONTIGUOUS, err);
    case WHITESPACE:
        return dio_cut_pattern(c, s->pattern, m, text, n, true, DIO_CUT_REMOVED, err);
    case WHITESPACE_SPLIT:
        return dio_cut_class(c, dio_cp_is_white, text, n, DIO_CUT_REMOVED, err);
    case PUNCTUATION:
        return dio_cut_class(c, dio_cp_is_punct, text, n, s->behavior, err);
    case METASPACE:
        return dio_cut_before(c, s->replacement, (size_t)s->replacement_length, text, n, err);
    default:
        return dio_cut_pattern(c, s->pattern, m, text, n, false, DIO_CUT_ISOLATED, err);
    }
}

static bool cut_all(const dio_splitter *s, dio_matcher *m, dio_pieces *pieces, dio_pieces *spare,
                    dio_error *err)
{
    dio_cutter c = {.out = spare};
    bool ok = true;
    dio_pieces_clear(spare);
    for (size_t i = 0; ok && i < pieces->count; i++) {
        const dio_piece *piece = &pieces->items[i];
        c.piece = *piece;
        ok = piece->id >= 0
                 ? dio_pieces_put(spare, *piece, err)
                 : cut(s, m, &c, pieces->text.text + piece->start, piece->end - piece->start, err);
    }
    dio_cutter_deinit(&c);
    /* The text stays; only the spans change hands. */
    dio_piece *items = pieces->items;
    size_t cap = pieces->cap;
    pieces->items = spare->items;
    pieces->count = spare->count;
    pieces->cap = spare->cap;
    spare->items = items;
    spare->count = 0;
    spare->cap = cap;
    return ok;
}

static bool run_one(const dio_splitter *s, dio_matcher *m, dio_pieces *pieces, dio_pieces *spare,
                    dio_error *err)
{
    if (s->kind == BYTE_LEVEL)
        return (!s->prefix_space || rewrite(s, write_prefixed, pieces, spare, err)) &&
               (!s->use_regex || cut_all(s, m, pieces, spare, err)) &&
               rewrite(s, write_bytes, pieces, spare, err);
    if (s->kind == METASPACE)
        return rewrite(s, write_metaspace, pieces, spare, err) &&
               (!s->split || cut_all(s, m, pieces, spare, err));
    return cut_all(s, m, pieces, spare, err);
}

bool dio_splitters_run(const dio_splitters *s, dio_matcher *m, dio_pieces *pieces,
                       dio_pieces *spare, dio_error *err)
{
    for (int i = 0; i < s->count; i++)
        if (!run_one(&s->items[i], m, pieces, spare, err))
            return false;
    return true;
}
