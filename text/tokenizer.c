/* tokenizer.c: a text's way to ids: added tokens, normal form, added tokens again, splitting, the
 * model, the template; and back. */
#include "text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "text/tokenizer_parts.h"

bool dio_ids_put(dio_ids *list, int32_t id, dio_error *err)
{
    if (list->count == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        int32_t *grown = realloc(list->ids, cap * sizeof *grown);
        if (!grown)
            return dio_fail_memory(err, "token ids");
        list->ids = grown;
        list->cap = cap;
    }
    list->ids[list->count++] = id;
    return true;
}

void dio_ids_clear(dio_ids *list)
{
    list->count = 0;
}

void dio_ids_deinit(dio_ids *list)
{
    free(list->ids);
    memset(list, 0, sizeof *list);
}

dio_tokenizer *dio_tokenizer_create(const dio_tokenizer_source *source, dio_error *err)
{
    dio_tokenizer *t = calloc(1, sizeof *t);
    if (!t || !(t->arena = dio_arena_create())) {
        free(t);
        dio_fail_memory(err, "a tokenizer");
        return NULL;
    }
    t->bos = t->eos = t->unk = t->pad = t->model.unk = -1;
    bool ok = dio_tokenizer_read(t, source, err);
    if (ok && dio_arena_failed(t->arena))
        ok = dio_fail_memory(err, "a tokenizer");
    if (ok)
        return t;
    dio_tokenizer_destroy(t);
    return NULL;
}

void dio_tokenizer_destroy(dio_tokenizer *t)
{
    if (!t)
        return;
    dio_normalizers_deinit(&t->normalizers);
    dio_splitters_deinit(&t->splitters);
    dio_decoder_deinit(&t->decoder);
    dio_arena_destroy(t->arena);
    free(t);
}

/* A file beside the tokenizer, if it is there. */
static bool read_beside(dio_arena *a, const char *folder, const char *name, const char **text,
                        size_t *size, dio_error *err)
{
    const char *path = dio_path_join(a, folder, name);
    if (!dio_file_exists(path))
        return true;
    *text = dio_file_read(a, path, DIO_TOKENIZER_FILE, size, err);
    return *text != NULL;
}

static bool read_folder(dio_arena *a, const char *path, dio_tokenizer_source *s, dio_error *err)
{
    size_t length = strlen(path);
    bool is_file = length > 5 && !strcmp(path + length - 5, ".json");
    s->folder = is_file ? dio_path_dir(a, path) : path;
    if (is_file) {
        s->file = path;
        s->tokenizer = dio_file_read(a, path, DIO_TOKENIZER_FILE, &s->tokenizer_size, err);
        if (!s->tokenizer)
            return false;
    } else if (!read_beside(a, path, "tokenizer.json", &s->tokenizer, &s->tokenizer_size, err)) {
        return false;
    }
    if (!s->tokenizer && (!read_beside(a, path, "vocab.json", &s->vocab, &s->vocab_size, err) ||
                          !read_beside(a, path, "merges.txt", &s->merges, &s->merges_size, err)))
        return false;
    if (!s->tokenizer && (!s->vocab || !s->merges))
        return dio_fail(err,
                        "%s: there is no tokenizer.json, and no vocab.json with merges.txt; "
                        "other kinds of tokenizer (such as tokenizer.model) are not supported",
                        path);
    return read_beside(a, s->folder, "tokenizer_config.json", &s->config, &s->config_size, err) &&
           read_beside(a, s->folder, "special_tokens_map.json", &s->special, &s->special_size,
                       err) &&
           read_beside(a, s->folder, "chat_template.jinja", &s->chat, &s->chat_size, err);
}

dio_tokenizer *dio_tokenizer_load(const char *path, dio_error *err)
{
    dio_tokenizer_source source = {0};
    dio_tokenizer *t = NULL;
    dio_arena *a = dio_arena_create();
    if (!a)
        dio_fail_memory(err, "a tokenizer");
    else if (read_folder(a, path, &source, err))
        t = dio_tokenizer_create(&source, err);
    dio_arena_destroy(a);
    return t;
}

/* Everything one call of encode works with. */
struct work {
    dio_matcher *matcher;
    dio_pieces pieces, spare;
    dio_str normal;
    dio_bpe_scratch scratch;
};

static void work_deinit(struct work *w)
{
    dio_matcher_destroy(w->matcher);
    dio_pieces_deinit(&w->pieces);
    dio_pieces_deinit(&w->spare);
    dio_str_deinit(&w->normal);
    dio_bpe_scratch_deinit(&w->scratch);
}

/* Pieces of the raw text (in `spare`) to pieces of the normalized one. */
static bool normalize(const dio_tokenizer *t, struct work *w, const char *text, bool trusted,
                      dio_error *err)
{
    struct dio_stretch all = {0, SIZE_MAX};
    dio_trust trust = {&all, trusted};
    for (size_t i = 0; i < w->spare.count; i++) {
        dio_piece piece = w->spare.items[i];
        if (piece.id >= 0) {
            piece.start = piece.end = w->pieces.text.length;
            if (!dio_pieces_put(&w->pieces, piece, err))
                return false;
            continue;
        }
        if (!dio_normalizers_run(&t->normalizers, w->matcher, text + piece.start,
                                 piece.end - piece.start, &w->normal, err))
            return false;
        size_t start = w->pieces.text.length;
        dio_str_put(&w->pieces.text, w->normal.text, w->normal.length);
        if (w->pieces.text.failed)
            return dio_fail_memory(err, "a normalized text");
        if (!dio_added_cut(&t->added, &t->added.normal, w->pieces.text.text, start,
                           w->pieces.text.length, piece.first, trust, &w->pieces, err))
            return false;
    }
    return true;
}

static bool encode_pieces(const dio_tokenizer *t, struct work *w, dio_ids *out, dio_error *err)
{
    for (size_t i = 0; i < w->pieces.count; i++) {
        const dio_piece *piece = &w->pieces.items[i];
        bool ok = piece->id >= 0 ? dio_ids_put(out, piece->id, err)
                                 : dio_bpe_encode(&t->model, w->pieces.text.text + piece->start,
                                                  piece->end - piece->start, &w->scratch, out, err);
        if (!ok)
            return false;
    }
    return true;
}

/* Every token may be found where all is trusted; a special token that is looked for in the
 * normalized text has no place in the original, so there it takes trust in all of it. */
static bool encode_text(const dio_tokenizer *t, const char *text, size_t n, dio_trust trust,
                        dio_ids *out, dio_error *err)
{
    struct work w = {.matcher = dio_matcher_create(err)};
    bool all = trust.count == 1 && !trust.stretches->start && trust.stretches->end == n;
    bool ok = w.matcher &&
              dio_added_cut(&t->added, &t->added.raw, text, 0, n, true, trust, &w.spare, err) &&
              normalize(t, &w, text, all, err) &&
              dio_splitters_run(&t->splitters, w.matcher, &w.pieces, &w.spare, err) &&
              encode_pieces(t, &w, out, err);
    work_deinit(&w);
    return ok;
}

static bool encode_trusted(const dio_tokenizer *t, const char *text, size_t n, dio_trust trust,
                           bool add_special, dio_ids *out, dio_error *err)
{
    static const dio_template bare = {{DIO_TEMPLATE_TEXT}, 1};
    const dio_template *around = add_special ? &t->around : &bare;
    size_t bad;
    if (n > DIO_TOKENIZER_TEXT)
        return dio_fail(err, "a text of %zu bytes is above %d; encode it in parts", n,
                        DIO_TOKENIZER_TEXT);
    if (!dio_utf8_valid(text, n, &bad))
        return dio_fail(err, "the text is not UTF-8 at byte %zu (0x%02X)", bad,
                        (unsigned char)text[bad]);
    for (int i = 0; i < around->count; i++) {
        int32_t id = around->pieces[i];
        bool ok = id >= 0 ? dio_ids_put(out, id, err) : encode_text(t, text, n, trust, out, err);
        if (!ok)
            return false;
    }
    return true;
}

bool dio_tokenizer_encode(const dio_tokenizer *t, const char *text, size_t n,
                          dio_encode_options options, dio_ids *out, dio_error *err)
{
    struct dio_stretch all = {0, n};
    return encode_trusted(t, text, n, (dio_trust){&all, options.parse_special}, options.add_special,
                          out, err);
}

bool dio_tokenizer_encode_parts(const dio_tokenizer *t, const dio_text_part *parts, int n,
                                bool add_special, dio_ids *out, dio_error *err)
{
    dio_str text = {0};
    struct dio_stretch *stretches = calloc((size_t)n + 1, sizeof *stretches);
    int count = 0;
    for (int i = 0; i < n; i++) {
        size_t start = text.length;
        dio_str_put(&text, parts[i].text, parts[i].length);
        if (!parts[i].trusted || !stretches || start == text.length)
            continue;
        if (count && stretches[count - 1].end == start)
            stretches[count - 1].end = text.length;
        else
            stretches[count++] = (struct dio_stretch){start, text.length};
    }
    bool ok = stretches && !text.failed
                  ? encode_trusted(t, text.text, text.length, (dio_trust){stretches, count},
                                   add_special, out, err)
                  : dio_fail_memory(err, "a text in parts");
    free(stretches);
    dio_str_deinit(&text);
    return ok;
}

int dio_tokenizer_size(const dio_tokenizer *t)
{
    return t->model.vocab.count;
}

int32_t dio_tokenizer_id(const dio_tokenizer *t, const char *token)
{
    return dio_vocab_find(&t->model.vocab, token, strlen(token));
}

static const dio_token *token_of(const dio_tokenizer *t, int32_t id, dio_error *err)
{
    if (id >= 0 && id < t->model.vocab.count)
        return &t->model.vocab.tokens[id];
    dio_fail(err, "token id %d is not one of 0 to %d", (int)id, t->model.vocab.count - 1);
    return NULL;
}

const char *dio_tokenizer_token(const dio_tokenizer *t, int32_t id, dio_error *err)
{
    const dio_token *token = token_of(t, id, err);
    return token ? token->text : NULL;
}

bool dio_tokenizer_is_special(const dio_tokenizer *t, int32_t id)
{
    return id >= 0 && id < t->model.vocab.count && t->model.vocab.tokens[id].special;
}

int32_t dio_tokenizer_bos(const dio_tokenizer *t)
{
    return t->bos;
}

int32_t dio_tokenizer_eos(const dio_tokenizer *t)
{
    return t->eos;
}

int32_t dio_tokenizer_unk(const dio_tokenizer *t)
{
    return t->unk;
}

int32_t dio_tokenizer_pad(const dio_tokenizer *t)
{
    return t->pad;
}

const char *dio_tokenizer_chat_template(const dio_tokenizer *t)
{
    return t->chat_template;
}

struct dio_detok {
    const dio_tokenizer *tokenizer;
    bool skip_special;
    dio_decoding state;
};

static bool decode_one(struct dio_detok *d, int32_t id, dio_str *out, dio_error *err)
{
    const dio_token *token = token_of(d->tokenizer, id, err);
    if (!token)
        return false;
    if (token->special && d->skip_special)
        return true;
    const char *text = token->text;
    size_t length = token->length;
    const dio_added_token *added = token->added ? dio_added_find(&d->tokenizer->added, id) : NULL;
    if (added && added->normalized) {
        text = added->text;
        length = added->length;
    }
    return dio_decoding_put(&d->state, text, length, out, err);
}

bool dio_tokenizer_decode(const dio_tokenizer *t, const int32_t *ids, size_t n, bool skip_special,
                          dio_str *out, dio_error *err)
{
    struct dio_detok d = {t, skip_special, {.decoder = &t->decoder}};
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = decode_one(&d, ids[i], out, err);
    ok = ok && dio_decoding_end(&d.state, out, err);
    dio_decoding_deinit(&d.state);
    return ok;
}

dio_detok *dio_detok_create(const dio_tokenizer *t, bool skip_special, dio_error *err)
{
    dio_detok *d = calloc(1, sizeof *d);
    if (!d) {
        dio_fail_memory(err, "streaming text");
        return NULL;
    }
    *d = (dio_detok){t, skip_special, {.decoder = &t->decoder, .streaming = true}};
    return d;
}

bool dio_detok_put(dio_detok *d, int32_t id, dio_str *out, dio_error *err)
{
    return decode_one(d, id, out, err);
}

bool dio_detok_end(dio_detok *d, dio_str *out, dio_error *err)
{
    return dio_decoding_end(&d->state, out, err);
}

void dio_detok_destroy(dio_detok *d)
{
    if (!d)
        return;
    dio_decoding_deinit(&d->state);
    free(d);
}
