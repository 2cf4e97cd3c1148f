/* bundle_case.c: see bundle_case.h. */
#include "tests/vision/bundle_case.h"

#include <unistd.h>

#include "vision/keymap.h"

static char folder[] = "/tmp/dio_bundle_XXXXXX";

int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

const char *at(const char *name)
{
    static char paths[4][512];
    static int next;
    char *p = paths[next++ % 4];
    snprintf(p, sizeof paths[0], "%s/%s", folder, name);
    return p;
}

dio_bundle *open_bundle(const char *path)
{
    dio_error err = {0};
    dio_bundle *b = dio_bundle_open(path, NULL, &err);
    must(b != NULL, &err);
    return b;
}

const char *prediction(const dio_bundle *b)
{
    return dio_map_get(dio_bundle_config(b, "scheduler"), "prediction_type")->string.text;
}

dio_unet *make_unet(bool linear)
{
    char text[1024];
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    snprintf(text, sizeof text,
             "{\"_class_name\":\"UNet2DConditionModel\",\"block_out_channels\":[32,64],"
             "\"down_block_types\":[\"CrossAttnDownBlock2D\",\"DownBlock2D\"],"
             "\"up_block_types\":[\"UpBlock2D\",\"CrossAttnUpBlock2D\"],\"layers_per_block\":1,"
             "\"cross_attention_dim\":24,\"attention_head_dim\":[%d,%d],"
             "\"use_linear_projection\":%s}",
             linear ? 1 : 8, linear ? 1 : 8, linear ? "true" : "false");
    dio_value *config = dio_json_parse(a, "config.json", text, strlen(text), &err);
    must(config != NULL, &err);
    dio_unet *u = dio_unet_create(config, 7, DIO_F32, &err);
    must(u != NULL, &err);
    dio_arena_destroy(a);
    return u;
}

void save_theirs(dio_unet *u, const char *path, change_fn *change)
{
    dio_error err = {0};
    dio_keymap m;
    dio_unet_layout l = {0};
    dio_arena *a = dio_arena_create();
    const char *names[512];
    dio_tensor *tensors[512];
    int n = 0;
    for (int i = 0; i < u->net.walk.count; i++)
        dio_unet_layout_see(&l, u->net.walk.items[i].name);
    must(dio_keymap_unet(&m, &l, a, &err), &err);
    for (int i = 0; i < u->net.walk.count; i++, n++) {
        names[n] = dio_arena_printf(a, "model.diffusion_model.%s",
                                    dio_keymap_theirs(&m, u->net.walk.items[i].name));
        tensors[n] = *u->net.walk.items[i].slot;
    }
    if (change)
        change(names, tensors, &n);
    must(dio_weights_write(path, tensors, names, n, NULL, 0, &err), &err);
    dio_arena_destroy(a);
}
