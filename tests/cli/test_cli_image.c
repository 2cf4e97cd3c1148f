/* test_cli_image.c: `diorama image` as it is mistyped, fed broken files and stopped: one sentence,
 * exit code 2, and nothing on the disk that was not there before. */
#include "tests/cli/cli_run.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tensor/weights.h"

#define GOLDEN DIORAMA_SOURCE "/tests/golden/diffuser/"

static int begin(void **state)
{
    if (cli_begin(state) != 0 || symlink(GOLDEN "sd", "sd") != 0)
        return -1;
    cli_copy(GOLDEN "init.png", "init.png");
    cli_copy(GOLDEN "mask.png", "mask.png");
    return 0;
}

/* A copy of sd/ in b/, file by file. */
static void copy_model(void)
{
    static const char *const files[] = {
        "model_index.json",
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "tokenizer/merges.txt",
        "tokenizer/special_tokens_map.json",
        "tokenizer/tokenizer_config.json",
        "tokenizer/vocab.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
    };
    static const char *const folders[] = {"b",           "b/scheduler", "b/text_encoder",
                                          "b/tokenizer", "b/unet",      "b/vae"};
    cli_remove("b");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        mkdir(folders[i], 0755);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char from[512], to[512];
        snprintf(from, sizeof from, "sd/%s", files[i]);
        snprintf(to, sizeof to, "b/%s", files[i]);
        cli_copy(from, to);
    }
}

/* What a wrong setting says on the whole model. */
static void refused(const char *const *extra, const char *err)
{
    struct cli_case c = {
        {"image", "-m", "sd", "-p", "x", "-o", "o.png", "--size", "40x24"}, 2, err, "o.png"};
    int n = 9;
    for (; *extra; extra++)
        c.args[n++] = *extra;
    cli_check(&c);
}

#define REFUSED(err, ...) refused((const char *const[]){__VA_ARGS__, NULL}, err)

static void settings(void **state)
{
    (void)state;
    REFUSED("diorama: --size \"0x0\": sides of 1 to 4096 pixels can be asked for", "--size", "0x0");
    REFUSED("diorama: --size \"100000x24\": sides of 1 to 4096 pixels can be asked for", "--size",
            "100000x24");
    REFUSED("diorama: --size \"40x\": expected WIDTHxHEIGHT in pixels, as 512x768", "--size",
            "40x");
    REFUSED("diorama: --size \"99999999999999999999x24\": expected WIDTHxHEIGHT in pixels, as "
            "512x768",
            "--size", "99999999999999999999x24");
    REFUSED("diorama: width: 41 is not a multiple of 2, as this model needs it; 40 and 42 are",
            "--size", "41x24");
    REFUSED("diorama: --steps: -1 is below 0", "--steps", "-1");
    REFUSED("diorama: --steps: 1001 is above 1000", "--steps", "1001");
    REFUSED("diorama: --count: 0 is below 1", "--count", "0");
    REFUSED("diorama: --guidance \"nan\": expected a number", "--guidance", "nan");
    REFUSED("diorama: --guidance \"lots\": expected a number", "--guidance", "lots");
    REFUSED("diorama: --guidance: -3 is below 0", "--guidance", "-3");
    REFUSED("diorama: guidance: 1e+06 is outside 0 to 1000", "--guidance", "1000000");
    REFUSED("diorama: strength: 0 is not above 0 and at most 1", "--init", "init.png", "--strength",
            "0");
    REFUSED("diorama: strength: 7 is not above 0 and at most 1", "--init", "init.png", "--strength",
            "7");
    REFUSED("diorama: --tile \"z\": x, y or xy", "--tile", "z");
    REFUSED("diorama: scheduler \"karras\" is not supported (there are ddim, dpmpp_2m, euler, "
            "euler_ancestral, flow_euler, heun, lcm, pndm)",
            "--scheduler", "karras");
    REFUSED("diorama: --schedule \"karras\": expected KEY=VALUE, as use_karras_sigmas=true",
            "--schedule", "karras");
    REFUSED("diorama: --lora: a scale of 1e+09 is outside -100 to 100", "--lora", "l:1e9");
    REFUSED("diorama: ~l.safetensors: No such file or directory", "--lora", "l.safetensors:1");
    REFUSED("diorama: --dtype \"f8\": auto, f32, f16 or bf16", "--dtype", "f8");
    REFUSED("diorama: --exact needs the colours: --palette", "--exact");
    REFUSED("diorama: --palette: \"#12345\" is no colour; expected six hexadecimal digits, as "
            "#ff8800, with commas between colours",
            "--palette", "#12345");
    REFUSED("diorama: sd: truncation: a model of kind diffuser has no such setting; it knows ~",
            "--truncation", "0.5");
}

static void places(void **state)
{
    static const struct cli_case cases[] = {
        {{"image", "-m", "sd", "-p", "x", "-o", "o.tiff"},
         2,
         "diorama: o.tiff: the name must end in what it shall be: PNG, JPEG or WebP",
         "o.tiff"},
        {{"image", "-m", "sd", "-p", "x", "-o", "no/o.png"},
         2,
         "diorama: cannot create no/o.png: No such file or directory",
         "no"},
        {{"image", "-m", "none", "-p", "x", "-o", "o.png"},
         2,
         "diorama: model \"none\": there is no such folder; house models are named house/NAME",
         "o.png"},
        {{"image", "-m", ".", "-p", "x", "-o", "o.png"},
         2,
         "diorama: .: this makes no pictures; what does is ~",
         "o.png"},
        {{"image", "-m", "init.png", "-p", "x", "-o", "o.png"},
         2,
         "diorama: init.png: not a file of weights that is known here: safetensors and checkpoints "
         "of PyTorch are",
         "o.png"},
        {{"image", "-m", "sd", "-p", "x", "-o", "o.png", "--vae", "none"},
         2,
         "diorama: ~none~",
         "o.png"},
    };
    (void)state;
    cli_check_all(cases, sizeof cases / sizeof cases[0]);
}

/* --- pictures that are none --- */

static void given_pictures(void **state)
{
    size_t n;
    char *png = cli_read("init.png", &n);
    (void)state;
    cli_put_bytes("cut.png", png, n / 2);
    png[20] = (char)0x7f; /* IHDR's width */
    png[16] = (char)0x7f;
    cli_put_bytes("huge.png", png, n);
    cli_put("svg.png", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    cli_put("empty.png", "");
    REFUSED("diorama: cut.png: --init: ~", "--init", "cut.png");
    REFUSED("diorama: huge.png: --init: ~", "--init", "huge.png");
    REFUSED("diorama: svg.png: --init: this is no picture that can be read here: it is not PNG, "
            "JPEG or WebP, and begins \"<svg xmlns=\"http://www.\"",
            "--init", "svg.png");
    REFUSED("diorama: empty.png: --mask: the file is empty: it is no picture", "--init", "init.png",
            "--mask", "empty.png");
    REFUSED("diorama: --init: cannot open none.png: No such file or directory", "--init",
            "none.png");
    REFUSED("diorama: mask: there is no picture that it could protect: give init, too", "--mask",
            "mask.png");
    free(png);
}

/* --- prompts --- */

static void prompts(void **state)
{
    char *many = malloc(100001);
    memset(many, 'a', 100000);
    many[100000] = '\0';
    (void)state;
    REFUSED("diorama: prompt: 100000 bytes are more than the 65536 that are read", "-p", many);
    REFUSED("diorama: negative: 100000 bytes are more than the 65536 that are read", "-n", many);
    REFUSED("diorama: -p: the text is not valid UTF-8", "-p", "\xed\xa0\x80");
    free(many);
}

/* --- models --- */

static void broken(const char *err)
{
    struct cli_case c = {
        {"image", "-m", "b", "-p", "x", "-o", "o.png", "--size", "40x24", "--steps", "2"},
        2,
        err,
        "o.png"};
    cli_check(&c);
}

static void missing_parts(void **state)
{
    static const struct {
        const char *path, *err;
    } cases[] = {
        {"b/unet/config.json", "diorama: ~unet~"},
        {"b/unet/diffusion_pytorch_model.safetensors", "diorama: ~unet~"},
        {"b/vae/config.json", "diorama: ~vae~"},
        {"b/text_encoder/model.safetensors", "diorama: ~text_encoder~"},
        {"b/tokenizer/vocab.json", "diorama: ~tokenizer~"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        copy_model();
        unlink(cases[i].path);
        broken(cases[i].err);
    }
}

static void weights_that_are_damaged(void **state)
{
    static const char path[] = "b/unet/diffusion_pytorch_model.safetensors";
    size_t n;
    (void)state;
    copy_model();
    char *whole = cli_read(path, &n);
    cli_put_bytes(path, whole, n - 100);
    broken("diorama: b/unet/diffusion_pytorch_model.safetensors:~");
    memset(whole, 0x7f, 8); /* the header's length */
    cli_put_bytes(path, whole, n);
    broken("diorama: b/unet/diffusion_pytorch_model.safetensors:~");
    free(whole);
    copy_model();
    cli_copy("b/vae/diffusion_pytorch_model.safetensors", path);
    broken("diorama: ~conv_in.weight~");
}

/* Of f16 numbers the last ones in the file: whatever tensor they belong to, it is named. */
static void weights_that_are_no_numbers(void **state)
{
    static const char path[] = "b/unet/diffusion_pytorch_model.safetensors";
    size_t n;
    (void)state;
    copy_model();
    char *whole = cli_read(path, &n);
    memset(whole + n - 2, 0x7e, 2);
    cli_put_bytes(path, whole, n);
    broken("diorama: ~ not finite~");
    free(whole);
}

/* --- what works --- */

static int entries(void)
{
    int n = 0;
    DIR *d = opendir(".");
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void pictures_and_their_names(void **state)
{
    struct cli_result r;
    const char *args[] = {"image", "-m",        "sd",    "-p",      "a boat", "-o",
                          "o.png", "--size",    "40x24", "--steps", "3",      "--count",
                          "2",     "--preview", "p",     NULL};
    (void)state;
    cli_run(args, "", 0, &r);
    assert_int_equal(r.code, 0);
    assert_string_equal(r.out, "o-1.png\no-2.png\n");
    assert_true(cli_exists("o-1.png") && cli_exists("o-2.png") && !cli_exists("o.png"));
    assert_true(cli_exists("p/1-001.png") && cli_exists("p/2-003.png"));
    unlink("o-1.png");
    unlink("o-2.png");
    cli_remove("p");
}

/* A limit on the size of files stands for a full disk: previews and folder go again. clang's OpenMP
 * wants a file of 1024 bytes for itself. */
static void a_disk_that_is_full(void **state)
{
    struct cli_result r;
    const char *args[] = {"image",  "-m",    "sd",      "-p", "a boat",    "-o", "o.png",
                          "--size", "40x24", "--steps", "3",  "--preview", "p",  NULL};
    int before = entries();
    (void)state;
    cli_limit(0, 1200);
    cli_run(args, "", 0, &r);
    cli_limit(0, 0);
    assert_int_equal(r.code, 75);
    assert_int_equal(entries(), before);
}

/* --- probe --- */

static void write_inputs(const char *path, const char *const *names, const dio_type *types, int n)
{
    dio_error err = {0};
    dio_tensor *t[4];
    for (int i = 0; i < n; i++) {
        t[i] = dio_tensor_create(names[i], &types[i], &err);
        assert_non_null(t[i]);
        float *x = dio_tensor_data(t[i]);
        for (int64_t k = 0; k < dio_type_count(&types[i]); k++)
            x[k] = (float)(k % 7) * 0.2f - 0.5f;
    }
    assert_true(dio_weights_write(path, t, NULL, n, NULL, 0, &err));
    for (int i = 0; i < n; i++)
        dio_tensor_unref(t[i]);
}

static void probe_gives(const char *model, const char *inputs, const char *tap, const char *type)
{
    struct cli_result r;
    char text[DIO_TYPE_TEXT];
    dio_error err = {0};
    const char *args[] = {"probe", "-m",     model,           "--inputs",
                          inputs,  "--taps", "t.safetensors", NULL};
    cli_run(args, "", 0, &r);
    assert_string_equal(r.err, "");
    dio_weights *w = dio_weights_open("t.safetensors", &err);
    const dio_tensor *t = w ? dio_weights_find(w, tap) : NULL;
    if (!t)
        fail_msg("%s: no tap %s", model, tap);
    assert_string_equal(dio_type_text(&t->type, text), type);
    dio_weights_close(w);
    unlink("t.safetensors");
}

static void probes(void **state)
{
    const dio_type types[] = {dio_type_4d(DIO_F32, 2, 4, 6, 8), dio_type_1d(DIO_F32, 1),
                              dio_type_3d(DIO_F32, 2, 5, 16)};
    const char *const names[] = {"sample", "timestep", "encoder_hidden_states"};
    const char *const latent[] = {"latent_sample"};
    (void)state;
    write_inputs("u.safetensors", names, types, 3);
    write_inputs("l.safetensors", latent, types, 1);
    write_inputs("n.safetensors", names + 1, types + 1, 2);
    probe_gives("sd/unet", "u.safetensors", "sample", "f32[2,4,6,8]");
    probe_gives("sd/unet", "u.safetensors", "mid_block.resnets.0", "f32[2,16,3,4]");
    probe_gives("sd/vae", "l.safetensors", "sample", "f32[2,3,12,16]");
    const struct cli_case cases[] = {
        {{"probe", "-m", "sd/unet", "--inputs", "l.safetensors", "--taps", "t.safetensors"},
         2,
         "diorama: l.safetensors: has no tensor \"sample\"",
         "t.safetensors"},
        {{"probe", "-m", "sd/vae", "--inputs", "n.safetensors", "--taps", "t.safetensors"},
         2,
         "diorama: n.safetensors: has neither \"latent_sample\", to decode, nor \"sample\", to "
         "encode",
         "t.safetensors"},
    };
    cli_check_all(cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings),
        cmocka_unit_test(places),
        cmocka_unit_test(given_pictures),
        cmocka_unit_test(prompts),
        cmocka_unit_test(missing_parts),
        cmocka_unit_test(weights_that_are_damaged),
        cmocka_unit_test(weights_that_are_no_numbers),
        cmocka_unit_test(pictures_and_their_names),
        cmocka_unit_test(a_disk_that_is_full),
        cmocka_unit_test(probes),
    };
    return cmocka_run_group_tests(tests, begin, cli_end);
}
