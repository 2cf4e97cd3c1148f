/* speaker_case.c: networks created, not trained. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "audio/narrator_net.h"
#include "audio/phones/phone.h"
#include "base/file.h"
#include "base/value.h"
#include "speaker_case.h"

static void make(dio_arena *a, const dio_network_kind *kind, const char *config, uint64_t seed,
                 const char *dir)
{
    dio_error err = {0};
    const dio_value *v = dio_json_parse(a, "config", config, strlen(config), &err);
    dio_network *n = v ? dio_network_create(kind, v, seed, DIO_F32, &err) : NULL;
    if (!n || !dio_dir_make(dir, &err) || !dio_network_save(n, dir, DIO_F32, &err))
        fail_msg("%s", err.message);
    dio_network_close(n);
}

void speaker_make(dio_arena *a, const char *dir)
{
    char names[512] = "";
    for (int i = 0; i < DIO_PHONES; i++) {
        strcat(names, i ? " " : "");
        strcat(names, dio_phone_name(i));
    }
    make(a, &dio_narrator_acoustic,
         dio_arena_printf(a,
                          "{\"model_type\": \"narrator-acoustic\", \"phones\": \"%s\", "
                          "\"speakers\": \"house deep\", \"width\": 16, \"hidden\": 24, "
                          "\"encoder_layers\": 1, \"decoder_layers\": 1}",
                          names),
         3, dio_path_join(a, dir, "acoustic"));
    make(a, &dio_narrator_vocoder,
         "{\"model_type\": \"narrator-vocoder\", \"width\": 16, \"hidden\": 24, \"layers\": 1}", 4,
         dio_path_join(a, dir, "vocoder"));
}
