/* bpe_words.c: texts go through the same splitter that the finished tokenizer will use. */
#include "text/bpe_words.h"

#include <stdlib.h>
#include <string.h>

#include "text/added.h"
#include "text/tokenizer.h"

static const char llama3[] =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

const char *dio_bpe_pre_tokenizer(const dio_bpe_options *options, dio_arena *a)
{
    const char *digits =
        options->split_digits ? "{\"type\":\"Digits\",\"individual_digits\":true}," : "";
    const char *split = "";
    bool own = options->style == DIO_BPE_GPT2;
    if (!own)
        split = dio_arena_printf(a,
                                 "{\"type\":\"Split\",\"pattern\":{\"Regex\":%s},"
                                 "\"behavior\":\"Isolated\",\"invert\":false},",
                                 dio_json_quote(a, llama3, strlen(llama3)));
    return dio_arena_printf(a,
                            "{\"type\":\"Sequence\",\"pretokenizers\":[%s%s{\"type\":"
                            "\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,"
                            "\"use_regex\":%s}]}",
                            digits, split, own ? "true" : "false");
}

static bool rehash(dio_bpe_words *w, dio_error *err)
{
    uint32_t slots = w->slots ? 2 * (w->mask + 1) : 1 << 16;
    int32_t *fresh = dio_arena_try(w->arena, slots * sizeof *fresh);
    if (!fresh)
        return dio_fail_memory(err, "the words of a corpus");
    memset(fresh, 0xff, slots * sizeof *fresh);
    for (int i = 0; i < w->count; i++) {
        uint32_t at = (uint32_t)dio_hash_text(w->items[i].text, w->items[i].length) & (slots - 1);
        while (fresh[at] >= 0)
            at = (at + 1) & (slots - 1);
        fresh[at] = i;
    }
    w->slots = fresh;
    w->mask = slots - 1;
    return true;
}

static bool count_word(dio_bpe_words *w, const char *text, size_t length, dio_error *err)
{
    if ((!w->slots || (uint32_t)w->count > w->mask / 2) && !rehash(w, err))
        return false;
    uint32_t at = (uint32_t)dio_hash_text(text, length) & w->mask;
    for (; w->slots[at] >= 0; at = (at + 1) & w->mask) {
        dio_bpe_word *word = &w->items[w->slots[at]];
        if (word->length == length && !memcmp(word->text, text, length)) {
            word->count++;
            return true;
        }
    }
    const char *copy = dio_arena_strndup(w->arena, text, length);
    if (!copy || !dio_arena_grow(w->arena, &w->items, w->count, &w->cap, sizeof *w->items))
        return dio_fail_memory(err, "the words of a corpus");
    w->items[w->count] = (dio_bpe_word){copy, length, 1};
    w->slots[at] = w->count++;
    return true;
}

/* What one pass over the texts works with. */
struct reader {
    dio_splitters splitters;
    dio_added added;
    dio_normalizers none;
    dio_matcher *matcher;
    dio_pieces pieces, spare;
};

static bool count_text(dio_bpe_words *w, struct reader *r, const char *text, size_t n,
                       dio_error *err)
{
    size_t bad;
    if (n > DIO_TOKENIZER_TEXT)
        return dio_fail(err, "a text of %zu bytes is above %d; give it in parts", n,
                        DIO_TOKENIZER_TEXT);
    if (!dio_utf8_valid(text, n, &bad))
        return dio_fail(err, "a training text is not UTF-8 at byte %zu (0x%02X)", bad,
                        (unsigned char)text[bad]);
    dio_pieces_clear(&r->pieces);
    dio_str_put(&r->pieces.text, text, n);
    if (r->pieces.text.failed)
        return dio_fail_memory(err, "a training text");
    struct dio_stretch all = {0, n};
    if (!dio_added_cut(&r->added, &r->added.raw, text, 0, n, true, (dio_trust){&all, 1}, &r->pieces,
                       err) ||
        !dio_splitters_run(&r->splitters, r->matcher, &r->pieces, &r->spare, err))
        return false;
    for (size_t i = 0; i < r->pieces.count; i++) {
        const dio_piece *piece = &r->pieces.items[i];
        if (piece->id < 0 &&
            !count_word(w, r->pieces.text.text + piece->start, piece->end - piece->start, err))
            return false;
    }
    return true;
}

static bool reader_init(struct reader *r, dio_arena *a, const dio_bpe_options *options,
                        dio_error *err)
{
    const char *json = dio_bpe_pre_tokenizer(options, a);
    const dio_value *v = json ? dio_json_parse(a, "pre_tokenizer", json, strlen(json), err) : NULL;
    if (!v || !dio_splitters_read(&r->splitters, a, v, err))
        return false;
    r->added.arena = a;
    for (int i = 0; i < options->n_special; i++) {
        const char *text = options->special[i];
        size_t length = strlen(text), bad;
        if (!length || length > DIO_ADDED_LENGTH || !dio_utf8_valid(text, length, &bad))
            return dio_fail(err, "special token %d is not UTF-8 of 1 to %d bytes", i,
                            DIO_ADDED_LENGTH);
        dio_added_token token = {.id = i, .text = text, .length = length, .special = true};
        if (!dio_added_put(&r->added, token, &r->none, err))
            return false;
    }
    return (r->matcher = dio_matcher_create(err)) != NULL;
}

bool dio_bpe_count(dio_bpe_words *w, dio_arena *a, dio_bpe_next *next, void *user,
                   const dio_bpe_options *options, dio_error *err)
{
    struct reader r = {0};
    w->arena = a;
    bool ok = reader_init(&r, a, options, err);
    for (const char *text = ""; ok && text;) {
        size_t length = 0;
        text = NULL;
        ok = next(user, &text, &length, err) && (!text || count_text(w, &r, text, length, err));
    }
    dio_splitters_deinit(&r.splitters);
    dio_matcher_destroy(r.matcher);
    dio_pieces_deinit(&r.pieces);
    dio_pieces_deinit(&r.spare);
    return ok;
}
