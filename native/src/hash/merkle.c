/*
 * Merkle trees (RFC 9162, section 2.1): built from the left with a stack of finished subtrees.
 */
#include "hash/merkle.h"

#include "common/decision.h"
#include "hash/sha256.h"
#include "hash/sha256_together.h"

#include <string.h>

#define LEAF 0x00
#define NODE 0x01

/* A hash that has taken one byte, which keeps leaves and nodes apart. */
static void begin_with(struct sha256 *hash, uint8_t kind)
{
    sha256_begin(hash);
    sha256_update(hash, &kind, 1);
}

/* out: parent[0..32), may overlap left or right. */
static void hash_node(const uint8_t left[MERKLE_DIGEST], const uint8_t right[MERKLE_DIGEST],
                      uint8_t parent[MERKLE_DIGEST])
{
    struct sha256 hash;

    begin_with(&hash, NODE);
    sha256_update(&hash, left, MERKLE_DIGEST);
    sha256_update(&hash, right, MERKLE_DIGEST);
    sha256_end(&hash, parent);
}

static void hash_leaf(const uint8_t *data, size_t length, uint8_t digest[MERKLE_DIGEST])
{
    struct sha256 hash;

    begin_with(&hash, LEAF);
    sha256_update(&hash, data, length);
    sha256_end(&hash, digest);
}

/* Finished subtrees, largest (leftmost) first. */
struct stack {
    uint8_t roots[MERKLE_DEEPEST + 1][MERKLE_DIGEST];
    size_t height;
};

/* Replace the two rightmost subtrees by their parent. */
static void join(struct stack *stack)
{
    uint8_t *left = stack->roots[stack->height - 2];
    hash_node(left, stack->roots[stack->height - 1], left);
    stack->height--;
}

/* Put leaf number `index` on; every subtree that it completes (one for each low one bit of index) is joined. */
static void push_leaf(struct stack *stack, const uint8_t leaf[MERKLE_DIGEST], size_t index)
{
    memcpy(stack->roots[stack->height++], leaf, MERKLE_DIGEST);
    for (; index & 1; index >>= 1)
        join(stack);
}

void merkle_root(const uint8_t *data, size_t length, size_t block, uint8_t root[MERKLE_DIGEST])
{
    struct stack stack = {.height = 0};
    struct sha256 leaf;
    uint8_t leaves[SHA256_TOGETHER][MERKLE_DIGEST];

    if (length == 0) {
        sha256_hash(NULL, 0, root);
        return;
    }
    begin_with(&leaf, LEAF);
    for (size_t index = 0; length;) {
        const size_t piece = length / SHA256_TOGETHER < block ? length : block * SHA256_TOGETHER;
        sha256_together_pages(&leaf, data, piece, block, leaves[0]);
        for (size_t at = 0, left = piece; left; index++, at++, left -= left < block ? left : block)
            push_leaf(&stack, leaves[at], index);
        data += piece;
        length -= piece;
    }
    while (stack.height > 1)
        join(&stack);
    memcpy(root, stack.roots[0], MERKLE_DIGEST);
}

/* The largest power of two below n.  in: n > 1. */
static size_t split(size_t n)
{
    size_t k = 1;
    while (k < n - k)
        k <<= 1;
    return k;
}

/* Step into the half of a tree of *leaves that holds *index.  Returns where it was split; out: both, in that half. */
static size_t descend(size_t *index, size_t *leaves)
{
    const size_t k = split(*leaves);
    if (*index < k) {
        *leaves = k;
    } else {
        *index -= k;
        *leaves -= k;
    }
    return k;
}

/* The length of the path to a leaf.  in: index < leaves. */
static size_t depth_of(size_t index, size_t leaves)
{
    size_t depth = 0;
    for (; leaves > 1; depth++)
        (void)descend(&index, &leaves);
    return depth;
}

size_t merkle_path(const uint8_t *data, size_t length, size_t block, size_t index,
                   uint8_t path[MERKLE_DEEPEST * MERKLE_DIGEST])
{
    size_t leaves = length / block + (length % block != 0);
    const size_t depth = depth_of(index, leaves);

    for (size_t level = depth; level--;) { /* from the root down; the half without the block is what proves it */
        const size_t was = index, k = descend(&index, &leaves), middle = k * block;
        uint8_t *other = path + level * MERKLE_DIGEST;
        if (was < k) {
            merkle_root(data + middle, length - middle, block, other);
            length = middle;
        } else {
            merkle_root(data, middle, block, other);
            data += middle;
            length -= middle;
        }
    }
    return depth;
}

/*
 * The root that a path leads to (section 2.1.3.2): at every level the digest on the path is the right
 * sibling, or the left one if the subtree is a right half or the last of its level.
 */
static void climb(uint8_t digest[MERKLE_DIGEST], size_t index, size_t last, const uint8_t *path, size_t depth)
{
    for (size_t level = 0; level < depth; level++, path += MERKLE_DIGEST) {
        if (index & 1 || index == last) {
            hash_node(path, digest, digest);
            /* Alone at these levels: nothing to join. */
            while (!(index & 1) && index) { /* guard: no 0, for the path has the right length */
                index >>= 1;
                last >>= 1;
            }
        } else {
            hash_node(digest, path, digest);
        }
        index >>= 1;
        last >>= 1;
    }
}

/*
 * Everything is decided again at the end, and equality twice with the arguments exchanged: a fault that
 * jumps over the first refusal, or spoils one comparison's argument, meets another.
 */
verdict merkle_verify(const uint8_t root[MERKLE_DIGEST], size_t leaves, size_t index, const uint8_t *data,
                      size_t length, const uint8_t *path, size_t depth)
{
    uint8_t digest[MERKLE_DIGEST] = {0}; /* not what an earlier call may have left on the stack: the root */
    const size_t wanted = depth_of(index, leaves);
    verdict is_there, is_right;

    if (index >= leaves || depth != wanted)
        return VERDICT_REJECT;
    hash_leaf(data, length, digest);
    climb(digest, index, leaves - 1, path, depth);
    is_there = decision_both(decision_at_least(leaves - 1, index), decision_is((uint32_t)depth, (uint32_t)wanted));
    is_right = decision_both(decision_equal(digest, root, sizeof digest), decision_equal(root, digest, sizeof digest));
    return decision_both(is_there, is_right);
}
