/* test_vae_memory.c: autoencoders are opened and pictures made while memory runs out at one place
 * after the other: every time it either succeeds or says so. */
#include "tests/fail_alloc.h"

#include "tensor/plan.h"
#include "vision/vae.h"

enum { EACH = 150, ALL = 1000 };

static dio_device *device;
static dio_vae *vae;

static bool open_and_close(const char *path, dio_error *err)
{
    dio_vae *opened = dio_vae_open(path, DIO_F32, err);
    dio_vae_close(opened);
    return opened != NULL;
}

static bool open_kl(dio_error *err)
{
    return open_and_close("tests/golden/vae/plain", err);
}

static bool open_halves(dio_error *err)
{
    return open_and_close("tests/golden/vae/taesd/taesd_decoder.pth", err);
}

static bool decode(dio_error *err)
{
    float latent[4 * 3 * 2] = {0.5F}, out[3 * 6 * 4];
    return dio_vae_decode(vae, device, latent, 1, 3, 2, NULL, out, err);
}

static bool encode(dio_error *err)
{
    float image[3 * 6 * 4] = {0.5F}, mean[4 * 3 * 2], std[4 * 3 * 2];
    return dio_vae_encode(vae, device, image, 1, 6, 4, NULL, mean, std, err);
}

static bool graph(dio_error *err)
{
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(err, "a graph");
    dio_vae_io io = {.in = dio_input(g, "in", dio_type_4d(DIO_F32, 1, 4, 3, 2))};
    dio_vae_decode_forward(g, vae, &io);
    dio_plan *p = dio_plan_create(g, &io.out, 1, true, device, NULL, err);
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    return p != NULL;
}

static void opening(void **state)
{
    (void)state;
    fail_alloc_sweep("an autoencoder", open_kl, false, EACH);
    fail_alloc_sweep("its two halves", open_halves, false, ALL);
}

static void working(void **state)
{
    (void)state;
    fail_alloc_sweep("latents to a picture", decode, false, EACH);
    fail_alloc_sweep("a picture to latents", encode, false, EACH);
    fail_alloc_sweep("the graph", graph, false, EACH);
}

static int begin(void **state)
{
    dio_error err = {0};
    (void)state;
    device = dio_device_open("cpu", &err);
    vae = device ? dio_vae_open("tests/golden/vae/old", DIO_F32, &err) : NULL;
    return vae ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    dio_vae_close(vae);
    dio_device_close(device);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(opening), cmocka_unit_test(working)};
    return cmocka_run_group_tests(tests, begin, end);
}
