/* test_layers.c: includes of the house go downward; and the checker sees when they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "layers.h"

static void gather(void *user, const char *line)
{
    char *all = user;
    size_t n = strlen(all);
    snprintf(all + n, 8000 - n, "%s\n", line);
}

static void the_house_is_in_order(void **state)
{
    (void)state;
    static char all[8000];
    int files = layers_check(".", "tests/house/public_headers.txt", gather, all);
    if (*all)
        fail_msg("\n%s", all);
    print_message("%d files\n", files);
    assert_true(files > 20);
}

static void put(const char *dir, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void faults_are_seen(void **state)
{
    (void)state;
    char dir[] = "/tmp/diorama-layers-XXXXXX", path[256], all[8000] = "";
    assert_non_null(mkdtemp(dir));
    static const char *const folders[] = {"base",   "tensor", "tensor/cuda",
                                          "vision", "audio",  "fusion"};
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    put(dir, "list", "# public\nbase/a.h\nvision/vision.h C\n");
    put(dir, "base/a.h", "#pragma once\n#include <jansson.h>\n");
    put(dir, "base/a.c", "#include <jansson.h>\n#include \"tensor/t.h\"\n");
    put(dir, "tensor/t.h", "#include \"base/a.h\"\n#include \"base/hidden.h\"\n");
    put(dir, "tensor/t.c",
        "\n  #  include <cuda_runtime.h>\n#include \"t.h\"\n#include \"else/x.h\"\n");
    put(dir, "tensor/cuda/k.c", "#include <cuda_runtime.h>\n");
    put(dir, "tensor/k.cu", "#include <cublasLt.h>\n#include \"tensor/t.h\"\n");
    put(dir, "audio/s.c", "#include \"vision/vision.h\"\n#include <libavutil/opt.h>\n");
    put(dir, "fusion/f.c", "#include \"vision/vision.h\"\n#include <libavutil/opt.h>\n");
    snprintf(path, sizeof path, "%s/list", dir);
    int files = layers_check(dir, path, gather, all);
    snprintf(path, sizeof path, "rm -rf '%s'", dir);
    int rc = system(path);
    assert_int_equal(rc, 0);
    assert_int_equal(files, 8);
    assert_string_equal(
        all, "base/a.c:2: tensor/t.h: includes go downward only\n"
             "base/a.h:2: jansson.h: a public header includes no library's header\n"
             "tensor/t.c:2: cuda_runtime.h: this library is seen elsewhere only (layers.c says "
             "where)\n"
             "tensor/t.c:4: else/x.h: no module of that name\n"
             "tensor/t.h:2: base/hidden.h: private to its module (tests/house/public_headers.txt)\n"
             "audio/s.c:1: vision/vision.h: modules of one floor do not see each other\n"
             "audio/s.c:2: libavutil/opt.h: this library is seen elsewhere only (layers.c says "
             "where)\n");
    assert_int_equal(layers_check(".", "/none", gather, all), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_house_is_in_order),
        cmocka_unit_test(faults_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
