/* cpp.cc -- an image in C++, without exceptions and RTTI: docs/embedding.md. */
#include <cstring>
#include <new>

#include <leat/metal.h>

namespace
{

/* The program's memory for objects; none is given back. */
alignas(16) unsigned char heap[4096];
std::size_t heap_used;
unsigned deleted;

leat_host *host;

void say(const char *line)
{
    host->console(host, line, std::strlen(line));
    host->console(host, "\n", 1);
}

class Shape
{
  public:
    virtual ~Shape() = default;
    virtual int area() const = 0;
};

class Square final : public Shape
{
  public:
    explicit Square(int side) : side_(side)
    {
    }
    int area() const override
    {
        return side_ * side_;
    }

  private:
    int side_;
};

/* Made before leat_metal_main(), destroyed after it. */
class Global
{
  public:
    Global() : made_(42)
    {
    }
    ~Global()
    {
        say("the global object is destroyed");
    }
    int made() const
    {
        return made_;
    }

  private:
    volatile int made_;
};

Global global;

const Square &unit_square()
{
    static const Square square(global.made() - 41); /* made by the first call */

    return square;
}

template <typename T> T largest(T a, T b)
{
    return a > b ? a : b;
}

} // namespace

void *operator new(std::size_t bytes)
{
    const std::size_t at = (heap_used + 15) & ~std::size_t{15};

    if (bytes > sizeof heap - at)
        leat_metal_exit(3); /* there are no exceptions to throw */
    heap_used = at + bytes;
    return heap + at;
}

void operator delete(void *) noexcept
{
    deleted++;
}

void operator delete(void *, std::size_t) noexcept
{
    deleted++;
}

extern "C" int leat_metal_main(leat_metal *metal)
{
    host = metal->host;
    if (global.made() != 42)
        return 1;
    const Shape *shape = new Square(6);
    const int area = shape->area();
    delete shape;
    if (area != 36 || deleted != 1 || largest(unit_square().area(), 0) != 1)
        return 2;
    say("C++ is right");
    return 0;
}
