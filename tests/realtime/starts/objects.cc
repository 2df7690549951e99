// Objects with constructors before main and in memory of malloc, virtual functions, templates, closures.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void *operator new(size_t size) { return malloc(size); }
void operator delete(void *place) noexcept { free(place); }
void operator delete(void *place, size_t) noexcept { free(place); }
extern "C" void __cxa_pure_virtual() { abort(); }
extern "C" int __aeabi_atexit(void *, void (*)(void *), void *) { return 0; }
extern "C" void *__dso_handle;
void *__dso_handle;

namespace {

int made;

struct Shape {
    Shape() { made++; }
    virtual ~Shape() { made--; }
    virtual float area() const = 0;
};

struct Square : Shape {
    explicit Square(float side) : side(side) {}
    float area() const override { return side * side; }
    float side;
};

struct Ring : Shape {
    explicit Ring(float outer) : outer(outer) {}
    float area() const override { return 3.0f * outer * outer; }
    float outer;
};

Square first(1.5f);
Ring second(2.0f);

template <typename T, typename F> T total(Shape *const *shapes, int count, F weigh) {
    T sum = 0;
    for (int at = 0; at < count; at++) { sum += weigh(*shapes[at]); }
    return sum;
}

Square &lazy() {
    static Square only(10.0f);
    return only;
}

}  // namespace

int main() {
    printf("made %d\n", made);
    Shape *shapes[] = {&first, &second, new Square(3.0f), &lazy()};
    float factor = 2.0f;
    int hundredths = (int)(100 * total<float>(shapes, 4, [factor](const Shape &shape) { return factor * shape.area(); }));
    printf("made %d, area %d\n", made, hundredths);
    delete shapes[2];
    printf("left %d\n", made);
    return 0;
}
