/*
 * Merkle trees: every block has a path that proves it and nothing else; a path from outside is judged within its bytes.
 */
#include "fuzz.h"

#include "hash/merkle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const size_t block = 1u + take_byte(&input) % 40, wanted = take_byte(&input), bit = take_byte(&input);
    const size_t foreign_depth = take_byte(&input) % 40;
    uint8_t *foreign = take(&input, foreign_depth * MERKLE_DIGEST), root[MERKLE_DIGEST];
    const size_t length = input.left, leaves = (length + block - 1) / block, index = leaves ? wanted % leaves : 0;
    uint8_t *image = take(&input, length), path[MERKLE_DEEPEST * MERKLE_DIGEST];

    merkle_root(image, length, block, root);
    HOLDS(!is_accepted(merkle_verify(root, leaves, wanted, image, block < length ? block : length, foreign,
                                     foreign_depth)) || leaves == 1);
    if (leaves) {
        const size_t at = index * block, own = length - at < block ? length - at : block;
        const size_t depth = merkle_path(image, length, block, index, path);
        HOLDS(depth <= MERKLE_DEEPEST);
        HOLDS(is_accepted(merkle_verify(root, leaves, index, image + at, own, path, depth)));
        const size_t next = length - at - own < own ? length - at - own : own; /* of equal blocks one may stand for the other */
        HOLDS(!is_accepted(merkle_verify(root, leaves, index + 1, image + at, own, path, depth)) ||
              (next == own && memcmp(image + at, image + at + own, own) == 0));
        HOLDS(!is_accepted(merkle_verify(root, leaves, index, image + at, own - 1, path, depth)));
        image[at + bit % own] ^= (uint8_t)(1u << bit % 8);
        HOLDS(!is_accepted(merkle_verify(root, leaves, index, image + at, own, path, depth)));
    }
    free(foreign), free(image);
    return 0;
}
