/* variant.c: what one text looks like while it is written.
 *
 * Text is watched after every id. A stop string ends it, at the string's first letter. A banned
 * phrase takes it back to the id that began the phrase; that id is then banned at that place, and
 * the text goes on differently. Nothing is streamed that could still turn out to belong to
 * either. */
#include "text/variant.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

/* A phrase that comes back this often has no way around it. */
enum { REWINDS_BASE = 256, REWINDS_EACH = 8 };

static bool restart_text(struct variant *v, dio_error *err)
{
    dio_str dropped = {0};
    dio_detok_destroy(v->detok);
    v->detok = dio_detok_create(v->tokenizer, true, err);
    if (!v->detok)
        return false;
    /* The prompt goes through first: what a token looks like may depend on what stood before it
     * (a leading space that only the first of a text loses). */
    bool ok = true;
    for (int64_t i = 0; ok && i < v->request->n_prompt; i++)
        ok = dio_detok_put(v->detok, v->request->prompt[i], &dropped, err);
    dio_str_deinit(&dropped);
    dio_str_clear(&v->text);
    for (int i = 0; ok && i < v->n; i++)
        ok = dio_detok_put(v->detok, v->ids[i], &v->text, err);
    return ok;
}

bool variant_init(struct variant *v, const dio_generate_request *request,
                  const dio_tokenizer *tokenizer, int number, int vocab, bool counts,
                  dio_error *err)
{
    size_t n = (size_t)request->params.max_tokens + 1;
    *v = (struct variant){.request = request, .tokenizer = tokenizer, .number = number};
    v->ids = calloc(n, sizeof *v->ids);
    v->logprobs = calloc(n, sizeof *v->logprobs);
    v->reach = calloc(n, sizeof *v->reach);
    v->counts = counts ? calloc((size_t)vocab, sizeof *v->counts) : NULL;
    if (!v->ids || !v->logprobs || !v->reach || (counts && !v->counts))
        return dio_fail_memory(err, "a variant");
    return !tokenizer || restart_text(v, err);
}

void variant_deinit(struct variant *v)
{
    free(v->ids);
    free(v->logprobs);
    free(v->reach);
    free(v->counts);
    free(v->bans);
    dio_detok_destroy(v->detok);
    dio_str_deinit(&v->text);
}

/* --- looking for strings --- */

/* One code point in lower case; bytes that are no code point stand for themselves. */
static int32_t lower(const char *s, size_t n, int *length)
{
    uint32_t cp;
    *length = dio_utf8_next(s, n, &cp);
    if (*length == 0) {
        *length = 1;
        return (unsigned char)*s;
    }
    return utf8proc_tolower((int32_t)cp);
}

/* How `phrase` fits at text: 1 whole, -1 the text ends within it, 0 not. */
static int fits(const char *text, size_t n, const char *phrase, bool any_case)
{
    size_t m = strlen(phrase);
    while (m) {
        int a = 1, b = 1;
        if (n == 0)
            return -1;
        if (any_case ? lower(text, n, &a) != lower(phrase, m, &b) : *text != *phrase)
            return 0;
        text += a, n -= (size_t)a;
        phrase += b, m -= (size_t)b;
    }
    return 1;
}

struct hit {
    size_t at;    /* where the first whole string begins, or SIZE_MAX */
    size_t waits; /* where text begins that could still become one */
};

static void look(const struct variant *v, size_t from, const char *const *strings, int count,
                 bool any_case, struct hit *hit)
{
    for (size_t i = from; i < v->text.length; i++)
        for (int k = 0; k < count; k++) {
            if (!strings[k][0])
                continue;
            int fit = fits(v->text.text + i, v->text.length - i, strings[k], any_case);
            if (fit == 1 && i < hit->at)
                hit->at = i;
            if (fit == -1 && i < hit->waits)
                hit->waits = i;
        }
}

static size_t longest(const char *const *strings, int count)
{
    size_t n = 0;
    for (int i = 0; i < count; i++)
        n = strlen(strings[i]) > n ? strlen(strings[i]) : n;
    return 4 * n; /* a letter in another case may take more bytes, at most four for one */
}

/* --- streaming --- */

/* Hands out text up to `limit`; the caller may end the variant. */
static void send(struct variant *v, size_t limit)
{
    if (!v->request->stream || limit <= v->sent)
        return;
    bool more =
        v->request->stream(v->request->user, v->number, v->text.text + v->sent, limit - v->sent);
    v->sent = limit;
    if (!more && !v->done) {
        v->done = true;
        v->finish = DIO_FINISH_STOP;
    }
}

static void cut_text(struct variant *v, size_t at)
{
    v->text.length = at;
    if (v->text.text)
        v->text.text[at] = '\0';
}

/* --- going back --- */

static bool add_ban(struct variant *v, int place, int32_t id, dio_error *err)
{
    int n = 0;
    for (int i = 0; i < v->n_bans; i++) /* bans further on belonged to the text that goes now */
        if (v->bans[i].place <= place)
            v->bans[n++] = v->bans[i];
    v->n_bans = n;
    if (n == v->cap_bans) {
        int cap = n ? 2 * n : 16;
        struct ban *more = realloc(v->bans, (size_t)cap * sizeof *more);
        if (!more)
            return dio_fail_memory(err, "banned ids");
        v->bans = more;
        v->cap_bans = cap;
    }
    v->bans[v->n_bans++] = (struct ban){place, id};
    return true;
}

/* The id that began the text at `at`. A letter is its last byte's doing; but a letter that never
 * came whole (U+FFFD) was decided by the byte that began it, which showed nothing at the time. */
static int culprit(const struct variant *v, size_t at)
{
    int k = 0;
    while (k < v->n - 1 && v->reach[k] <= at)
        k++;
    if (strncmp(v->text.text + at, "\xef\xbf\xbd", 3) == 0 && k > 0 && v->reach[k - 1] == at)
        while (k > 0 && v->reach[k - 1] == (k > 1 ? v->reach[k - 2] : 0))
            k--;
    return k;
}

static bool go_back(struct variant *v, size_t at, dio_error *err)
{
    int k = culprit(v, at);
    if (++v->rewinds > REWINDS_BASE + REWINDS_EACH * v->request->params.max_tokens)
        return dio_fail(err,
                        "variant %d met banned phrases %d times and found no way around them: "
                        "ban less, or raise the temperature",
                        v->number, v->rewinds - 1);
    if (!add_ban(v, k, v->ids[k], err))
        return false;
    for (int i = k; v->counts && i < v->n; i++)
        v->counts[v->ids[i]]--;
    v->n = k;
    return restart_text(v, err);
}

int variant_banned(const struct variant *v, int32_t *out, int cap)
{
    int n = 0;
    for (int i = 0; i < v->n_bans && n < cap; i++)
        if (v->bans[i].place == v->n)
            out[n++] = v->bans[i].id;
    return n;
}

/* --- one id more --- */

/* Looks at the text from where the last id could have completed something. */
static bool watch(struct variant *v, size_t before, bool *back, dio_error *err)
{
    const dio_generate_request *r = v->request;
    size_t span = longest(r->stop, r->n_stop), banned = longest(r->banned, r->n_banned);
    span = banned > span ? banned : span;
    size_t from = before > span ? before - span : 0;
    struct hit stop = {SIZE_MAX, SIZE_MAX}, ban = {SIZE_MAX, SIZE_MAX};
    look(v, from, r->stop, r->n_stop, false, &stop);
    look(v, from, r->banned, r->n_banned, true, &ban);
    if (ban.at != SIZE_MAX && ban.at < stop.at) {
        *back = true;
        return go_back(v, ban.at, err);
    }
    if (stop.at != SIZE_MAX) {
        cut_text(v, stop.at);
        v->done = true;
        v->finish = DIO_FINISH_STOP;
        send(v, v->text.length);
        return true;
    }
    size_t limit = v->text.length;
    limit = stop.waits < limit ? stop.waits : limit;
    if (ban.waits < limit) { /* going back takes whole ids away: none of that one's may be out */
        int k = culprit(v, ban.waits);
        limit = k ? v->reach[k - 1] : 0;
    }
    send(v, limit);
    return true;
}

bool variant_put(struct variant *v, int32_t id, double logprob, bool is_end, bool *back,
                 dio_error *err)
{
    size_t before = v->text.length;
    *back = false;
    if (is_end) {
        v->done = v->ended = true;
        v->finish = DIO_FINISH_STOP;
        return true;
    }
    v->ids[v->n] = id;
    v->logprobs[v->n] = (float)logprob;
    if (v->counts && v->counts[id] < UINT16_MAX)
        v->counts[id]++;
    if (v->tokenizer && !dio_detok_put(v->detok, id, &v->text, err))
        return false;
    v->reach[v->n++] = v->text.length;
    if (v->tokenizer && v->text.length > before && !watch(v, before, back, err))
        return false;
    if (!v->done && !*back && v->n == v->request->params.max_tokens) {
        v->done = true;
        v->finish = DIO_FINISH_LENGTH;
    }
    return true;
}

bool variant_end(struct variant *v, dio_error *err)
{
    const dio_generate_request *r = v->request;
    struct hit ban = {SIZE_MAX, SIZE_MAX}, stop = {SIZE_MAX, SIZE_MAX};
    size_t before = v->text.length;
    if (!v->tokenizer)
        return true;
    /* Letters whose bytes never came whole appear only where nothing cut the text. */
    if (v->finish == DIO_FINISH_LENGTH || v->ended) {
        if (!dio_detok_end(v->detok, &v->text, err))
            return false;
        look(v, before, r->banned, r->n_banned, true, &ban);
        look(v, before, r->stop, r->n_stop, false, &stop);
        if (ban.at < stop.at)
            stop.at = ban.at;
        if (stop.at != SIZE_MAX)
            cut_text(v, stop.at);
    }
    send(v, v->text.length);
    return true;
}
