// One block of memory for all that a trainer or a predictor holds: planned first, so that it is exactly as large as needed.
#pragma once
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <new>

// Memory that a sanitizer lets nobody touch.
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(begin, size) ((void)(begin), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(begin, size) ((void)(begin), (void)(size))
#endif

class Arena {
 public:
  ~Arena() { release(); }
  Arena() = default;
  Arena(const Arena &) = delete;

  // Kernels read whole vectors, and so beyond the last number of what is as long as its caller says.
  static constexpr size_t overread = 64;

  // Counts while nothing is allocated, and gives addresses afterwards: the same plan is made twice. `readBeyond` are bytes after the
  // numbers that are read too.
  template <typename Number>
  Number *take(size_t count, size_t readBeyond = 0) {
    size_t at = end + gap();
    // There is always something between two blocks.
    end = at + roundUpTo(count * sizeof(Number) + overread, lineBytes);
    taken++;
    if (memory == nullptr) return nullptr;
    ASAN_UNPOISON_MEMORY_REGION(memory + at, count * sizeof(Number) + readBeyond);
    return reinterpret_cast<Number *>(memory + at);
  }

  size_t sizeBytes() const { return memory == nullptr ? end : size; }

  // All zero. Throws std::bad_alloc.
  void allocate() {
    size = roundUpTo(end, pageBytes);
    void *block = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    madvise(block, size, MADV_HUGEPAGE);
#endif
    // What is not taken, so that a kernel that runs over its numbers is found.
    ASAN_POISON_MEMORY_REGION(block, size);
    memory = static_cast<char *>(block);
    end = 0;
    taken = 0;
  }

 private:
  static constexpr size_t lineBytes = 64;
  static constexpr size_t pageBytes = 4096;

  char *memory = nullptr;
  size_t size = 0;
  size_t end = 0;
  size_t taken = 0;

  static size_t roundUpTo(size_t count, size_t multiple) { return (count + multiple - 1) / multiple * multiple; }

  // Blocks begin at different places of a page: numbers that are a multiple of 4 KB apart push each other out of the cache.
  size_t gap() const { return taken * 7 % (pageBytes / lineBytes) * lineBytes; }

  void release() {
    if (memory == nullptr) return;
    ASAN_UNPOISON_MEMORY_REGION(memory, size);
    munmap(memory, size);
  }
};
