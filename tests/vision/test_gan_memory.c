/* test_gan_memory.c: upscalers and generators are opened and run while memory runs out at one place
 * after the other: every time they either succeed or say so. */
#include "tests/fail_alloc.h"

#include "tensor/device.h"
#include "vision/generator.h"
#include "vision/upscaler.h"

/* Every allocation up to so many, then one in a growing number. */
enum { EACH = 150 };

static dio_device *device;
static dio_upscaler *upscaler;
static dio_generator *generator;
static dio_image *picture;

static bool open_upscaler(const char *path, dio_error *err)
{
    dio_upscaler *u = dio_upscaler_open(path, err);
    dio_upscaler_close(u);
    return u != NULL;
}

static bool open_rrdb(dio_error *err)
{
    return open_upscaler("tests/golden/upscale/rrdb-old/model.pth", err);
}

static bool open_srvgg(dio_error *err)
{
    return open_upscaler("tests/golden/upscale/srvgg-x2/model.safetensors", err);
}

static bool open_generator(const char *path, dio_error *err)
{
    dio_generator *n = dio_generator_open(path, err);
    dio_generator_close(n);
    return n != NULL;
}

static bool open_style(dio_error *err)
{
    return open_generator("tests/golden/generator/stylegan2-label", err);
}

static bool open_dcgan(dio_error *err)
{
    return open_generator("tests/golden/generator/dcgan/netG.pth", err);
}

static bool enlarge(dio_error *err)
{
    dio_image *out = NULL;
    dio_upscaler_options o = {.tile = 24, .tile_x = true};
    bool ok = dio_upscaler_run(upscaler, device, picture, &o, &out, err);
    dio_image_unref(out);
    return ok;
}

static bool paint(dio_error *err)
{
    dio_image *out = NULL;
    dio_generator_options o = {.noise = DIO_NOISE_RANDOM};
    bool ok = dio_generator_paint(generator, device, 4, &o, &out, err);
    dio_image_unref(out);
    return ok;
}

static void opening(void **state)
{
    (void)state;
    fail_alloc_sweep("an RRDBNet", open_rrdb, false, EACH);
    fail_alloc_sweep("an SRVGGNetCompact", open_srvgg, false, EACH);
    fail_alloc_sweep("a StyleGAN2", open_style, false, EACH);
    fail_alloc_sweep("a DCGAN", open_dcgan, false, EACH);
}

static void running(void **state)
{
    (void)state;
    fail_alloc_sweep("a picture made larger", enlarge, false, EACH);
    fail_alloc_sweep("a picture of a seed", paint, false, EACH);
}

static int begin(void **state)
{
    dio_error err = {0};
    dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false};
    (void)state;
    device = dio_device_open("cpu", &err);
    upscaler = dio_upscaler_open("tests/golden/upscale/srvgg-x2/model.safetensors", &err);
    generator = dio_generator_open("tests/golden/generator/stylegan2", &err);
    picture = dio_image_create(60, 40, &form, &err);
    return device && upscaler && generator && picture ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    dio_image_unref(picture);
    dio_generator_close(generator);
    dio_upscaler_close(upscaler);
    dio_device_close(device);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening),
        cmocka_unit_test(running),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
