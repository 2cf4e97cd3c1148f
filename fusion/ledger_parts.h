#pragma once
/* ledger_parts.h: between ledger.c and ledger_read.c. */
#include "fusion/ledger.h"

enum { LEDGER_FORM = 2 };

struct dio_ledger {
    dio_db *db;
    dio_error trouble; /* the first that writing met */
    bool told;
};

dio_ledger *dio_ledger_create(const char *path, bool *damaged, dio_error *err);
