#pragma once
/* prompt_case.h: what the tests of prompts share: tiny text encoders with their tokenizers, and the
 * golden of tools/golden/clip.py. */
#include "tests/text/lm_case.h"

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

static inline void open_all(struct fixture *f)
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

static inline int set_up(void **state)
{
    open_all(*state = calloc(1, sizeof(struct fixture)));
    return 0;
}

static inline int tear_down(void **state)
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

/* Numbers of a prompt against the golden's. */
static inline void near(const float *got, const char *name, const struct fixture *f, int64_t n)
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

static inline dio_prompt_job job_of(struct fixture *f, const char *const *prompts, int n)
{
    return (dio_prompt_job){.encoders = {{f->clip_l, f->tokenizer}, {f->big_g, f->tokenizer_2}},
                            .n_encoders = 1,
                            .prompts = prompts,
                            .n_prompts = n};
}
