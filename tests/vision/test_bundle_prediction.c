/* test_bundle_prediction.c: what a single file's model predicts, and by which schedule: it is not
 * written in the file, so it is told by what else is, and by the usual where nothing tells. */
#include "tests/vision/bundle_case.h"

/* A UNet and the two tensors by which the kind of its text encoder is told, with more beside. */
static dio_bundle *open_with(bool sd2, const char *name, dio_tensor *t, const char *key,
                             const char *value)
{
    dio_error err = {0};
    dio_unet *u = make_unet(sd2);
    save_theirs(u, at("plain.safetensors"), NULL);
    dio_weights *w = open_weights(at("plain.safetensors"));
    const char *names[512];
    dio_tensor *tensors[512];
    dio_type type = dio_type_2d(DIO_F32, 3, 4);
    dio_tensor *table = dio_tensor_create("table", &type, &err);
    dio_weights_meta meta = {key, value};
    int n = 0;
    for (; n < dio_weights_count(w); n++) {
        tensors[n] = dio_weights_at(w, n);
        names[n] = tensors[n]->name;
    }
    names[n] = sd2 ? "cond_stage_model.model.token_embedding.weight"
                   : "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight";
    tensors[n++] = table;
    names[n] = name;
    tensors[n] = t;
    n += name != NULL;
    must(dio_weights_write(at("more.safetensors"), tensors, names, n, &meta, key != NULL, &err),
         &err);
    dio_tensor_unref(table);
    dio_weights_close(w);
    dio_unet_close(u);
    return open_bundle(at("more.safetensors"));
}

static void check_prediction(bool sd2, const char *name, const char *key, const char *value,
                             const char *want, bool remark)
{
    dio_error err = {0};
    dio_type type = dio_type_1d(DIO_F32, 1);
    dio_tensor *one = dio_tensor_create("one", &type, &err);
    dio_bundle *b = open_with(sd2, name, one, key, value);
    assert_string_equal(prediction(b), want);
    assert_int_equal(dio_bundle_remark(b) != NULL, remark);
    assert_null(dio_map_get(dio_bundle_config(b, "scheduler"), "trained_betas"));
    dio_bundle_close(b);
    dio_tensor_unref(one);
}

/* alphas_cumprod counts where it is not the usual one. */
static void check_own_alphas(void)
{
    dio_error err = {0};
    dio_type type = dio_type_1d(DIO_F32, 1000);
    dio_tensor *t = dio_tensor_create("alphas", &type, &err);
    float *a = dio_tensor_data(t), product = 1;
    for (int i = 0; i < 1000; i++)
        a[i] = product *= 1 - (1e-4f + (0.02f - 1e-4f) * (float)i / 999);
    dio_bundle *b = open_with(false, "alphas_cumprod", t, NULL, NULL);
    const dio_value *betas = dio_map_get(dio_bundle_config(b, "scheduler"), "trained_betas");
    assert_non_null(betas);
    assert_int_equal(betas->list.count, 1000);
    assert_true(fabs(betas->list.items[0]->real - 1e-4) < 1e-7);
    assert_true(fabs(betas->list.items[999]->real - 0.02) < 1e-5);
    dio_bundle_close(b);
    a[7] = 2;
    dio_unet *u = make_unet(false);
    save_theirs(u, at("alphas.safetensors"), NULL);
    dio_unet_close(u);
    dio_weights *w = open_weights(at("alphas.safetensors"));
    const char *names[512];
    dio_tensor *tensors[512];
    int n = 0;
    for (; n < dio_weights_count(w); n++) {
        tensors[n] = dio_weights_at(w, n);
        names[n] = tensors[n]->name;
    }
    names[n] = "alphas_cumprod";
    tensors[n++] = t;
    must(dio_weights_write(at("bad.safetensors"), tensors, names, n, NULL, 0, &err), &err);
    assert_null(dio_bundle_open(at("bad.safetensors"), NULL, &err));
    assert_non_null(strstr(err.message, "alphas_cumprod: number 7, 2, does not lie between"));
    dio_weights_close(w);
    dio_tensor_unref(t);
}

static void check_predictions(void **state)
{
    (void)state;
    check_prediction(false, NULL, NULL, NULL, "epsilon", false);
    check_prediction(true, NULL, NULL, NULL, "v_prediction", true);
    check_prediction(true, NULL, "modelspec.prediction_type", "epsilon", "epsilon", false);
    check_prediction(false, NULL, "modelspec.prediction_type", "v", "v_prediction", false);
    check_prediction(false, "v_pred", NULL, NULL, "v_prediction", false);
    check_own_alphas();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_predictions),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
