/* test_prompt.c: prompts against stable-diffusion-webui's chunks and emphasis and against
 * diffusers' pipelines, on the goldens of tools/golden/clip.py; what is refused, with its sentence.
 */
#include "tests/text/prompt_case.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_padding),
        cmocka_unit_test(test_special),   cmocka_unit_test(test_webui),
        cmocka_unit_test(test_diffusers), cmocka_unit_test(test_batch),
        cmocka_unit_test(test_plain),     cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
