/* source.c: sources.def becomes a table. */
#include "text/source.h"

#include <string.h>

#define DIO_SOURCE(name) extern const dio_source_kind dio_##name;
#include "text/sources/sources.def"
#undef DIO_SOURCE

const dio_source_kind *const dio_source_kinds[] = {
#define DIO_SOURCE(name) &dio_##name,
#include "text/sources/sources.def"
#undef DIO_SOURCE
};

const int dio_source_kinds_count = (int)(sizeof dio_source_kinds / sizeof dio_source_kinds[0]);

const dio_source_kind *dio_source_find(const char *name, dio_error *err)
{
    const char *names[16];
    int n = 0;
    for (; n < dio_source_kinds_count && n < 16; n++) {
        names[n] = dio_source_kinds[n]->name;
        if (strcmp(names[n], name) == 0)
            return dio_source_kinds[n];
    }
    const char *near = dio_nearest(name, names, n);
    dio_fail(err,
             "data kind \"%s\" does not exist%s%s: there are copy (the ad corpus) and text "
             "(files)",
             name, near ? ", did you mean " : "", near ? near : "");
    return NULL;
}
