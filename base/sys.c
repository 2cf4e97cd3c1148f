/* sys.c: says what the system said. */
#define _GNU_SOURCE /* strerrordesc_np: thread-safe and not translated */
#include "base/sys.h"

#include <errno.h>
#include <string.h>

static bool may_pass(int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EIO:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case EINTR:
    case EBUSY:
    case ESTALE:
        return true;
    default:
        return false;
    }
}

bool dio_fail_errno(dio_error *err, const char *what, const char *path)
{
    int code = errno;
    const char *reason = strerrordesc_np(code);
    if (!reason)
        reason = "unknown error";
    return may_pass(code) ? dio_fail_retry(err, "cannot %s %s: %s", what, path, reason)
                          : dio_fail(err, "cannot %s %s: %s", what, path, reason);
}
