/* test_lm_memory.c: a model is opened, planned and made to write four tokens while memory runs out
 * at one place after the other: every time it either succeeds or says so. */
#include "tests/fail_alloc.h"

#include "tensor/device.h"
#include "tensor/plan.h"
#include "text/generate.h"
#include "text/lm.h"
#include "text/tokenizer.h"

/* Every allocation up to the 400th, then one in a growing number; all of the opening is among the
 * first. */
enum { EACH = 400 };

static dio_device *device;
static dio_lm *lm;

static bool open_model(const char *dir, dio_dtype dtype, dio_error *err)
{
    dio_lm *opened = dio_lm_open(dir, &(dio_lm_options){.dtype = dtype}, err);
    dio_lm_close(opened);
    return opened != NULL;
}

static bool open_mapped(dio_error *err)
{
    return open_model("tests/golden/lm/llama3", DIO_DTYPES, err);
}

static bool open_converted(dio_error *err)
{
    return open_model("tests/golden/lm/gpt2", DIO_BF16, err);
}

static bool open_shards(dio_error *err)
{
    return open_model("tests/golden/lm/qwen2.5", DIO_F32, err);
}

static bool open_tokenizer(dio_error *err)
{
    dio_tokenizer *t = dio_tokenizer_load("tests/golden/tokenizers/pair", err);
    dio_tokenizer_destroy(t);
    return t != NULL;
}

static bool plan(dio_error *err)
{
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(err, "a graph");
    dio_lm_io io = {.ids = dio_input(g, "ids", dio_type_2d(DIO_I32, 2, 8)),
                    .start = DIO_NONE,
                    .seed = DIO_NONE};
    dio_val targets = dio_input(g, "targets", dio_type_2d(DIO_I32, 2, 8));
    dio_val loss = dio_lm_loss(g, lm, &io, targets, 0);
    dio_plan *p = dio_plan_create(g, &loss, 1, false, device, NULL, err);
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    return p != NULL;
}

static bool write_on(int variants, int beams, dio_error *err)
{
    static const int32_t prompt[] = {5, 6, 7};
    dio_generate_request r = {.prompt = prompt, .n_prompt = 3, .ignore_end = true};
    r.params = (dio_generate_params){.max_tokens = 4,
                                     .temperature = 0.8,
                                     .top_p = 1,
                                     .repetition_penalty = beams > 1 ? 1 : 1.1,
                                     .variants = variants,
                                     .beams = beams,
                                     .length_penalty = 1};
    dio_texts *t = dio_generate(lm, NULL, device, &r, err);
    bool whole = !t || t->items[0].n_ids == 4;
    dio_texts_destroy(t);
    return t && (whole || dio_fail(err, "the text is not of four tokens"));
}

static bool generate_one(dio_error *err)
{
    return write_on(1, 1, err);
}

static bool generate_three(dio_error *err)
{
    return write_on(3, 1, err);
}

static bool generate_beams(dio_error *err)
{
    return write_on(1, 3, err);
}

static void opening(void **state)
{
    (void)state;
    fail_alloc_sweep("a mapped model", open_mapped, false, EACH);
    fail_alloc_sweep("a converted model", open_converted, false, EACH);
    fail_alloc_sweep("a model in shards", open_shards, false, EACH);
    fail_alloc_sweep("a tokenizer", open_tokenizer, false, EACH);
}

static void planning(void **state)
{
    (void)state;
    fail_alloc_sweep("a plan", plan, false, EACH);
}

static void generating(void **state)
{
    (void)state;
    fail_alloc_sweep("one text", generate_one, false, EACH);
    fail_alloc_sweep("three texts", generate_three, false, EACH);
    fail_alloc_sweep("three beams", generate_beams, false, EACH);
}

static int begin(void **state)
{
    dio_error err = {0};
    (void)state;
    device = dio_device_open("cpu", &err);
    lm = device ? dio_lm_open("tests/golden/lm/llama3", NULL, &err) : NULL;
    return lm ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    dio_lm_close(lm);
    dio_device_close(device);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening),
        cmocka_unit_test(planning),
        cmocka_unit_test(generating),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
