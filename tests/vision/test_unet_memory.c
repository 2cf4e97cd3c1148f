/* test_unet_memory.c: UNets, bundles and LoRAs while memory runs out at one place after the other:
 * every time the work either succeeds or says so. */
#include "tests/fail_alloc.h"

#include "tensor/device.h"
#include "tensor/ops.h"
#include "tensor/plan.h"
#include "vision/bundle.h"
#include "vision/lora.h"
#include "vision/unet.h"

enum { EACH = 100 };

static dio_device *device;
static dio_unet *unet;

static bool open_unet(dio_error *err)
{
    dio_unet *u = dio_unet_open("tests/golden/unet/sd2", DIO_DTYPES, err);
    dio_unet_close(u);
    return u != NULL;
}

static bool open_bundle(dio_error *err)
{
    static const char *const parts[] = {"unet", "vae", "text_encoder", "text_encoder_2"};
    dio_bundle *b = dio_bundle_open("tests/golden/bundle/sdxl.safetensors", NULL, err);
    bool ok = b != NULL;
    for (int i = 0; ok && i < 4; i++)
        ok = dio_bundle_weights(b, parts[i], err) != NULL;
    dio_bundle_close(b);
    return ok;
}

static bool change(bool attach, dio_error *err)
{
    dio_lora_target t = {"unet", &unet->net.walk, unet->net.family->walk, unet->net.model};
    dio_lora *l = dio_lora_open("tests/golden/lora/sd1-kohya.safetensors", err);
    dio_lora_use use = {l, 0.1f};
    bool ok =
        l && (attach ? dio_lora_attach(&use, 1, &t, 1, err) : dio_lora_merge(&use, 1, &t, 1, err));
    dio_lora_close(l);
    return ok;
}

static bool merge(dio_error *err)
{
    return change(false, err);
}

static bool attach(dio_error *err)
{
    return change(true, err);
}

static bool plan(dio_error *err)
{
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(err, "a graph");
    dio_unet_io io = {.sample = dio_input(g, "sample", dio_type_4d(DIO_F32, 1, 4, 8, 8)),
                      .timestep = dio_input(g, "timestep", dio_type_1d(DIO_F32, 1)),
                      .context = dio_input(g, "context", dio_type_3d(DIO_F32, 1, 5, 12))};
    dio_unet_forward(g, unet, &io);
    dio_plan *p = dio_plan_create(g, &io.out, 1, false, device, NULL, err);
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    return p != NULL;
}

static void sweeps(void **state)
{
    (void)state;
    fail_alloc_sweep("a UNet", open_unet, false, EACH);
    fail_alloc_sweep("a bundle", open_bundle, false, EACH);
    fail_alloc_sweep("a plan", plan, false, EACH);
    fail_alloc_sweep("a merged LoRA", merge, false, EACH);
    fail_alloc_sweep("an attached LoRA", attach, false, EACH);
}

static int begin(void **state)
{
    dio_error err = {0};
    (void)state;
    device = dio_device_open("cpu", &err);
    unet = device ? dio_unet_open("tests/golden/unet/sd1", DIO_F32, &err) : NULL;
    return unet ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    dio_unet_close(unet);
    dio_device_close(device);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sweeps)};
    return cmocka_run_group_tests(tests, begin, end);
}
