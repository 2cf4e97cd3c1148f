/* test_prompt.c: prompts against stable-diffusion-webui's own parser, chunks and emphasis and
 * against diffusers' pipelines, on the goldens of tools/golden/clip.py; words that stand for
 * vectors; what is refused, with its sentence. */
#include "tests/text/lm_case.h"

#include <unistd.h>

#include "base/file.h"
#include "text/prompt.h"

#define FOLDER "tests/golden/clip/"
enum { T = 77 };

struct fixture {
    dio_arena *arena;
    dio_device *device;
    dio_weights *golden;
    const dio_value *prompts;
    dio_text_encoder *clip_l, *big_g;
    dio_tokenizer *tokenizer, *tokenizer_2;
};

static void open_all(struct fixture *f)
{
    dio_error err = {0};
    f->arena = dio_arena_create();
    const char *kind = getenv("DIORAMA_TEST_DEVICE");
    f->device = dio_device_open(kind ? kind : "cpu", &err);
    must(f->device != NULL, &err);
    f->golden = dio_weights_open(FOLDER "prompts.safetensors", &err);
    must(f->golden != NULL, &err);
    const char *text = dio_weights_meta_find(f->golden, "prompts");
    f->prompts = dio_json_parse(f->arena, "prompts", text, strlen(text), &err);
    must(f->prompts != NULL, &err);
    f->clip_l = dio_text_encoder_open(FOLDER "clip-l", DIO_F32, &err);
    must(f->clip_l != NULL, &err);
    f->big_g = dio_text_encoder_open(FOLDER "big-g", DIO_F32, &err);
    must(f->big_g != NULL, &err);
    f->tokenizer = dio_tokenizer_load(FOLDER "tokenizer", &err);
    must(f->tokenizer != NULL, &err);
    f->tokenizer_2 = dio_tokenizer_load(FOLDER "tokenizer_2", &err);
    must(f->tokenizer_2 != NULL, &err);
}

static int set_up(void **state)
{
    open_all(*state = calloc(1, sizeof(struct fixture)));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    dio_tokenizer_destroy(f->tokenizer);
    dio_tokenizer_destroy(f->tokenizer_2);
    dio_text_encoder_close(f->clip_l);
    dio_text_encoder_close(f->big_g);
    dio_weights_close(f->golden);
    dio_device_close(f->device);
    dio_arena_destroy(f->arena);
    free(f);
    return 0;
}

/* --- the grammar --- */

static bool spans_are(const dio_prompt_spans *spans, const dio_value *want)
{
    if (spans->count != want->list.count)
        return false;
    for (int i = 0; i < spans->count; i++) {
        const dio_prompt_span *s = &spans->items[i];
        const dio_value *text = want->list.items[i]->list.items[0];
        const dio_value *weight = want->list.items[i]->list.items[1];
        if (s->breaks != (weight->kind == DIO_NULL))
            return false;
        if (!s->breaks && (s->weight != weight->real || s->length != text->string.length ||
                           memcmp(s->text, text->string.text, s->length) != 0))
            return false;
    }
    return true;
}

/* The same spans, and weights to the last bit, as webui's parser; what it dies of is refused. */
static void test_grammar(void **state)
{
    (void)state;
    size_t size;
    dio_error err = {0};
    int rows = 0, same = 0, refused = 0;
    dio_arena *a = dio_arena_create();
    const char *text = dio_file_read(a, FOLDER "grammar.jsonl", 1 << 20, &size, &err);
    must(text != NULL, &err);
    for (size_t at = 0; at < size; rows++) {
        const char *end = memchr(text + at, '\n', size - at);
        const dio_value *row =
            dio_json_parse(a, "grammar.jsonl", text + at, (size_t)(end - text) - at, &err);
        must(row != NULL, &err);
        at = (size_t)(end - text) + 1;
        const dio_value *prompt = row->list.items[0], *want = row->list.items[1];
        dio_prompt_spans spans;
        dio_error why = {0};
        bool ok = dio_prompt_parse(a, prompt->string.text, prompt->string.length, &spans, &why);
        bool right =
            ok ? want->kind == DIO_LIST && spans_are(&spans, want) : want->kind == DIO_NULL;
        refused += !ok;
        same += right;
        if (!right)
            print_message("  differs: %s\n",
                          dio_json_quote(a, prompt->string.text, prompt->string.length));
    }
    print_message("grammar: %d of %d prompts alike, %d of them refused\n", same, rows, refused);
    assert_true(rows > 1000);
    assert_int_equal(same, rows);
    dio_arena_destroy(a);
}

static void parse_fails(const char *text, size_t n, const char *says)
{
    dio_error err = {0};
    dio_prompt_spans spans;
    dio_arena *a = dio_arena_create();
    assert_false(dio_prompt_parse(a, text, n, &spans, &err));
    assert_string_equal(err.message, says);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
    dio_arena_destroy(a);
}

static void test_grammar_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"a\xff", "the prompt is not UTF-8 at byte 1 (0xFF)"},
        {"(a\xed\xa0\x80:1.2)", "the prompt is not UTF-8 at byte 2 (0xED)"},
        {"(red:1.2.3)", "the weight \"1.2.3\" at byte 5 of the prompt is not a number"},
        {"(red:.)", "the weight \".\" at byte 5 of the prompt is not a number"},
        {"(red:101)", "the weight of \"red\" comes to 101: -100 to 100 are supported"},
        {"(red:-1000)", "the weight of \"red\" comes to -1000: -100 to 100 are supported"},
        {"((red:99):99)", "the weight of \"red\" comes to 9801: -100 to 100 are supported"},
        {"(red:1000000000000000000000000000000)",
         "the weight of \"red\" comes to 1e+30: -100 to 100 are supported"},
        {"(red:1000000000000000000000000000000000000000000000000000000000000)",
         "the weight \"1000000000000000000000000000000000000000\" at byte 5 of the prompt is not a "
         "number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        parse_fails(rows[i].text, strlen(rows[i].text), rows[i].says);
    char *big = malloc(1 << 20);
    memset(big, 'a', 1 << 20);
    parse_fails(big, 1 << 20, "a prompt of 1048576 bytes is above 65536: shorten it");
    memset(big, '(', 1000);
    parse_fails(big, 1000,
                "the prompt has more than 256 brackets open at byte 256: close some, or write \\( "
                "for the character");
    memset(big, '[', 1000);
    parse_fails(big, 1000,
                "the prompt has more than 256 brackets open at byte 256: close some, or write \\[ "
                "for the character");
    free(big);
}

/* --- rows of ids --- */

static void check_rows(struct fixture *f, int i)
{
    char name[32];
    int64_t n;
    dio_error err = {0};
    dio_prompt_spans spans;
    dio_prompt_rows rows;
    const dio_value *prompt = f->prompts->list.items[i];
    must(dio_prompt_parse(f->arena, prompt->string.text, prompt->string.length, &spans, &err) &&
             dio_prompt_tokenize(f->arena, &spans, f->tokenizer, NULL, 0, T, &rows, &err),
         &err);
    snprintf(name, sizeof name, "%d.ids", i);
    int32_t *ids = golden_ids(f->golden, name, &n);
    assert_int_equal(rows.chunks * T, n);
    assert_memory_equal(rows.ids, ids, (size_t)n * sizeof *ids);
    free(ids);
    snprintf(name, sizeof name, "%d.weights", i);
    const float *weights = dio_tensor_data(dio_weights_find(f->golden, name));
    assert_memory_equal(rows.weights, weights, (size_t)n * sizeof *weights);
}

static void test_rows(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < f->prompts->list.count; i++)
        check_rows(f, i);
}

/* The second tokenizer pads with "!" behind the first end. */
static void test_padding(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_prompt_spans spans;
    dio_prompt_rows rows;
    must(dio_prompt_parse(f->arena, "mars", 4, &spans, &err) &&
             dio_prompt_tokenize(f->arena, &spans, f->tokenizer_2, NULL, 1, T, &rows, &err),
         &err);
    int end = 0;
    while (rows.ids[end] != 813)
        end++;
    assert_int_equal(rows.ids[0], 812);
    assert_int_equal(rows.ids[end + 1], 0);
    assert_int_equal(rows.ids[T - 1], 0);
    assert_false(rows.weighted);
}

/* ... and takes the "!" of a prompt for it, as transformers does; other special tokens are text. */
static void test_special(void **state)
{
    static const char bang[] = "wow !! a castle!yes", end[] = "a<|endoftext|>b";
    struct fixture *f = *state;
    dio_error err = {0};
    dio_prompt_spans spans;
    dio_prompt_rows rows;
    int64_t n;
    must(dio_prompt_parse(f->arena, bang, strlen(bang), &spans, &err) &&
             dio_prompt_tokenize(f->arena, &spans, f->tokenizer_2, NULL, 1, T, &rows, &err),
         &err);
    int32_t *ids = golden_ids(f->golden, "bang.ids", &n);
    assert_int_equal(n, T);
    assert_memory_equal(rows.ids, ids, T * sizeof *ids);
    free(ids);
    must(dio_prompt_parse(f->arena, end, strlen(end), &spans, &err) &&
             dio_prompt_tokenize(f->arena, &spans, f->tokenizer, NULL, 0, T, &rows, &err),
         &err);
    assert_int_not_equal(rows.ids[2], 813);
    assert_int_not_equal(rows.ids[3], 813);
}

/* --- all of it --- */

static void near(const float *got, const char *name, const struct fixture *f, int64_t n)
{
    double scale;
    const dio_tensor *want = dio_weights_find(f->golden, name);
    if (!want)
        fail_msg("the golden has no %s", name);
    assert_int_equal(dio_type_count(&want->type), n);
    double d = worst(got, dio_tensor_data(want), n, &scale) / scale;
    print_message("  %-24s within %.2e\n", name, d);
    assert_true(d <= 4e-6); /* measured 1.1e-6 */
}

static dio_prompt_job job_of(struct fixture *f, const char *const *prompts, int n)
{
    return (dio_prompt_job){.encoders = {{f->clip_l, f->tokenizer}, {f->big_g, f->tokenizer_2}},
                            .n_encoders = 1,
                            .prompts = prompts,
                            .n_prompts = n};
}

static const char *prompt_at(const struct fixture *f, int i)
{
    return f->prompts->list.items[i]->string.text;
}

/* One prompt at a time, as webui has it. */
static void test_webui(void **state)
{
    static const int which[] = {0, 1, 3, 5};
    struct fixture *f = *state;
    dio_error err = {0};
    dio_prompt_result out;
    char name[32];
    for (int i = 0; i < 4; i++) {
        const char *prompt = prompt_at(f, which[i]);
        dio_prompt_job job = job_of(f, &prompt, 1);
        must(dio_prompt_encode(&job, f->device, &out, &err), &err);
        snprintf(name, sizeof name, "%d.sd", which[i]);
        near(out.context, name, f, out.tokens * out.width);
        dio_prompt_result_deinit(&out);
    }
    const char *prompt = prompt_at(f, 1);
    dio_prompt_job job = job_of(f, &prompt, 1);
    job.clip_skip = 1;
    must(dio_prompt_encode(&job, f->device, &out, &err), &err);
    near(out.context, "1.skip", f, out.tokens * out.width);
    dio_prompt_result_deinit(&out);
    job.clip_skip = 0;
    job.n_encoders = 2;
    job.penultimate = true;
    must(dio_prompt_encode(&job, f->device, &out, &err), &err);
    near(out.context, "1.xl", f, out.tokens * out.width);
    dio_prompt_result_deinit(&out);
    prompt = prompt_at(f, 2); /* two chunks: the golden keeps the first 8 channels */
    job = job_of(f, &prompt, 1);
    must(dio_prompt_encode(&job, f->device, &out, &err), &err);
    assert_int_equal(out.tokens, 2 * T);
    float *few = malloc((size_t)out.tokens * 8 * sizeof *few);
    for (int64_t t = 0; t < out.tokens; t++)
        memcpy(few + t * 8, out.context + t * out.width, 8 * sizeof *few);
    near(few, "2.sd", f, out.tokens * 8);
    free(few);
    dio_prompt_result_deinit(&out);
}

static void test_diffusers(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_prompt_result out;
    const char *negative =
        "worst quality, low quality, blurry, watermark, text, bad anatomy, extra fingers";
    const char *second =
        "masterpiece, best quality, portrait of a woman in a red dress, soft light, bokeh";
    const char *prompts[] = {negative, prompt_at(f, 0)}, *prompts_2[] = {negative, second};
    dio_prompt_job job = job_of(f, prompts, 2);
    must(dio_prompt_encode(&job, f->device, &out, &err), &err);
    near(out.context, "diffusers.sd", f, 2 * out.tokens * out.width);
    dio_prompt_result_deinit(&out);
    job.clip_skip = 1; /* diffusers leaves negative prompts without it */
    must(dio_prompt_encode(&job, f->device, &out, &err), &err);
    near(out.context + out.tokens * out.width, "diffusers.sd.skip", f, out.tokens * out.width);
    dio_prompt_result_deinit(&out);
    job.clip_skip = 0;
    job.n_encoders = 2;
    job.penultimate = true;
    job.prompts_2 = prompts_2;
    for (int zeros = 0; zeros < 2; zeros++) {
        prompts[0] = zeros ? NULL : negative;
        prompts_2[0] = prompts[0];
        must(dio_prompt_encode(&job, f->device, &out, &err), &err);
        assert_int_equal(out.width, 72);
        assert_int_equal(out.pooled_width, 28);
        near(out.context, zeros ? "diffusers.xl.zeros" : "diffusers.xl", f,
             2 * out.tokens * out.width);
        near(out.pooled, zeros ? "diffusers.xl.zeros.pooled" : "diffusers.xl.pooled", f,
             2 * out.pooled_width);
        dio_prompt_result_deinit(&out);
    }
    job = job_of(f, (const char *[]){"wow !! a castle!yes"}, 1);
    job.n_encoders = 2;
    job.penultimate = true;
    must(dio_prompt_encode(&job, f->device, &out, &err), &err);
    near(out.context, "diffusers.xl.bang", f, out.tokens * out.width);
    dio_prompt_result_deinit(&out);
}

/* A prompt's numbers do not depend on its neighbours, but for the number of chunks; shorter ones
 * get empty chunks. */
static void test_batch(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_prompt_result all, one;
    const char *prompts[12];
    for (int i = 0; i < 12; i++)
        prompts[i] = prompt_at(f, i % 8);
    dio_prompt_job job = job_of(f, prompts, 12);
    job.n_encoders = 2;
    must(dio_prompt_encode(&job, f->device, &all, &err), &err);
    assert_true(all.tokens > T);
    for (int i = 0; i < 12; i++) {
        dio_prompt_job single = job_of(f, prompts + i, 1);
        single.n_encoders = 2;
        single.chunks = (int)(all.tokens / T);
        must(dio_prompt_encode(&single, f->device, &one, &err), &err);
        size_t n = (size_t)(all.tokens * all.width), m = (size_t)all.pooled_width;
        assert_memory_equal(all.context + (size_t)i * n, one.context, n * sizeof(float));
        assert_memory_equal(all.pooled + (size_t)i * m, one.pooled, m * sizeof(float));
        dio_prompt_result_deinit(&one);
    }
    dio_prompt_result_deinit(&all);
}

/* Without the grammar brackets are characters, as they are in it behind backslashes. */
static void test_plain(void **state)
{
    static const char *const texts[] = {"(plain:1.2) [text]", "\\(plain:1.2\\) \\[text\\]"};
    struct fixture *f = *state;
    dio_error err = {0};
    dio_prompt_result out[3];
    for (int i = 0; i < 3; i++) {
        dio_prompt_job job = job_of(f, &texts[i == 1], 1);
        job.plain = i == 0;
        must(dio_prompt_encode(&job, f->device, &out[i], &err), &err);
        assert_int_equal(out[i].tokens, T);
    }
    size_t bytes = (size_t)(T * out[0].width) * sizeof(float);
    assert_memory_equal(out[0].context, out[1].context, bytes);
    assert_memory_not_equal(out[0].context, out[2].context, bytes);
    for (int i = 0; i < 3; i++)
        dio_prompt_result_deinit(&out[i]);
}

static void encode_fails(struct fixture *f, const dio_prompt_job *job, const char *says)
{
    dio_error err = {0};
    dio_prompt_result out;
    assert_false(dio_prompt_encode(job, f->device, &out, &err));
    assert_string_equal(err.message, says);
    assert_null(out.context);
    assert_null(out.pooled);
}

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    char *many = calloc(1, 65536);
    for (int i = 0; i < 30000; i++)
        memcpy(many + 2 * i, "a ", 2);
    const char *prompts[] = {"fine", "not \xff"};
    dio_prompt_job job = job_of(f, prompts, 2);
    encode_fails(f, &job, "prompt 2: the prompt is not UTF-8 at byte 4 (0xFF)");
    job.plain = true;
    encode_fails(f, &job, "prompt 2: the text is not UTF-8 at byte 4 (0xFF)");
    prompts[0] = many;
    job.plain = false;
    encode_fails(f, &job, "prompt 1: the prompt has more than 64 chunks of 75 tokens: shorten it");
    job = job_of(f, prompts, 0);
    encode_fails(f, &job, "0 prompts in a batch: 1 to 1024 are supported");
    prompts[0] = "fine";
    job = job_of(f, prompts, 1);
    job.clip_skip = 3;
    encode_fails(f, &job, "clip skip 3: 0 to 2 are possible with a text encoder of 3 layers");
    job.clip_skip = 0;
    job.chunks = 65;
    encode_fails(f, &job, "65 chunks: 0 to 64 are supported");
    job = job_of(f, prompts, 1);
    job.n_encoders = 3;
    encode_fails(f, &job, "3 text encoders: 1 or 2 are supported");
    dio_tokenizer *gpt2 = dio_tokenizer_load("tests/golden/tokenizers/llama2", &err);
    must(gpt2 != NULL, &err);
    job = job_of(f, prompts, 1);
    job.encoders[0].tokenizer = gpt2;
    encode_fails(
        f, &job,
        "the tokenizer has no tokens for the start and the end of a text: it is not a text "
        "encoder's");
    dio_tokenizer_destroy(gpt2);
    free(many);
}

/* --- words that stand for vectors --- */

static void test_words(void **state)
{
    (void)state;
    struct fixture f = {0};
    dio_error err = {0};
    dio_prompt_result out;
    open_all(&f);
    dio_prompt_words *words = dio_prompt_words_create(&err);
    must(words != NULL, &err);
    dio_prompt_encoder e[] = {{f.clip_l, f.tokenizer}, {f.big_g, f.tokenizer_2}};
    must(dio_prompt_words_add(words, e, 1, FOLDER "embeddings/my-style.pt", NULL, &err), &err);
    must(dio_prompt_words_add(words, e, 1, FOLDER "embeddings/learned.bin", NULL, &err), &err);
    must(dio_prompt_words_add(words, e, 1, FOLDER "embeddings/params.safetensors", "two", &err),
         &err);
    assert_int_equal(dio_prompt_words_count(words), 3);
    assert_string_equal(dio_prompt_words_name(words, 0), "my-style");
    assert_string_equal(dio_prompt_words_name(words, 1), "<cat-toy>");
    assert_string_equal(dio_prompt_words_name(words, 2), "two");
    assert_int_equal(dio_text_encoder_shape_get(f.clip_l).vocab, 814 + 3 + 1 + 2);
    const char *prompt = "a photo of a <cat-toy>, My-Style, soft light";
    dio_prompt_job job = job_of(&f, &prompt, 1);
    job.words = words;
    must(dio_prompt_encode(&job, f.device, &out, &err), &err);
    near(out.context, "diffusers.words", &f, out.tokens * out.width);
    dio_prompt_result_deinit(&out);
    dio_prompt_words_destroy(words);
    words = dio_prompt_words_create(&err);
    must(dio_prompt_words_add(words, e, 2, FOLDER "embeddings/xl.safetensors", NULL, &err), &err);
    assert_string_equal(dio_prompt_words_name(words, 0), "xl");
    dio_prompt_words_destroy(words);
    struct fixture *own = malloc(sizeof f);
    *own = f;
    tear_down((void **)&own);
}

/* Ids of a prompt of one chunk with the words "two" (2 vectors) and "my-style" (3). */
static void ids_are(struct fixture *f, const dio_prompt_words *words, const char *prompt,
                    const int32_t *want, int n)
{
    dio_error err = {0};
    dio_prompt_spans spans;
    dio_prompt_rows rows;
    must(dio_prompt_parse(f->arena, prompt, strlen(prompt), &spans, &err) &&
             dio_prompt_tokenize(f->arena, &spans, f->tokenizer, words, 0, T, &rows, &err),
         &err);
    int found = 0;
    for (int i = 0; i < rows.chunks * T; i++)
        if (rows.ids[i] >= 814) {
            assert_true(found < n);
            assert_int_equal(rows.ids[i], want[found]);
            found++;
        }
    assert_int_equal(found, n);
}

static void test_word_places(void **state)
{
    (void)state;
    struct fixture f = {0};
    dio_error err = {0};
    open_all(&f);
    dio_prompt_words *words = dio_prompt_words_create(&err);
    dio_prompt_encoder e = {f.clip_l, f.tokenizer};
    must(dio_prompt_words_add(words, &e, 1, FOLDER "embeddings/params.safetensors", "two", &err) &&
             dio_prompt_words_add(words, &e, 1, FOLDER "embeddings/my-style.pt", "two-tone", &err),
         &err);
    ids_are(&f, words, "twofold, untwo, two_, étwo", NULL, 0);
    ids_are(&f, words, "(Two:1.2), two", (int32_t[]){814, 815, 814, 815}, 4);
    ids_are(&f, words, "two-tone", (int32_t[]){816, 817, 818}, 3);
    ids_are(&f, words, "two-", (int32_t[]){814, 815}, 2);
    /* 74 tokens, and no room for 2 vectors: they go into the next chunk together. */
    dio_prompt_spans spans;
    dio_prompt_rows rows;
    dio_str text = {0};
    for (int i = 0; i < 74; i++)
        dio_str_puts(&text, "a ");
    dio_str_puts(&text, "two");
    must(dio_prompt_parse(f.arena, text.text, text.length, &spans, &err) &&
             dio_prompt_tokenize(f.arena, &spans, f.tokenizer, words, 0, T, &rows, &err),
         &err);
    assert_int_equal(rows.chunks, 2);
    assert_int_equal(rows.ids[75], 813);
    assert_int_equal(rows.ids[T + 1], 814);
    assert_int_equal(rows.ids[T + 2], 815);
    dio_str_deinit(&text);
    dio_prompt_words_destroy(words);
    struct fixture *own = malloc(sizeof f);
    *own = f;
    tear_down((void **)&own);
}

static char dir[] = "/tmp/dio_words_XXXXXX";

static void write_rows(const char *file, const char *name, dio_type type, float value)
{
    char path[256];
    dio_error err = {0};
    dio_tensor *t = dio_tensor_create(name, &type, &err);
    must(t != NULL, &err);
    for (int64_t i = 0; i < dio_type_count(&type); i++)
        ((float *)dio_tensor_data(t))[i] = value;
    snprintf(path, sizeof path, "%s/%s", dir, file);
    must(dio_weights_write(path, &t, NULL, 1, NULL, 0, &err), &err);
    dio_tensor_unref(t);
}

static void test_words_bad(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *file;
        int encoders;
        const char *name, *says;
    } rows[] = {
        {"wide.safetensors", 1, NULL,
         "the vectors of \"wide\" are 24 wide, the text encoder's are 32: it was made for another "
         "model"},
        {"nan.safetensors", 1, NULL, "the vectors of \"nan\" hold numbers that are not finite"},
        {"deep.safetensors", 1, NULL,
         "the vectors of \"deep\" are f32[1,1,32]: numbers [n,width] are expected"},
        {"long.safetensors", 1, NULL, "\"long\" has 76 vectors: a chunk has room for 75"},
        {"one.safetensors", 2, NULL,
         "the embedding has no clip_l and clip_g: it is not for a model with two text encoders, "
         "such as SDXL"},
        {"other.safetensors", 1, NULL,
         "no embedding is in it: known are string_to_param, emb_params, and one matrix under the "
         "word's own name"},
        {"one.safetensors", 1, "", "an embedding needs a name of 1 to 256 bytes of UTF-8"},
        {"one.safetensors", 1, "TAKEN", "there is an embedding \"TAKEN\" already"},
    };
    dio_error err = {0};
    assert_non_null(mkdtemp(dir));
    write_rows("wide.safetensors", "emb_params", dio_type_2d(DIO_F32, 2, 24), 0);
    write_rows("nan.safetensors", "emb_params", dio_type_2d(DIO_F32, 2, 32), NAN);
    write_rows("deep.safetensors", "emb_params", dio_type_3d(DIO_F32, 1, 1, 32), 0);
    write_rows("long.safetensors", "emb_params", dio_type_2d(DIO_F32, 76, 32), 0);
    write_rows("one.safetensors", "emb_params", dio_type_2d(DIO_F32, 1, 32), 0);
    write_rows("other.safetensors", "a.weight", dio_type_2d(DIO_F32, 1, 32), 0);
    dio_prompt_words *words = dio_prompt_words_create(&err);
    dio_prompt_encoder e[] = {{f->clip_l, f->tokenizer}, {f->big_g, f->tokenizer_2}};
    char path[256], said[2048], want[2048];
    snprintf(path, sizeof path, "%s/one.safetensors", dir);
    must(dio_prompt_words_add(words, e, 1, path, "Taken", &err), &err);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        dio_error why = {0};
        snprintf(path, sizeof path, "%s/%s", dir, rows[i].file);
        assert_false(dio_prompt_words_add(words, e, rows[i].encoders, path, rows[i].name, &why));
        snprintf(want, sizeof want, "%s: %s", path, rows[i].says);
        assert_string_equal(dio_error_text(&why, said, sizeof said), want);
    }
    dio_error why = {0};
    assert_false(dio_prompt_words_add(words, e, 1, FOLDER "embeddings/xl.safetensors", NULL, &why));
    assert_string_equal(why.message, "the embedding is for two text encoders (clip_l and clip_g), "
                                     "as in SDXL; this model has one");
    assert_int_equal(dio_prompt_words_count(words), 1);
    dio_prompt_words_destroy(words);
    snprintf(path, sizeof path, "rm -r %s", dir);
    assert_int_equal(system(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),   cmocka_unit_test(test_grammar_bad),
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_padding),
        cmocka_unit_test(test_special),   cmocka_unit_test(test_webui),
        cmocka_unit_test(test_diffusers), cmocka_unit_test(test_batch),
        cmocka_unit_test(test_plain),     cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_words),     cmocka_unit_test(test_word_places),
        cmocka_unit_test(test_words_bad),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
