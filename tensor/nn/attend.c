/* attend.c: attention over the sequence itself, or over what a cache holds and this chunk adds. */
#include <stdio.h>

#include "tensor/nn.h"

dio_val dio_nn_split_heads(dio_graph *g, dio_val x, int64_t heads)
{
    int64_t width = dio_dim(g, x, 2);
    if (!dio_graph_ok(g) || heads < 1 || width % heads)
        return dio_graph_fail(g, "attention: a width of %lld does not divide into %lld heads",
                              (long long)width, (long long)heads);
    return dio_reshape4(g, x, dio_dim(g, x, 0), dio_dim(g, x, 1), heads, width / heads);
}

static dio_val cached(dio_graph *g, dio_val q, dio_val k, dio_val v, const dio_nn_cache *cache,
                      dio_attention_attrs attrs)
{
    int64_t batch = dio_dim(g, k, 0), heads = dio_dim(g, k, 2), size = dio_dim(g, k, 3);
    char keys[32], values[32];
    snprintf(keys, sizeof keys, "keys.%d", cache->layer);
    snprintf(values, sizeof values, "values.%d", cache->layer);
    dio_val ks = dio_state(g, keys, dio_cache_key_type(batch, heads, cache->cap, size));
    dio_val vs = dio_state(g, values, dio_cache_value_type(batch, heads, cache->cap, size));
    ks = dio_cache_write_key(g, ks, k, cache->start);
    vs = dio_cache_write_value(g, vs, v, cache->start);
    return dio_attention_cached(g, q, ks, vs, cache->start, attrs);
}

dio_val dio_nn_attend(dio_graph *g, dio_val q, dio_val k, dio_val v, const dio_nn_cache *cache,
                      dio_attention_attrs attrs)
{
    dio_val y = cache->cap > 0 ? cached(g, q, k, v, cache, attrs)
                               : dio_attention(g, q, k, v, DIO_NONE, attrs);
    return dio_reshape3(g, y, dio_dim(g, y, 0), dio_dim(g, y, 1),
                        dio_dim(g, y, 2) * dio_dim(g, y, 3));
}
