/*
 * GCM by VAES and VPCLMULQDQ: four blocks in each register of 512 bits, sixteen blocks at once.
 *
 * While sixteen blocks pass through AES, sixteen blocks of ciphertext pass through GHASH, and share one
 * reduction: when opening those that are being decrypted, when sealing those that were encrypted before.
 * What is left over, with the lengths of section 7.1 step 5, is hashed with one reduction too.
 */
#include "aes/aes_fast.h"

#if defined(__x86_64__)

#include "aes/aes_x86_inline.h"

#define VAES __attribute__((target("aes,pclmul,ssse3,sse4.1,avx512f,avx512bw,avx512dq,avx512vl,vaes,vpclmulqdq")))
#define REGISTER 64
#define BATCH (4 * REGISTER)

/* Sums of products, as struct product, four at once. */
struct products {
    __m512i low, middle, high;
};

/* Round keys, each four times. */
struct keys {
    __m512i round[15];
};

VAES X86_INLINE __m512i reverse_each(__m512i x)
{
    return _mm512_shuffle_epi8(
        x, _mm512_broadcast_i32x4(_mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f)));
}

VAES X86_INLINE __m512i add_three(__m512i a, __m512i b, __m512i c)
{
    return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

VAES X86_INLINE void add_products(struct products *sum, __m512i a, __m512i b)
{
    sum->low = _mm512_xor_si512(sum->low, _mm512_clmulepi64_epi128(a, b, 0x00));
    sum->high = _mm512_xor_si512(sum->high, _mm512_clmulepi64_epi128(a, b, 0x11));
    sum->middle = add_three(sum->middle, _mm512_clmulepi64_epi128(a, b, 0x01), _mm512_clmulepi64_epi128(a, b, 0x10));
}

VAES X86_INLINE __m128i add_lanes(__m512i x)
{
    const __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
    return _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

/* reduce_product() of all four, and of another product where there is one, added up. */
VAES X86_INLINE __m128i reduce_products(const struct products *sum, const struct product *more)
{
    struct product all = {add_lanes(sum->low), add_lanes(sum->middle), add_lanes(sum->high)};
    if (more) {
        all.low = _mm_xor_si128(all.low, more->low);
        all.middle = _mm_xor_si128(all.middle, more->middle);
        all.high = _mm_xor_si128(all.high, more->high);
    }
    return reduce_product(all);
}

VAES X86_INLINE void load_keys(struct keys *keys, const struct aes *aes, uint32_t rounds)
{
    for (uint32_t i = 0; i <= rounds; i++)
        keys->round[i] = _mm512_broadcast_i32x4(round_key(aes, i));
}

/* The counter and the three after it, as numbers. */
VAES X86_INLINE __m512i four_counters(__m128i counter)
{
    return _mm512_add_epi32(_mm512_broadcast_i32x4(counter),
                            _mm512_set_epi32(0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0));
}

VAES X86_INLINE __m512i next_counters(__m512i counters)
{
    return _mm512_add_epi32(counters, _mm512_set_epi32(0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4));
}

/* The powers n, n - 1, n - 2, n - 3 of the hash key, over x. */
VAES X86_INLINE const uint8_t *powers_from(const struct gcm_key *key, size_t n)
{
    return key->powers + 16 * (GCM_POWERS - n);
}

/* Add the products of register i of sixteen blocks to the sum; the state belongs to the first block. */
VAES X86_INLINE void hash_register(const struct gcm_key *key, struct products *sum, __m128i state, const uint8_t *data,
                                   size_t i)
{
    __m512i x = reverse_each(_mm512_loadu_si512(data + REGISTER * i));
    if (i == 0)
        x = _mm512_xor_si512(x, _mm512_zextsi128_si512(state));
    add_products(sum, x, _mm512_loadu_si512(powers_from(key, 16 - 4 * i)));
}

VAES X86_INLINE struct products no_products(void)
{
    return (struct products){_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
}

VAES X86_INLINE __m128i hash_batch(const struct gcm_key *key, __m128i state, const uint8_t *data)
{
    struct products sum = no_products();
    for (size_t i = 0; i < 4; i++)
        hash_register(key, &sum, state, data, i);
    return reduce_products(&sum, NULL);
}

VAES X86_INLINE void encrypt_four(__m512i x[4], __m512i round_key)
{
    for (int i = 0; i < 4; i++)
        x[i] = _mm512_aesenc_epi128(x[i], round_key);
}

/*
 * Sixteen blocks of text, and the state after sixteen blocks at `hashed` (NULL: there are none).  These may be at
 * `in`, and `out` may be there too: they are read before anything is written.
 */
VAES X86_INLINE __m128i crypt_batch(const struct gcm_key *key, const struct keys *keys, uint32_t rounds, __m128i state,
                                    __m512i *counters, const uint8_t *in, uint8_t *out, const uint8_t *hashed)
{
    struct products sum = no_products();
    __m512i x[4];

    for (int i = 0; i < 4; i++) {
        x[i] = _mm512_xor_si512(reverse_each(*counters), keys->round[0]);
        *counters = next_counters(*counters);
    }
    for (uint32_t round = 1; round < 10; round++) {
        encrypt_four(x, keys->round[round]);
        if (hashed && round % 2 == 1 && round < 8)
            hash_register(key, &sum, state, hashed, round / 2);
    }
    for (uint32_t round = 10; round < rounds; round++)
        encrypt_four(x, keys->round[round]);
    for (int i = 0; i < 4; i++)
        x[i] = _mm512_aesenclast_epi128(x[i], keys->round[rounds]);
    for (int i = 0; i < 4; i++)
        _mm512_storeu_si512(out + REGISTER * i, _mm512_xor_si512(x[i], _mm512_loadu_si512(in + REGISTER * i)));
    return hashed ? reduce_products(&sum, NULL) : state;
}

/* All whole batches of a text.  out: *counters moves on; Returns the state after them. */
VAES X86_INLINE __m128i crypt_batches(const struct gcm_key *key, const struct keys *keys, uint32_t rounds,
                                      __m128i state, __m512i *counters, const uint8_t *in, uint8_t *out, size_t length,
                                      enum gcm_way way)
{
    const uint8_t *const end = in + (length - length % BATCH);

    if (way == GCM_OPEN) {
        for (; in != end; in += BATCH, out += BATCH)
            state = crypt_batch(key, keys, rounds, state, counters, in, out, in);
        return state;
    }
    if (in == end)
        return state;
    state = crypt_batch(key, keys, rounds, state, counters, in, out, NULL);
    for (in += BATCH, out += BATCH; in != end; in += BATCH, out += BATCH)
        state = crypt_batch(key, keys, rounds, state, counters, in, out, out - BATCH);
    return hash_batch(key, state, out - BATCH);
}

/* Of `length` bytes, those in the register at byte 64 * i. */
VAES X86_INLINE __mmask64 bytes_there(size_t length, size_t i)
{
    const size_t left = length - REGISTER * i;
    return left >= REGISTER ? ~0ull : ~0ull >> (REGISTER - left);
}

/*
 * Add the products of the ciphertext x, register i of the last `blocks` of a string, which `after` more will follow.
 * What lies behind the last block is zero, and so is its product.
 */
VAES X86_INLINE void hash_last(const struct gcm_key *key, struct products *sum, __m128i state, __m512i x, size_t i,
                               size_t blocks, size_t after)
{
    const __mmask64 there = bytes_there(16 * blocks, i);
    x = reverse_each(x);
    if (i == 0)
        x = _mm512_xor_si512(x, _mm512_zextsi128_si512(state));
    add_products(sum, x, _mm512_maskz_loadu_epi8(there, powers_from(key, blocks + after) + REGISTER * i));
}

/* The state after any bytes, padded with zeros. */
VAES X86_INLINE __m128i hash_bytes(const struct gcm_key *key, __m128i state, const uint8_t *data, size_t length)
{
    struct products sum = no_products();

    for (; length >= BATCH; length -= BATCH, data += BATCH)
        state = hash_batch(key, state, data);
    if (length == 0)
        return state;
    for (size_t i = 0; REGISTER * i < length; i++) {
        const __m512i x = _mm512_maskz_loadu_epi8(bytes_there(length, i), data + REGISTER * i);
        hash_last(key, &sum, state, x, i, (length + 15) / 16, 0);
    }
    return reduce_products(&sum, NULL);
}

/* The last `length` bytes of a text, less than a batch; adds their products to the sum. */
VAES X86_INLINE void crypt_last(const struct gcm_key *key, const struct keys *keys, uint32_t rounds, __m128i state,
                                __m512i counters, const uint8_t *in, uint8_t *out, size_t length, size_t after,
                                enum gcm_way way, struct products *sum)
{
    for (size_t i = 0; REGISTER * i < length; i++) {
        const __mmask64 there = bytes_there(length, i);
        const __m512i x = _mm512_maskz_loadu_epi8(there, in + REGISTER * i);
        __m512i y = _mm512_xor_si512(reverse_each(counters), keys->round[0]);
        for (uint32_t round = 1; round < 10; round++)
            y = _mm512_aesenc_epi128(y, keys->round[round]);
        for (uint32_t round = 10; round < rounds; round++)
            y = _mm512_aesenc_epi128(y, keys->round[round]);
        y = _mm512_xor_si512(x, _mm512_aesenclast_epi128(y, keys->round[rounds]));
        counters = next_counters(counters);
        _mm512_mask_storeu_epi8(out + REGISTER * i, there, y);
        hash_last(key, sum, state, way == GCM_OPEN ? x : _mm512_maskz_mov_epi8(there, y), i, (length + 15) / 16, after);
    }
}

VAES X86_INLINE __m128i next_counter(__m128i counter, size_t blocks)
{
    return _mm_add_epi32(counter, _mm_cvtsi32_si128((int)(uint32_t)blocks));
}

VAES X86_INLINE void message(const struct gcm_key *key, uint32_t rounds, __m128i first, const uint8_t *additional,
                             size_t additional_length, const uint8_t *in, uint8_t *out, size_t length, uint8_t *tag,
                             enum gcm_way way)
{
    const __m128i lengths = _mm_set_epi64x((long long)(8ull * additional_length), (long long)(8ull * length));
    const __m128i h = load_block(powers_from(key, 1));
    const size_t whole = length - length % BATCH;
    struct products sum = no_products();
    struct product last = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    struct keys keys;

    load_keys(&keys, &key->aes, rounds);
    __m128i state = hash_bytes(key, _mm_setzero_si128(), additional, additional_length);
    __m512i counters = four_counters(next_counter(reverse_bytes(first), 1));
    const __m128i mask = encrypt_block(&key->aes, first);
    state = crypt_batches(key, &keys, rounds, state, &counters, in, out, length, way);
    if (length > whole) {
        crypt_last(key, &keys, rounds, state, counters, in + whole, out + whole, length - whole, 1, way, &sum);
        state = _mm_setzero_si128();
    }
    add_product(&last, _mm_xor_si128(state, lengths), h);
    store_block(tag, _mm_xor_si128(mask, reverse_bytes(reduce_products(&sum, &last))));
}

VAES void gcm_vaes_message(const struct gcm_key *key, const uint8_t first[16], const uint8_t *additional,
                           size_t additional_length, const uint8_t *in, uint8_t *out, size_t length,
                           uint8_t tag[GCM_TAG], enum gcm_way way)
{
    const __m128i j0 = load_block(first);
    if (key->aes.rounds == 10)
        message(key, 10, j0, additional, additional_length, in, out, length, tag, way);
    else
        message(key, 14, j0, additional, additional_length, in, out, length, tag, way);
}

VAES void gcm_vaes_crypt(const struct gcm_key *key, uint8_t hash[16], uint8_t counter[16], const uint8_t *in,
                         uint8_t *out, size_t blocks, enum gcm_way way)
{
    const uint32_t rounds = key->aes.rounds;
    const size_t length = 16 * blocks, whole = length - length % BATCH;
    const __m128i next = reverse_bytes(load_block(counter));
    __m128i state = reverse_bytes(load_block(hash));
    __m512i counters = four_counters(next);
    struct products sum = no_products();
    struct keys keys;

    load_keys(&keys, &key->aes, rounds);
    state = crypt_batches(key, &keys, rounds, state, &counters, in, out, length, way);
    if (length > whole) {
        crypt_last(key, &keys, rounds, state, counters, in + whole, out + whole, length - whole, 0, way, &sum);
        state = reduce_products(&sum, NULL);
    }
    store_block(hash, reverse_bytes(state));
    store_block(counter, reverse_bytes(next_counter(next, blocks)));
}

#endif
