/* sentences.c: what the narrator's teacher is to say: sentences of ours, the same for a seed.
 *
 *     sentences RULES.yaml CORPUS LEXICON SEED COUNT > sentences.tsv
 *
 * A line is a number, a split, a rule and the sentence, with tabs between. No sentence comes twice;
 * the first ones are held out: for the test, then for validation. The lexicon is Festival's
 * (cmudict-0.4.out): of it only the list of words is read, and they come in shuffled order, none
 * twice before all came once.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/value.h"
#include "text/copy/copy.h"

enum {
    TEST = 200,
    VALID = 100,
    DEPTH = 8,
    LEAST = 3,    /* letters of a lexicon's word */
    LONGEST = 96, /* letters of a sentence: about eight seconds */
    SEEN = 1 << 20,
    STREAM = 0x73656e74,
};

struct maker {
    dio_arena *a;
    const dio_value *shares, *rules;
    dio_copy_corpus *copy;
    const char **words;
    int n_words, next_word;
    uint64_t seed, next_ad;
    dio_rng rng;
    uint64_t *seen; /* hashes of the sentences so far, open addressing */
};

static int fail(const dio_error *err)
{
    char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE];
    fprintf(stderr, "sentences: %s\n", dio_error_text(err, text, sizeof text));
    return 1;
}

/* --- the lexicon's words --- */

static void shuffle(struct maker *m)
{
    dio_rng rng = {m->seed, STREAM + 1, 0};
    for (int i = m->n_words - 1; i > 0; i--) {
        int j = (int)dio_rng_below(&rng, (uint32_t)i + 1);
        const char *word = m->words[i];
        m->words[i] = m->words[j];
        m->words[j] = word;
    }
}

/* Entries look like ("aback" nil (((ax) 0) ((b ae k) 1))). */
static bool read_words(struct maker *m, const char *path, dio_error *err)
{
    size_t length;
    int cap = 0;
    char *text = dio_file_read(m->a, path, 64 << 20, &length, err);
    if (!text)
        return false;
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "(\"", 2))
            continue;
        char *word = line + 2;
        size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz");
        if (n < LEAST || word[n] != '"')
            continue;
        if (!dio_arena_grow(m->a, &m->words, m->n_words, &cap, sizeof *m->words))
            return dio_fail_memory(err, "the lexicon's words");
        m->words[m->n_words++] = dio_arena_strndup(m->a, word, n);
        line = word + n;
    }
    if (!m->n_words)
        return dio_fail(err, "%s: no entries of a Festival lexicon in it", path);
    shuffle(m);
    return true;
}

/* --- rules --- */

static void put_brand(struct maker *m, dio_str *out)
{
    static const char *const first[] = {"Lu",  "Ka",  "Ve",  "Mo",  "Ti",  "Ro",  "Zen", "Bri",
                                        "Nor", "Sol", "Fen", "Aro", "Qui", "Pla", "Dor", "Hal"};
    static const char *const last[] = {"mo",  "ra",  "lix",  "dor", "vera", "nix",  "tana", "bel",
                                       "kin", "sto", "mira", "fy",  "zo",   "lund", "peta", "wick"};
    dio_str_puts(out, first[dio_rng_below(&m->rng, 16)]);
    if (dio_rng_below(&m->rng, 3) == 0)
        dio_str_puts(out, "li");
    dio_str_puts(out, last[dio_rng_below(&m->rng, 16)]);
}

static bool put_range(struct maker *m, const char *name, dio_str *out)
{
    int lo, hi, end = 0;
    if (sscanf(name, "%d-%d%n", &lo, &hi, &end) != 2 || name[end] || hi < lo)
        return false;
    dio_str_printf(out, "%d", lo + (int)dio_rng_below(&m->rng, (uint32_t)(hi - lo + 1)));
    return true;
}

static bool expand(struct maker *m, const char *name, int depth, dio_str *out, dio_error *err);

static bool fill_in(struct maker *m, const char *form, int depth, dio_str *out, dio_error *err)
{
    for (const char *p = form; *p;) {
        size_t n = strcspn(p, "{");
        dio_str_put(out, p, n);
        p += n;
        if (!*p)
            break;
        size_t inside = strcspn(p + 1, "}");
        if (p[1 + inside] != '}')
            return dio_fail(err, "\"%s\": a brace is not closed", form);
        const char *name = dio_arena_strndup(m->a, p + 1, inside);
        if (!expand(m, name, depth + 1, out, err))
            return false;
        p += inside + 2;
    }
    return true;
}

static bool expand(struct maker *m, const char *name, int depth, dio_str *out, dio_error *err)
{
    if (depth > DEPTH)
        return dio_fail(err, "{%s}: rules lie more than %d deep", name, DEPTH);
    if (!strcmp(name, "Brand")) {
        put_brand(m, out);
        return true;
    }
    if (!strcmp(name, "word")) {
        dio_str_puts(out, m->words[m->next_word++ % m->n_words]);
        return true;
    }
    if (put_range(m, name, out))
        return true;
    const dio_value *rule = dio_map_get(m->rules, name);
    if (!rule || rule->kind != DIO_LIST || !rule->list.count)
        return dio_fail(err, "{%s}: there is no such rule", name);
    const dio_value *way = rule->list.items[dio_rng_below(&m->rng, (uint32_t)rule->list.count)];
    if (way->kind != DIO_STRING)
        return dio_value_fail(way, err, "a way to say %s must be a string", name);
    return fill_in(m, way->string.text, depth, out, err);
}

/* --- the copywriter's ads --- */

/* One sentence of a text of several: abbreviations do not occur there. */
static void put_sentence(struct maker *m, const char *text, dio_str *out)
{
    const char *begin[64];
    int n = 0;
    for (const char *p = text; *p && n < 64;) {
        begin[n++] = p;
        p += strcspn(p, ".!?");
        p += strspn(p, ".!?");
        p += strspn(p, " ");
    }
    if (!n)
        return;
    const char *from = begin[dio_rng_below(&m->rng, (uint32_t)n)];
    size_t length = strcspn(from, ".!?");
    length += strspn(from + length, ".!?");
    dio_str_put(out, from, length);
}

static bool put_ad(struct maker *m, dio_str *out, dio_error *err)
{
    static const dio_ad_part parts[] = {DIO_AD_HEADLINE, DIO_AD_SUBLINE, DIO_AD_BODY,  DIO_AD_BODY,
                                        DIO_AD_CTA,      DIO_AD_SCRIPT,  DIO_AD_SCRIPT};
    struct dio_brief brief;
    struct dio_ad ad;
    if (!dio_copy_draw(m->copy, m->seed, DIO_COPY_TRAIN, m->next_ad++, m->a, &brief, &ad))
        return dio_fail_memory(err, "an ad");
    put_sentence(m, ad.text[parts[dio_rng_below(&m->rng, 7)]], out);
    return true;
}

/* --- the list --- */

static const char *pick_kind(struct maker *m)
{
    int64_t sum = 0, at;
    for (int i = 0; i < m->shares->map.count; i++)
        sum += m->shares->map.items[i]->integer;
    at = dio_rng_below(&m->rng, (uint32_t)sum);
    for (int i = 0; i < m->shares->map.count; i++) {
        at -= m->shares->map.items[i]->integer;
        if (at < 0)
            return m->shares->map.keys[i]->string.text;
    }
    return m->shares->map.keys[0]->string.text;
}

/* FNV-1a over what is heard of a text: its letters and digits, and how it ends. */
static bool is_new(struct maker *m, const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (const char *p = text; *p; p++)
        if (isalnum((unsigned char)*p) || *p == '?')
            h = (h ^ (uint64_t)tolower((unsigned char)*p)) * 0x100000001b3u;
    size_t i = h % SEEN;
    for (; m->seen[i]; i = (i + 1) % SEEN)
        if (m->seen[i] == h)
            return false;
    m->seen[i] = h;
    return true;
}

static bool fits(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] >= 0x80 || text[i] == '"' || text[i] == '\\' || text[i] < ' ')
            return false;
    return n >= 2 && n <= LONGEST;
}

static bool write_one(struct maker *m, int number, dio_str *out, dio_error *err)
{
    const char *kind;
    do {
        dio_str_clear(out);
        kind = pick_kind(m);
        if (!(!strcmp(kind, "ad") ? put_ad(m, out, err) : expand(m, kind, 0, out, err)))
            return false;
        if (out->failed)
            return dio_fail_memory(err, "a sentence");
    } while (!out->text || !fits(out->text) || !is_new(m, out->text));
    out->text[0] = (char)toupper((unsigned char)out->text[0]);
    const char *split = number < TEST ? "test" : number < TEST + VALID ? "valid" : "train";
    printf("%d\t%s\t%s\t%s\n", number, split, kind, out->text);
    return true;
}

static bool check_shares(const struct maker *m, const char *path, dio_error *err)
{
    if (!m->shares || m->shares->kind != DIO_MAP || !m->shares->map.count || !m->rules)
        return dio_fail(err, "%s: needs the maps `shares` and `rules`", path);
    for (int i = 0; i < m->shares->map.count; i++) {
        const dio_value *share = m->shares->map.items[i];
        if (share->kind != DIO_INT || share->integer < 1 || share->integer > 1000)
            return dio_value_fail(share, err, "a share is a whole number of 1 to 1000");
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("usage: sentences RULES.yaml CORPUS LEXICON SEED COUNT\n", stderr);
        return 2;
    }
    dio_error err = {0};
    dio_str out = {0};
    struct maker m = {.a = dio_arena_create(), .seed = strtoull(argv[4], NULL, 10)};
    int count = atoi(argv[5]);
    m.rng = (dio_rng){m.seed, STREAM, 0};
    m.seen = calloc(SEEN, sizeof *m.seen);
    const dio_value *file = m.a ? dio_value_read(m.a, argv[1], 1 << 20, &err) : NULL;
    if (file) {
        m.shares = dio_map_get(file, "shares");
        m.rules = dio_map_get(file, "rules");
    }
    m.copy = dio_copy_corpus_open(argv[2], &err);
    bool ok = file && m.seen && m.copy && count < SEEN / 2 && check_shares(&m, argv[1], &err) &&
              read_words(&m, argv[3], &err);
    for (int i = 0; ok && i < count; i++)
        ok = write_one(&m, i, &out, &err);
    dio_str_deinit(&out);
    free(m.seen);
    dio_copy_corpus_close(m.copy);
    dio_arena_destroy(m.a);
    return ok ? 0 : fail(&err);
}
