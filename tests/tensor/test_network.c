/* test_network.c: a network made, saved and opened again, and what is refused on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tensor/network.h"

static char dir[] = "/tmp/dio_network_XXXXXX";

/* --- a family, and one of another kind --- */

struct toy {
    int width;
    dio_tensor *embed, *norm;
    float *sum; /* of the embedding: what follows from the weights */
};

static const dio_field fields[] = {
    DIO_FIELD(struct toy, width, NULL, 1, 64, "numbers"),
    {0},
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    const struct toy *m = model;
    (void)a;
    return m->width % 2 == 0 || dio_value_fail(json, err, "width: %d is odd", m->width);
}

static void walk(dio_walk *w, void *model)
{
    struct toy *m = model;
    DIO_WEIGHT(w, &m->embed, "embed", dio_init_normal(0.5f), 10, m->width);
    DIO_WEIGHT(w, &m->norm, "norm", dio_init_fill(1), m->width);
}

static bool infer(const dio_weights *from, dio_arena *a, dio_value **config, dio_error *err)
{
    const dio_tensor *t = dio_weights_find(from, "embed");
    (void)err;
    if (!t || t->type.nd != 2)
        return false;
    *config = dio_value_map(a);
    dio_map_set(a, *config, "model_type", dio_value_string(a, "toy"));
    dio_map_set(a, *config, "width", dio_value_int(a, t->type.dim[1]));
    return true;
}

static bool prepare(void *model, dio_error *err)
{
    struct toy *m = model;
    m->sum = calloc(1, sizeof *m->sum);
    if (!m->sum)
        return dio_fail_memory(err, "a sum");
    const float *x = dio_tensor_data(m->embed);
    for (int i = 0; i < 10 * m->width; i++)
        *m->sum += x[i];
    return true;
}

static void close_model(void *model)
{
    free(((struct toy *)model)->sum);
}

static const dio_model toy = {
    .name = "toy",
    .kind = "toy",
    .types = (const char *const[]){"toy", NULL},
    .config = fields,
    .size = sizeof(struct toy),
    .setup = setup,
    .walk = walk,
    .infer = infer,
    .prepare = prepare,
    .close = close_model,
};
static const dio_model tool = {
    .name = "tool",
    .kind = "tool",
    .types = (const char *const[]){"tool", NULL},
    .config = fields,
    .size = sizeof(struct toy),
    .setup = setup,
    .walk = walk,
};
static const dio_model *const families[] = {&tool, &toy};
static const dio_model_set set = {families, 2};

/* --- its owner --- */

struct owner {
    dio_network net;
    int width;
};

static void ready(void *owner)
{
    struct owner *o = owner;
    o->width = ((const struct toy *)o->net.model)->width;
}

static const dio_network_kind kind = {.what = "a toy",
                                      .kind = "toy",
                                      .families = &set,
                                      .size = sizeof(struct owner),
                                      .ready = ready,
                                      .finite = true,
                                      .unknown = "no toy has these tensors"};

static struct owner *create(const char *text, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    const dio_value *config = dio_json_parse(a, "recipe", text, strlen(text), err);
    assert_non_null(config);
    struct owner *o = dio_network_create(&kind, config, 7, DIO_F32, err);
    dio_arena_destroy(a); /* the network keeps what it needs */
    return o;
}

static const char *in_dir(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void same(struct owner *a, struct owner *b)
{
    const struct toy *x = a->net.model, *y = b->net.model;
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->net.walk.count, 2);
    assert_memory_equal(dio_tensor_data(x->embed), dio_tensor_data(y->embed),
                        dio_type_bytes(&x->embed->type));
    assert_true(*x->sum == *y->sum);
}

static void test_round_trip(void **state)
{
    (void)state;
    dio_error err = {0};
    struct owner *o = create("{\"model_type\":\"toy\",\"width\":4,\"note\":[1,0.5]}", &err);
    assert_non_null(o);
    assert_int_equal(o->width, 4);
    assert_true(dio_network_save(&o->net, dir, DIO_F32, &err));
    struct owner *again = dio_network_open(&kind, dir, DIO_F32, &err);
    assert_non_null(again);
    same(o, again);
    assert_int_equal(dio_map_get(again->net.config, "note")->list.count, 2);
    dio_network_close(again);
    /* the same from parts, which may go */
    dio_weights *w = dio_weights_open(dir, &err);
    struct owner *built = dio_network_build(&kind, o->net.config, w, DIO_F32, &err);
    dio_weights_close(w);
    assert_non_null(built);
    same(o, built);
    dio_network_close(built);
    /* a file of weights alone says what it is */
    struct owner *bare = dio_network_open(&kind, in_dir("model.safetensors"), DIO_F32, &err);
    assert_non_null(bare);
    same(o, bare);
    dio_network_close(bare);
    dio_network_close(o);
    dio_network_close(NULL);
}

static void test_wrong_configs(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"{\"model_type\":\"tool\",\"width\":4}",
         "recipe:1:1: tool is a model of kind tool, not a toy"},
        {"{\"model_type\":\"tuy\"}",
         "recipe:1:15: model_type \"tuy\" is not supported; did you mean \"toy\"? (there are tool, "
         "toy)"},
        {"{\"model_type\":\"toy\",\"width\":5}", "recipe:1:1: width: 5 is odd"},
        {"{\"model_type\":\"toy\",\"width\":65}", "recipe:1:29: width: 65 is above 64"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dio_error err = {0};
        char text[512];
        assert_null(create(bad[i][0], &err));
        assert_string_equal(dio_error_text(&err, text, sizeof text), bad[i][1]);
    }
}

static void refused(const char *path, const char *says)
{
    dio_error err = {0};
    char text[512], want[512];
    assert_null(dio_network_open(&kind, path, DIO_F32, &err));
    snprintf(want, sizeof want, "%s: %s", path, says);
    assert_string_equal(dio_error_text(&err, text, sizeof text), want);
}

static void test_wrong_files(void **state)
{
    (void)state;
    dio_error err = {0};
    struct owner *o = create("{\"model_type\":\"toy\",\"width\":2}", &err);
    assert_non_null(o);
    struct toy *m = o->net.model;
    ((float *)dio_tensor_data(m->embed))[3] = NAN;
    assert_true(
        dio_walk_save(&o->net.walk, in_dir("nan.safetensors"), DIO_F32, 0, "", NULL, 0, &err));
    refused(in_dir("nan.safetensors"),
            "embed: number 3 of 20 is not finite: the file is damaged, or training went astray");
    assert_true(dio_weights_write(in_dir("other.safetensors"), &m->norm, NULL, 1, NULL, 0, &err));
    refused(in_dir("other.safetensors"), "no toy has these tensors");
    dio_network_close(o);
    /* parts that could not be opened: what was said stays */
    dio_fail(&err, "said before");
    assert_null(dio_network_build(&kind, NULL, NULL, DIO_F32, &err));
    assert_string_equal(err.message, "said before");
    /* without `unknown` a folder needs its config */
    dio_network_kind strict = kind;
    strict.unknown = NULL;
    dio_error none = {0};
    assert_null(dio_network_open(&strict, in_dir("nowhere"), DIO_F32, &none));
    assert_non_null(strstr(none.message, "nowhere/config.json"));
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"model.safetensors", "config.json", "nan.safetensors",
                                        "other.safetensors"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(in_dir(names[i]));
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_wrong_configs),
        cmocka_unit_test(test_wrong_files),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
