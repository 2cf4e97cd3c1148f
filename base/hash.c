/* hash.c: SHA-256, by OpenSSL's libcrypto. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/sys.h"

enum { CHUNK = 256 * 1024 };

static void to_hex(const unsigned char *digest, unsigned n, char out[DIO_HASH_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < n; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * n] = '\0';
}

bool dio_hash_bytes(const void *bytes, size_t n, char out[DIO_HASH_TEXT], dio_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (!EVP_Digest(bytes, n, digest, &length, EVP_sha256(), NULL) ||
        2 * length + 1 != DIO_HASH_TEXT)
        return dio_fail_retry(err, "SHA-256 failed in libcrypto");
    to_hex(digest, length, out);
    return true;
}

/* Feeds the descriptor's bytes to the digest, until the end. */
static bool feed(EVP_MD_CTX *ctx, int fd, unsigned char *chunk, const char *path, dio_error *err)
{
    for (;;) {
        ssize_t n = read(fd, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return dio_fail_errno(err, "read", path);
        if (n == 0)
            return true;
        if (!EVP_DigestUpdate(ctx, chunk, (size_t)n))
            return dio_fail_retry(err, "SHA-256 of %s failed in libcrypto", path);
    }
}

bool dio_hash_file(const char *path, char out[DIO_HASH_TEXT], dio_error *err)
{
    bool ok = false;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_MD_CTX *ctx = NULL;
    unsigned char *chunk = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return dio_fail_errno(err, "open", path);
    ctx = EVP_MD_CTX_new();
    chunk = malloc(CHUNK);
    if (!ctx || !chunk || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)) {
        dio_fail_memory(err, "a SHA-256 state");
        goto done;
    }
    if (!feed(ctx, fd, chunk, path, err))
        goto done;
    if (!EVP_DigestFinal_ex(ctx, digest, &length) || 2 * length + 1 != DIO_HASH_TEXT) {
        dio_fail_retry(err, "SHA-256 of %s failed in libcrypto", path);
        goto done;
    }
    to_hex(digest, length, out);
    ok = true;
done:
    EVP_MD_CTX_free(ctx);
    free(chunk);
    close(fd);
    return ok;
}
