/* test_generate.c: what a user of generation relies on: variants that do not touch, stop strings,
 * banned phrases, streaming that never splits a letter, prompts that share a beginning, and
 * perplexity. Models are random and tiny, over a tokenizer of 256 bytes: their text is nonsense
 * full of broken UTF-8, which is the harder case. */
#define _GNU_SOURCE
#include <string.h>

#include "base/str.h"
#include "base/value.h"
#include "tests/text/lm_case.h"

static dio_device *device;
static dio_tokenizer *tokenizer;
static dio_lm *llama, *gru;
static const int32_t prompt[] = {'A', ' ', 'p', 'a', 'p', 'e', 'r', ' ', 's', 't', 'a', 'g', 'e'};

/* --- what is needed --- */

/* GPT-2's letter for a byte: itself where it is visible, else the next one from 256 on. */
static uint32_t letter_of(int byte)
{
    uint32_t next = 256;
    for (int b = 0; b < 256; b++) {
        bool visible = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        if (b == byte)
            return visible ? (uint32_t)b : next;
        next += !visible;
    }
    return 0;
}

static dio_tokenizer *byte_tokenizer(dio_error *err)
{
    dio_str vocab = {0};
    dio_arena *a = dio_arena_create();
    dio_str_puts(&vocab, "{");
    for (int b = 0; b < 256; b++) {
        char letter[4];
        int n = dio_utf8_put(letter_of(b), letter);
        dio_str_printf(&vocab, "%s%s:%d", b ? "," : "", dio_json_quote(a, letter, (size_t)n), b);
    }
    dio_str_puts(&vocab, "}");
    const char *merges = "#version: 0.2\n";
    dio_tokenizer_source source = {.vocab = vocab.text,
                                   .vocab_size = vocab.length,
                                   .merges = merges,
                                   .merges_size = strlen(merges)};
    dio_tokenizer *t = dio_tokenizer_create(&source, err);
    dio_str_deinit(&vocab);
    dio_arena_destroy(a);
    return t;
}

static dio_lm *make(const char *json)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_value *config = dio_json_parse(a, "tiny", json, strlen(json), &err);
    must(config != NULL, &err);
    dio_lm *lm = dio_lm_create(config, 11, DIO_F32, &err);
    must(lm != NULL, &err);
    dio_arena_destroy(a);
    return lm;
}

static dio_generate_request request(int variants, int tokens)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_generate_request r = {
        .prompt = prompt, .n_prompt = sizeof prompt / sizeof *prompt, .ignore_end = true};
    must(dio_fields_default(dio_generate_fields, &r.params, false, a, &err), &err);
    dio_arena_destroy(a);
    r.params.variants = variants;
    r.params.max_tokens = tokens;
    r.params.temperature = 1;
    r.params.seed = 77;
    return r;
}

static dio_texts *run(const dio_lm *lm, const dio_generate_request *r)
{
    dio_error err = {0};
    dio_texts *out = dio_generate(lm, tokenizer, device, r, &err);
    must(out != NULL, &err);
    return out;
}

static void same_text(const dio_text *a, const dio_text *b)
{
    assert_int_equal(a->length, b->length);
    assert_memory_equal(a->text, b->text, a->length);
    assert_int_equal(a->n_ids, b->n_ids);
    assert_memory_equal(a->ids, b->ids, (size_t)a->n_ids * sizeof *a->ids);
    assert_memory_equal(a->logprobs, b->logprobs, (size_t)a->n_ids * sizeof *a->logprobs);
}

/* What was streamed is the text; texts may hold NUL. */
static void same_stream(dio_str *s, const dio_text *t)
{
    assert_int_equal(s->length, t->length);
    assert_memory_equal(s->text, t->text, t->length);
    dio_str_deinit(s);
}

/* --- tests --- */

/* Variant k is the same text whether it is one of two or of seven; others are different. */
static void test_variants(void **state)
{
    const dio_lm *lm = *(dio_lm **)*state;
    dio_generate_request r = request(7, 60);
    r.params.top_k = 40, r.params.top_p = 0.95, r.params.min_p = 0.01;
    r.params.repetition_penalty = 1.2, r.params.presence_penalty = 0.3;
    r.params.frequency_penalty = 0.1;
    dio_texts *many = run(lm, &r);
    r.params.variants = 2;
    dio_texts *two = run(lm, &r);
    r.params.variants = 1;
    dio_texts *one = run(lm, &r);
    same_text(&one->items[0], &many->items[0]);
    same_text(&two->items[0], &many->items[0]);
    same_text(&two->items[1], &many->items[1]);
    for (int i = 0; i < 7; i++)
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(many->items[i].ids, many->items[j].ids, 60 * sizeof(int32_t));
    assert_int_equal(many->items[3].n_ids, 60);
    assert_int_equal(many->items[3].finish, DIO_FINISH_LENGTH);
    dio_texts_destroy(many);
    dio_texts_destroy(two);
    dio_texts_destroy(one);
}

struct stream {
    dio_str text[8];
    int pieces, stop_after;
};

static bool listen(void *user, int variant, const char *text, size_t n)
{
    struct stream *s = user;
    size_t bad;
    assert_true(n > 0);
    assert_true(dio_utf8_valid(text, n, &bad));
    dio_str_put(&s->text[variant], text, n);
    return ++s->pieces != s->stop_after;
}

static void test_stream(void **state)
{
    const dio_lm *lm = *(dio_lm **)*state;
    struct stream s = {0};
    dio_generate_request r = request(5, 80);
    r.stream = listen, r.user = &s;
    dio_texts *out = run(lm, &r);
    assert_true(s.pieces > 100);
    for (int i = 0; i < 5; i++) {
        same_stream(&s.text[i], &out->items[i]);
    }
    dio_texts_destroy(out);
    s = (struct stream){.stop_after = 3};
    r.params.variants = 1;
    out = run(lm, &r);
    assert_int_equal(s.pieces, 3);
    assert_int_equal(out->items[0].finish, DIO_FINISH_STOP);
    same_stream(&s.text[0], &out->items[0]);
    dio_texts_destroy(out);
}

/* The piece of `n` bytes at `at`, moved on to where letters begin and no NUL is. Caller frees. */
static char *piece_of(const dio_text *t, size_t at, size_t n)
{
    while ((t->text[at] & 0xc0) == 0x80 || memchr(t->text + at, 0, n))
        at++;
    while ((t->text[at + n] & 0xc0) == 0x80)
        n++;
    return strndup(t->text + at, n);
}

static void test_stop(void **state)
{
    const dio_lm *lm = *(dio_lm **)*state;
    dio_generate_request r = request(3, 80);
    dio_texts *free_run = run(lm, &r);
    char *stop = piece_of(&free_run->items[1], free_run->items[1].length / 2, 6);
    struct stream s = {0};
    r.stop = (const char *const[]){"never to be seen", stop, ""}, r.n_stop = 3;
    r.stream = listen, r.user = &s;
    dio_texts *out = run(lm, &r);
    for (int i = 0; i < 3; i++) {
        const dio_text *whole = &free_run->items[i], *t = &out->items[i];
        const char *at = memmem(whole->text, whole->length, stop, strlen(stop));
        size_t n = at ? (size_t)(at - whole->text) : whole->length;
        assert_int_equal(t->length, n);
        assert_memory_equal(t->text, whole->text, n);
        assert_int_equal(t->finish, at ? DIO_FINISH_STOP : DIO_FINISH_LENGTH);
        same_stream(&s.text[i], t);
    }
    assert_int_equal(out->items[1].finish, DIO_FINISH_STOP);
    free(stop);
    dio_texts_destroy(out);
    dio_texts_destroy(free_run);
}

/* Where the phrase stands in any case of its ASCII letters, or the text's length. */
static size_t find(const dio_text *t, const char *phrase)
{
    size_t n = strlen(phrase);
    for (size_t i = 0; i + n <= t->length; i++)
        if (strncasecmp(t->text + i, phrase, n) == 0)
            return i;
    return t->length;
}

/* Phrases that the model wrote come no more, and what stood before them stays. */
static void check_banned(const dio_lm *lm, double temperature)
{
    dio_generate_request r = request(3, 60);
    r.params.temperature = temperature;
    dio_texts *free_run = run(lm, &r);
    char *banned[6];
    for (int i = 0; i < 6; i++) {
        const dio_text *t = &free_run->items[i % 3];
        size_t at = t->length * (size_t)(i + 1) / 8;
        /* Two of ASCII: half of all bytes make U+FFFD, and nothing could be written without it. */
        while (at + 3 < t->length &&
               (((t->text[at] | t->text[at + 1]) & 0x80) || !t->text[at] || !t->text[at + 1]))
            at++;
        banned[i] = strndup(t->text + at, 2);
    }
    struct stream s = {0};
    r.banned = (const char *const *)banned, r.n_banned = 6;
    r.stream = listen, r.user = &s;
    dio_texts *out = run(lm, &r);
    for (int i = 0; i < 3; i++) {
        const dio_text *whole = &free_run->items[i], *t = &out->items[i];
        size_t first = whole->length;
        for (int k = 0; k < 6; k++) {
            size_t at = find(whole, banned[k]);
            assert_int_equal(find(t, banned[k]), t->length);
            first = at < first ? at : first;
        }
        assert_int_equal(t->n_ids, 60);
        /* Bytes that make no letter yet may turn out otherwise: compare what was surely whole. */
        assert_memory_equal(t->text, whole->text, first > 4 ? first - 4 : 0);
        same_stream(&s.text[i], t);
    }
    for (int i = 0; i < 6; i++)
        free(banned[i]);
    dio_texts_destroy(out);
    dio_texts_destroy(free_run);
}

static void test_banned(void **state)
{
    const dio_lm *lm = *(dio_lm **)*state;
    check_banned(lm, 1);
    check_banned(lm, 0);
}

/* An end id ends the text; min_tokens puts it off. */
static void test_ends(void **state)
{
    dio_lm *lm = *(dio_lm **)*state;
    dio_generate_request r = request(1, 60);
    dio_texts *whole = run(lm, &r);
    int32_t end = whole->items[0].ids[20];
    int at = 0;
    while (whole->items[0].ids[at] != end)
        at++;
    r.ignore_end = false;
    lm->shape.n_ends = 1, lm->shape.ends[0] = end;
    dio_texts *out = run(lm, &r);
    assert_int_equal(out->items[0].n_ids, at);
    assert_int_equal(out->items[0].finish, DIO_FINISH_STOP);
    dio_texts_destroy(out);
    r.params.min_tokens = 40;
    out = run(lm, &r);
    assert_true(out->items[0].n_ids >= 40);
    for (int i = 0; i < 40; i++)
        assert_int_not_equal(out->items[0].ids[i], end);
    lm->shape.n_ends = 0;
    dio_texts_destroy(out);
    dio_texts_destroy(whole);
}

/* A session that has read (and written) something reads only what is new, to the same end. */
static void test_session_reuse(void **state)
{
    const dio_lm *lm = *(dio_lm **)*state;
    dio_error err = {0};
    int32_t longer[40];
    dio_generate_request r = request(1, 20);
    dio_session *s = dio_session_create(lm, device, 120, 0, &err);
    must(s != NULL, &err);
    for (int i = 0; i < 40; i++)
        longer[i] = i < 13 ? prompt[i] : 'a' + i % 26;
    for (int round = 0; round < 4; round++) {
        if (round == 1)
            r.prompt = longer, r.n_prompt = 30;
        if (round == 2)
            r.n_prompt = 40, r.params.variants = 3;
        if (round == 3)
            r.n_prompt = 12, r.params.variants = 1;
        r.session = s;
        dio_texts *out = run(lm, &r);
        r.session = NULL;
        dio_texts *fresh = run(lm, &r);
        for (int i = 0; i < r.params.variants; i++)
            same_text(&out->items[i], &fresh->items[i]);
        dio_texts_destroy(out);
        dio_texts_destroy(fresh);
    }
    dio_session_destroy(s);
}

static void refuse(dio_generate_request r, const char *says)
{
    dio_error err = {0};
    assert_null(dio_generate(llama, tokenizer, device, &r, &err));
    assert_string_equal(err.message, says);
}

static void test_refusals(void **state)
{
    (void)state;
    static int32_t long_prompt[300];
    dio_generate_request r = request(1, 10);
    r.n_prompt = 0;
    refuse(r, "the prompt is empty, and a model needs at least one token to go on from");
    r = request(1, 10);
    r.prompt = long_prompt, r.n_prompt = 256;
    refuse(r, "the prompt has 256 tokens and the model reads 256 at most: shorten it");
    r = request(5, 10);
    r.params.beams = 3;
    refuse(r, "5 variants from 3 beams: there are only as many texts as beams");
    r.params.variants = 1, r.params.repetition_penalty = 2;
    refuse(r, "beam search does not go together with penalties or banned phrases");
    r = request(1, 10);
    r.banned = (const char *const[]){"\xef\xbf\xbd", "a", "b"}, r.n_banned = 3;
    r.params.max_tokens = 200;
    r.prompt = (const int32_t[]){300}, r.n_prompt = 1;
    refuse(r, "id 300 is not in the model's vocabulary of 256");
}

/* exp of the mean surprise is what the training loss of the same ids says. */
static void test_perplexity(void **state)
{
    (void)state;
    dio_error err = {0};
    int64_t n;
    double sum = 0;
    dio_lm *lm = dio_lm_open("tests/golden/lm/gpt2", NULL, &err);
    must(lm != NULL, &err);
    dio_weights *w = dio_weights_open("tests/golden/lm/gpt2/golden.safetensors", &err);
    int32_t *ids = golden_ids(w, "input_ids", &n);
    dio_perplexity p;
    for (int row = 0; row < 2; row++) {
        must(dio_lm_perplexity(lm, device, ids + 24 * row, 24, 0, 0, 48, &p, &err), &err);
        sum += log(p.perplexity);
        assert_int_equal(p.scored, 23);
        assert_true(fabs(p.bits_per_byte - log(p.perplexity) * 23 / log(2) / 48) < 1e-12);
    }
    double loss = (double)*(const float *)dio_tensor_data(dio_weights_find(w, "loss"));
    print_message("mean surprise %.7f, loss %.7f\n", sum / 2, loss);
    assert_true(fabs(sum / 2 - loss) < 1e-6); /* measured 1e-7; f32 holds such a loss to 2.4e-7 */
    must(dio_lm_perplexity(lm, device, ids, 48, 16, 5, 0, &p, &err), &err);
    assert_int_equal(p.scored, 47);
    assert_false(dio_lm_perplexity(lm, device, ids, 1, 0, 0, 0, &p, &err));
    assert_string_equal(err.message, "perplexity needs a text of at least two tokens");
    free(ids);
    dio_weights_close(w);
    dio_lm_close(lm);
}

static int setup(void **state)
{
    (void)state;
    dio_error err = {0};
    device = dio_device_cpu(&err);
    tokenizer = byte_tokenizer(&err);
    if (!device || !tokenizer)
        print_error("%s\n", err.message);
    llama = make("{\"model_type\":\"llama\",\"vocab_size\":256,\"hidden_size\":32,"
                 "\"intermediate_size\":48,\"num_hidden_layers\":2,\"num_attention_heads\":4,"
                 "\"num_key_value_heads\":2,\"max_position_embeddings\":256,"
                 "\"initializer_range\":0.3}");
    gru = make("{\"model_type\":\"gru\",\"vocab_size\":256,\"embedding_size\":24,"
               "\"hidden_size\":32,\"num_layers\":2}");
    return device && tokenizer ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    dio_lm_close(llama);
    dio_lm_close(gru);
    dio_tokenizer_destroy(tokenizer);
    dio_device_close(device);
    return 0;
}

#define BOTH(test) cmocka_unit_test_prestate(test, &llama), cmocka_unit_test_prestate(test, &gru)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_variants),
        BOTH(test_stream),
        BOTH(test_stop),
        BOTH(test_banned),
        BOTH(test_ends),
        BOTH(test_session_reuse),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_perplexity),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
