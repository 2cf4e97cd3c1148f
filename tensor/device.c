/* device.c: finds the device that was asked for. CUDA is a module beside the program; a machine
 * without it has none, and says why when it was asked for by name. */
#include "tensor/device.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool wanted_math(dio_math *math, dio_error *err)
{
    const char *text = getenv("DIORAMA_MATH");
    const bool fast = text && strcmp(text, "fast") == 0;
    if (text && text[0] && !fast && strcmp(text, "repro") != 0)
        return dio_fail(err, "DIORAMA_MATH: \"%s\" is not one of repro, fast", text);
    *math = fast ? DIO_MATH_FAST : DIO_MATH_REPRO;
    return true;
}

static dio_device *open_cuda(dio_math math, dio_error *err)
{
    void *module = dlopen("libdiorama_cuda.so", RTLD_NOW | RTLD_LOCAL);
    if (!module) {
        dio_fail(err, "device cuda: %s", dlerror());
        return NULL;
    }
    const char *stamp = dlsym(module, "dio_cuda_stamp");
    dio_device *(*create)(dio_math, dio_error *);
    *(void **)&create = dlsym(module, "dio_device_cuda");
    if (!stamp || !create || strcmp(stamp, DIO_MODULE_STAMP) != 0) {
        dio_fail(err, "device cuda: libdiorama_cuda.so was built from other sources than this "
                      "program: build both together");
        dlclose(module);
        return NULL;
    }
    return create(math, err); /* the module stays loaded: a driver does not like to go */
}

dio_device *dio_device_open_math(const char *kind, dio_math math, dio_error *err)
{
    if (strcmp(kind, "cpu") == 0)
        return dio_device_cpu_create(math, err);
    if (strcmp(kind, "cuda") == 0)
        return open_cuda(math, err);
    if (strcmp(kind, "auto") != 0) {
        dio_fail(err, "device \"%s\": there are auto, cpu and cuda", kind);
        return NULL;
    }
    dio_error none = {0};
    dio_device *d = open_cuda(math, &none);
    return d ? d : dio_device_cpu_create(math, err);
}

dio_device *dio_device_open(const char *kind, dio_error *err)
{
    dio_math math = DIO_MATH_REPRO;
    return wanted_math(&math, err) ? dio_device_open_math(kind, math, err) : NULL;
}

dio_device *dio_device_cpu(dio_error *err)
{
    return dio_device_open("cpu", err);
}

void dio_device_close(dio_device *d)
{
    if (!d)
        return;
    dio_resident_deinit(d); /* while the device can still free them */
    d->destroy(d);
}
