/* test_bundle_names.c: names of single files, there and back: every name of LDM's is one of
 * diffusers', and a UNet saved in LDM's names is the same UNet. */
#include "tests/vision/bundle_case.h"

#include "vision/keymap.h"

/* Every name of LDM's comes back when it goes to diffusers' and back. */
static void check_reversible(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_unet_layout seen = {0}, layout;
    dio_keymap m;
    const char *prefix = "model.diffusion_model.";
    dio_arena *a = dio_arena_create();
    dio_bundle *b = open_bundle("tests/golden/bundle/sdxl.safetensors");
    dio_weights *file = open_weights("tests/golden/bundle/sdxl.safetensors");
    const dio_weights *ours = dio_bundle_weights(b, "unet", &err);
    for (int i = 0; i < dio_weights_count(ours); i++)
        dio_unet_layout_see(&seen, dio_weights_at(ours, i)->name);
    assert_true(dio_unet_layout_theirs(&layout, file, prefix));
    assert_memory_equal(&seen, &layout, sizeof seen);
    must(dio_keymap_unet(&m, &seen, a, &err), &err);
    for (int i = 0; i < dio_weights_count(ours); i++) {
        const char *name = dio_weights_at(ours, i)->name, *theirs = dio_keymap_theirs(&m, name);
        char full[256];
        assert_non_null(theirs);
        snprintf(full, sizeof full, "%s%s", prefix, theirs);
        assert_non_null(dio_weights_find(file, full));
        assert_string_equal(dio_keymap_ours(&m, theirs), name);
    }
    assert_null(dio_keymap_ours(&m, "input_blocksmore.0.0.weight"));
    dio_weights_close(file);
    dio_bundle_close(b);
    dio_arena_destroy(a);
}

static void run_unet(const dio_unet *u, float out[256])
{
    dio_error err = {0};
    float sample[256], context[5 * 24], t = 500;
    for (int i = 0; i < 256; i++)
        sample[i] = sinf((float)i);
    for (int i = 0; i < 5 * 24; i++)
        context[i] = cosf((float)i);
    dio_graph *g = dio_graph_create();
    dio_device *d = open_device();
    dio_unet_io io = {.sample = dio_input(g, "sample", dio_type_4d(DIO_F32, 1, 4, 8, 8)),
                      .timestep = dio_input(g, "timestep", dio_type_1d(DIO_F32, 1)),
                      .context = dio_input(g, "context", dio_type_3d(DIO_F32, 1, 5, 24))};
    dio_unet_forward(g, u, &io);
    dio_plan *p = dio_plan_create(g, &io.out, 1, false, d, NULL, &err);
    must(p && dio_plan_set(p, "sample", sample, sizeof sample, &err) &&
             dio_plan_set(p, "timestep", &t, sizeof t, &err) &&
             dio_plan_set(p, "context", context, sizeof context, &err) && dio_plan_run(p, &err),
         &err);
    memcpy(out, dio_plan_output(p, 0, NULL), 256 * sizeof(float));
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    dio_device_close(d);
}

/* A UNet saved in LDM's names and read again, its config inferred, draws the same bytes. */
static void check_round(void **state)
{
    (void)state;
    for (int linear = 0; linear < 2; linear++) {
        dio_error err = {0};
        float want[256], have[256];
        dio_unet *u = make_unet(linear);
        save_theirs(u, at("round.safetensors"), NULL);
        run_unet(u, want);
        dio_bundle *b = open_bundle(at("round.safetensors"));
        dio_unet *again = dio_unet_build(dio_bundle_config(b, "unet"),
                                         dio_bundle_weights(b, "unet", &err), DIO_DTYPES, &err);
        must(again != NULL, &err);
        dio_bundle_close(b);
        run_unet(again, have);
        assert_memory_equal(want, have, sizeof want);
        dio_unet_close(again);
        dio_unet_close(u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_reversible),
        cmocka_unit_test(check_round),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
